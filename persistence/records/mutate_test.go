package records_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

func TestR6_1_AuthorizeAndExecuteAreOneTransaction(t *testing.T) {
	type Try struct{ Amount int64 }
	room := BankRoom()
	room.Mutations = append(room.Mutations, records.Call(func(b *Bank, _ *records.Ctx, _ Try) error {
		a, _ := b.Accounts.Get(1)
		if a.Balance != 5 {
			return errors.New("Execute does not see what Authorize wrote")
		}
		return errors.New("no")
	}).Authorize(func(b *Bank, _ *records.Ctx, try Try) error {
		return b.Accounts.Put(Account{ID: 1, Balance: try.Amount})
	}))
	r := recordstest.New(t, room)
	_, err := r.Join("ann").TryCall(Try{5})
	refused(t, err, schema.CodeExecuteFailed)
	if !strings.Contains(r.Logs(), "error=no") {
		t.Errorf("the log is %q", r.Logs())
	}
	r.View(func(b *Bank) {
		if b.Accounts.Len() != 0 {
			t.Error("what Authorize wrote stayed")
		}
	})
}

func TestR6_1_PrepareRunsBeforeAndLaterMutationsWait(t *testing.T) {
	type Fetch struct{ ID uint32 }
	definition := BankRoom()
	definition.Mutations = append(definition.Mutations, records.CallPrepared(
		func(_ context.Context, u records.User, f Fetch) (int64, error) {
			if f.ID == 13 {
				return 0, records.Invalid("ID", "%s may not have 13", u.ID)
			}
			if f.ID == 14 {
				panic("boom")
			}
			return int64(f.ID) * 10, nil
		},
		func(b *Bank, _ *records.Ctx, f Fetch, prepared int64) error {
			return b.Accounts.Put(Account{ID: f.ID, Balance: prepared})
		}))
	room := recordstest.New(t, definition)
	ann := room.Join("ann")
	room.HoldPrepare()
	ann.Call(Fetch{1})
	ann.Call(Fetch{2})
	ann.Call(Transfer{From: 2, To: 1, Amount: 20})
	if got := ann.Receipts(); len(got) != 0 {
		t.Fatalf("receipts before anything was prepared: %v", got)
	}
	room.Prepare()
	for i, r := range ann.Receipts() {
		if r.Mutation != uint64(i)+1 || r.Code != 0 {
			t.Errorf("receipt %d is %+v", i, r)
		}
	}
	equal(t, "balances", balances(room), 30, 0)

	ann.Call(Fetch{13})
	ann.Call(Fetch{14})
	room.Prepare()
	got := ann.Receipts()
	if len(got) != 2 && (got[0].Code != schema.CodeValidation || got[0].Field != "ID" || got[0].Message != "ann may not have 13") {
		t.Errorf("a prepare that refuses: %+v", got)
	}
	if got := got[len(got)-1]; got.Code != schema.CodeExecuteFailed {
		t.Errorf("a prepare that panics: %+v", got)
	}
}

func TestR6_1_AMutationWhoseConnectionIsGoneRunsAllTheSame(t *testing.T) {
	type Fetch struct{ ID uint32 }
	definition := BankRoom()
	definition.Mutations = append(definition.Mutations, records.CallPrepared(
		func(context.Context, records.User, Fetch) (int64, error) { return 7, nil },
		func(b *Bank, _ *records.Ctx, f Fetch, prepared int64) error {
			return b.Accounts.Put(Account{ID: f.ID, Balance: prepared})
		}))
	room := recordstest.New(t, definition)
	ann := room.Join("ann")
	room.HoldPrepare()
	ann.Call(Fetch{1})
	ann.Disconnect()
	if !room.Machine().Busy() {
		t.Error("the room could be closed while a preparation is under way")
	}
	room.Prepare()
	equal(t, "balances", balances(room), 7)
	ann.Reconnect()
	if ann.Opened.Last != 1 {
		t.Errorf("the room's last mutation of ann is %d", ann.Opened.Last)
	}
}

