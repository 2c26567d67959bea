package records_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

func TestR14_3_OperationsOfAMutation(t *testing.T) {
	type Fill struct{ N int }
	definition := BoardRoom()
	definition.Mutations = append(definition.Mutations, records.Call(func(b *Board, _ *records.Ctx, f Fill) error {
		for i := range f.N {
			if err := b.Tasks.Put(Task{ID: fmt.Sprint("f", i)}); err != nil {
				return err
			}
		}
		return nil
	}))
	room := recordstest.New(t, definition)
	root := room.Join("root")
	operations := func(n int) error {
		var ops []value.Operation
		for i := range n {
			ops = append(ops, root.Operation(value.Create, "Tasks", Task{ID: fmt.Sprint("t", i), List: "l", Title: "T"}))
		}
		_, err := root.Operate(ops...)
		return err
	}
	refused(t, operations(129), schema.CodeTooManyOperations)
	if err := operations(128); err != nil {
		t.Error(err)
	}
	_, err := root.TryCall(Fill{129})
	refused(t, err, schema.CodeTooManyOperations)
	root.Call(Fill{128})
	room.Write(func(b *Board, _ *records.Ctx) error { // the server's own code has no limit
		if n := b.Tasks.Len(); n != 256 {
			t.Errorf("there are %d tasks", n)
		}
		for i := range 300 {
			if err := b.Tasks.Put(Task{ID: fmt.Sprint("s", i)}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestR14_3_SubscriptionsOfAClient(t *testing.T) {
	room := board(t)
	ann := room.Join("ann")
	for i := range 256 {
		room.Do(&records.Subscribe{Conn: 1, ID: uint32(i + 1), Collection: "Tasks"})
	}
	if got := ann.Refusals(); len(got) != 0 {
		t.Fatal(got)
	}
	room.Do(&records.Subscribe{Conn: 1, ID: 257, Collection: "Tasks"})
	if got := ann.Refusals(); len(got) != 1 || got[0].Code != schema.CodeTooManySubscriptions || got[0].ID != 257 {
		t.Errorf("the 257th: %v", got)
	}
	room.Do(&records.Unsubscribe{Conn: 1, ID: 1})
	room.Do(&records.Subscribe{Conn: 1, ID: 257, Collection: "Tasks"})
	bob := room.Join("bob")
	live := allTasks(bob)
	if got := append(ann.Refusals(), bob.Refusals()...); len(got) != 0 || live == nil {
		t.Error(got)
	}
}

func TestR14_3_ARoomThatIsFullRefusesGrowthOnly(t *testing.T) {
	definition := BankRoom()
	definition.Limits.Bytes = 64 << 10
	room := recordstest.New(t, definition)
	var err error
	n := uint32(0)
	for ; err == nil; n++ {
		err = room.TryWrite(func(b *Bank, _ *records.Ctx) error {
			_, err := b.Accounts.Insert(Account{ID: n, Owner: strings.Repeat("x", 500), Balance: 100})
			return err
		})
	}
	if got := records.Refused(err); got.Code != schema.CodeRoomTooLarge || !strings.Contains(got.Message, "memory limit") {
		t.Fatalf("it was refused with %v", err)
	}
	ann := room.Join("ann")
	ann.Call(Transfer{0, 1, 5}) // no growth
	room.Write(func(b *Bank, _ *records.Ctx) error { b.Accounts.Delete(0); return nil })
	room.Write(func(b *Bank, _ *records.Ctx) error { return b.Accounts.Put(Account{ID: 1 << 20}) })
	room.Restart(0)
	if got := len(balances(room)); got != int(n-1) {
		t.Errorf("%d accounts are there of %d", got, n-1)
	}
}

func TestR14_3_MutationsThatWaitAreBounded(t *testing.T) {
	kind, prepared := preparing(3)
	room := recordstest.New(t, kind)
	ann := room.Join("ann")
	room.HoldPrepare()
	for range 3 {
		ann.Call(prepared)
	}
	_, err := ann.TryCall(prepared)
	refused(t, err, schema.CodeOutOfOrder)
	room.Prepare()
	if got := ann.Receipts(); len(got) != 4 { // the first is the refusal
		t.Errorf("the receipts are %v", got)
	}
}

func TestR14_3_ManyReceiptsOfAPausedConnection(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	recordstest.Subscribe[Account](ann, "Accounts", query.All())
	ann.Pause()
	for id := uint64(1); id <= 5000 && !ann.Left; id++ {
		if _, err := push(ann, room, id); err != nil && !errors.Is(err, &schema.Error{Code: schema.CodeValidation}) {
			t.Fatal(err)
		}
	}
	if !ann.Left {
		t.Error("a connection that takes nothing may owe any number of receipts")
	}
	if got := room.Machine().Stats().Connections; got != 0 {
		t.Errorf("%d connections are left", got)
	}
}