func TestR6_1_AfterCommitMayPanic(t *testing.T) {
	ran := 0
	definition := BankRoom()
	definition.Mutations = []records.Mutation[Bank]{records.Call((*Bank).transfer).AfterCommit(
		func(_ context.Context, c records.Committed, a Transfer) {
			ran++
			if c.User.ID != "ann" || c.Seq == 0 || a.Amount != 30 {
				t.Errorf("AfterCommit got %+v of %+v", a, c)
			}
			panic("boom")
		})}
	room := recordstest.New(t, definition)
	room.Write(func(b *Bank, _ *records.Ctx) error {
		return errors.Join(b.Accounts.Put(Account{ID: 1, Balance: 100}), b.Accounts.Put(Account{ID: 2}))
	})
	ann := room.Join("ann")
	ann.Call(Transfer{1, 2, 30})
	_, err := ann.TryCall(Transfer{1, 2, 3000})
	refused(t, err, schema.CodeValidation)
	if ran != 1 || !strings.Contains(room.Logs(), "AfterCommit hook panicked") {
		t.Errorf("it ran %d times; log: %s", ran, room.Logs())
	}
	equal(t, "balances", balances(room), 70, 30)
}

func TestR6_2_AllOrNothing(t *testing.T) {
	room := board(t)
	ann, bob := room.Join("ann"), room.Join("bob")
	live := allTasks(bob)
	if err := ann.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
		t.Fatal(err)
	}
	bob.Trace()
	for name, second := range map[string]value.Operation{
		"denied":         ann.Operation(value.Create, "Audit", Record{What: "x"}),
		"a duplicate":    ann.Operation(value.Create, "Tasks", Task{ID: "a", List: "l", Title: "again"}),
		"not complete":   ann.Operation(value.Create, "Tasks", Task{ID: "d", List: "l"}),
		"a server field": ann.Operation(value.Create, "Tasks", recordstest.Fields{"ID": "d", "List": "l", "Title": "D", "Votes": 3}),
	} {
		_, err := ann.Operate(
			ann.Operation(value.Create, "Tasks", Task{ID: "b", List: "l", Title: "B"}), second,
			ann.Operation(value.Create, "Tasks", Task{ID: "c", List: "l", Title: "C"}))
		if err == nil {
			t.Errorf("%s: it was done", name)
		}
		equal(t, name, titles(live), "A")
		equal(t, name+": sent to others", bob.Trace())
	}
}

func TestR6_3_ErrorsAreMapped(t *testing.T) {
	type Fail struct{ How string }
	definition := BoardRoom()
	definition.Mutations = append(definition.Mutations, records.Call(func(b *Board, ctx *records.Ctx, f Fail) error {
		switch f.How {
		case "error":
			return errors.New("the secret reason")
		case "panic":
			panic("the secret panic")
		case "missing":
			return b.Tasks.Update("nothing", func(*Task) {})
		case "duplicate":
			return errors.Join(b.Tasks.Put(Task{ID: "x", Title: "x"}), second(b.Tasks.Insert(Task{ID: "x"})))
		case "result":
			ctx.Result(func() {})
			return nil
		case "field":
			return b.Tasks.Put(Task{ID: "x", Title: "\xff"})
		}
		return records.Invalid("How", "must not be %s", f.How)
	}).Authorize(func(_ *Board, _ *records.Ctx, f Fail) error {
		if f.How == "authorize" {
			return errors.New("Not on Sundays, ann.")
		}
		return nil
	}))
	room := recordstest.New(t, definition)
	ann := room.Join("ann")
	for _, test := range []struct {
		how   string
		code  schema.Code
		field string
		text  string
		log   string
	}{
		{"authorize", schema.CodeForbidden, "", "Not on Sundays, ann.", ""},
		{"error", schema.CodeExecuteFailed, "", "the mutation failed", "the secret reason"},
		{"panic", schema.CodeExecuteFailed, "", "the mutation failed", "the secret panic"},
		{"missing", schema.CodeExecuteFailed, "", "the mutation failed", "there is no such record"},
		{"duplicate", schema.CodeDuplicate, "ID", "another record of Tasks has the same ID", ""},
		{"result", schema.CodeExecuteFailed, "", "the mutation failed", "failed to encode the result"},
		{"field", schema.CodeValidation, "Title", "", ""},
		{"this", schema.CodeValidation, "How", "must not be this", ""},
	} {
		before := len(room.Logs())
		r, _ := ann.TryCall(Fail{test.how})
		if r.Code != test.code || r.Field != test.field || test.text != "" && r.Message != test.text {
			t.Errorf("%s: the receipt is %+v", test.how, r)
		}
		logged := room.Logs()[before:]
		if test.log != "" && !strings.Contains(logged, test.log) || test.log == "" && logged != "" {
			t.Errorf("%s: the log is %q", test.how, logged)
		}
	}
	room.View(func(b *Board) {
		if b.Tasks.Len() != 0 {
			t.Error("something stayed of a refused mutation")
		}
	})
}

func second[A any](_ A, err error) error { return err }

func TestR6_4_TimeAndRandomnessComeFromTheContext(t *testing.T) {
	ids := func() (list []string) {
		room := bank(t)
		for range 2 {
			room.Write(func(_ *Bank, ctx *records.Ctx) error {
				if ctx.Time() != room.Now() {
					t.Errorf("the time is %v, want %v", ctx.Time(), room.Now())
				}
				list = append(list, ctx.NewID(), ctx.NewID())
				return nil
			})
			room.Sleep(1e9)
		}
		return list
	}
	a, b := ids(), ids()
	equal(t, "the same room again", a, b...)
	if a[0] == a[1] || a[0][:10] != a[1][:10] || a[2][:10] <= a[0][:10] || len(a[0]) != 26 {
		t.Errorf("IDs %v", a)
	}
}

func TestR6_5_ServerCodeWritesThroughTheSamePath(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	live := recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Eq("ID", 3)))
	ann.Trace()
	err := records.Write(t.Context(), room, room.Machine().Room(), func(b *Bank, ctx *records.Ctx) error {
		if ctx.User().ID != "" {
			t.Errorf("the server is %q", ctx.User().ID)
		}
		return b.Accounts.Update(3, func(a *Account) { a.Balance = 9 })
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := live.Rows()[0].Balance; got != 9 {
		t.Errorf("ann sees %d", got)
	}
	equal(t, "ann got", ann.Trace(), "delta 1 change")

	failure := errors.New("no")
	err = room.TryWrite(func(b *Bank, _ *records.Ctx) error { b.Accounts.Delete(3); return failure })
	if !errors.Is(err, failure) || len(live.Rows()) != 1 {
		t.Errorf("a refused write: %v, %v", err, live.Rows())
	}
	err = records.Write(t.Context(), room, room.Machine().Room(), func(*Board, *records.Ctx) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "has the world *records_test.Bank") {
		t.Errorf("a write of another world: %v", err)
	}
}

func TestR2_1_AutomaticKeysComeBackInTheReceipt(t *testing.T) {
	definition := BoardRoom()
	definition.Access = []records.Access[Board]{records.On(
		func(b *Board) *records.Collection[uint64, Record] { return &b.Audit },
		records.Grant[Record]{Read: records.All, Create: records.All})}
	room := recordstest.New(t, definition)
	ann := room.Join("ann")
	r, err := ann.Operate(ann.Operation(value.Create, "Audit", Record{What: "a"}), ann.Operation(value.Create, "Audit", Record{What: "b"}))
	if err != nil || string(r.Result) != "[1,2]" {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
	refused(t, ann.Create("Audit", Record{Number: 9, What: "mine"}), schema.CodeValidation)

	op := ann.Operation(value.Create, "Audit", Record{What: "c"})
	room.Do(&records.Mutate{Conn: 1, Args: value.AppendOperations(nil, op)}) // fire
	if got := ann.Refusals(); len(got) != 1 || got[0].Code != schema.CodeValidation {
		t.Errorf("a fired create without a key: %v", got)
	}
	room.View(func(b *Board) {
		if b.Audit.Len() != 2 {
			t.Errorf("there are %d", b.Audit.Len())
		}
	})
}

func TestR2_2_BuiltInOperations(t *testing.T) {
	room := board(t)
	root := room.Join("root")
	live := allTasks(root)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(root.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}))
	refused(t, root.Create("Tasks", Task{ID: "a", List: "l", Title: "B"}), schema.CodeDuplicate)

	due := room.Now()
	do(root.Put("Tasks", recordstest.Fields{"ID": "a", "Due": due, "Title": ""}))
	if got := live.Rows()[0]; got.Title != "" || got.List != "l" || got.Due == nil || !got.Due.Equal(due) {
		t.Errorf("after a put of two fields: %+v", got)
	}
	do(root.Put("Tasks", recordstest.Fields{"ID": "a", "Due": nil}))
	if got := live.Rows()[0]; got.Due != nil || got.List != "l" {
		t.Errorf("null is a value, absent is not: %+v", got)
	}
	do(root.Put("Tasks", Task{ID: "b", List: "l", Title: "new"})) // an upsert
	equal(t, "titles", titles(live), "", "new")

	seq := room.Machine().Seq()
	root.Fire(Hello{}) // something to count from
	do(root.Remove("Tasks", Task{ID: "b"}))
	root.Trace()
	room.Do(&records.Mutate{Conn: 1, Args: value.AppendOperations(nil, root.Operation(value.Remove, "Tasks", Task{ID: "nothing"}))})
	equal(t, "a remove of a missing key is sent", root.Trace())
	if got := room.Machine().Seq(); got != seq+2 {
		t.Errorf("a remove of a missing key wrote something: %d after %d", got, seq)
	}
	do(root.Remove("Tasks", Task{ID: "nothing"}))
	equal(t, "titles", titles(live), "")
}

func TestR2_2_AChangedKeyIsADeleteAndAnInsert(t *testing.T) {
	room := board(t)
	room.Write(func(b *Board, _ *records.Ctx) error {
		return errors.Join(b.Tasks.Put(Task{ID: "a", Title: "A"}), b.Tasks.Put(Task{ID: "c", Title: "C"}))
	})
	ann := room.Join("ann")
	live := allTasks(ann)
	ann.Trace()
	room.Sleep(1e9)
	room.Write(func(b *Board, _ *records.Ctx) error { return b.Tasks.Update("a", func(t *Task) { t.ID = "b" }) })
	equal(t, "ann got", ann.Trace(), "delta 1 leave", "delta 1 enter")
	equal(t, "titles", titles(live), "A", "C")
	if got := live.Rows()[0]; got.ID != "b" || !got.CreatedAt.Equal(room.Now()) {
		t.Errorf("the record is %+v", got)
	}
	err := room.TryWrite(func(b *Board, _ *records.Ctx) error { return b.Tasks.Update("b", func(t *Task) { t.ID = "c" }) })
	if records.Refused(err).Code != schema.CodeDuplicate {
		t.Errorf("a key that is taken: %v", err)
	}
}

func TestR2_3_ConcurrentPuts(t *testing.T) {
	room := board(t)
	root, other := room.Join("root"), room.Join("root")
	live := allTasks(root)
	for _, err := range []error{
		root.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}),
		root.Put("Tasks", recordstest.Fields{"ID": "a", "Title": "mine"}),
		other.Put("Tasks", recordstest.Fields{"ID": "a", "List": "theirs"}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := live.Rows()[0]; got.Title != "mine" || got.List != "theirs" {
		t.Errorf("both are kept: %+v", got)
	}
	if err := errors.Join(other.Put("Tasks", recordstest.Fields{"ID": "a", "Title": "second"})); err != nil {
		t.Fatal(err)
	}
	equal(t, "the second in log order wins", titles(live), "second")
}
