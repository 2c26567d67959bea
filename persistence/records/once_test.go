package records_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// push sends a transfer of 1 from account 0 to 1 under an ID.
func push(c *recordstest.Client, room *recordstest.Room[Bank], id uint64) (records.Receipt, error) {
	name, args, err := room.Machine().EncodeArgs(Transfer{0, 1, 1})
	if err != nil {
		panic(err)
	}
	return c.Push(records.Mutate{ID: id, Name: name, Args: args})
}

func TestR7_1_AClientIDBelongsToItsUser(t *testing.T) {
	room := bank(t)
	ann, err := room.Attach(records.Attach{User: records.User{ID: "ann"}, ClientID: "c"})
	if err != nil {
		t.Fatal(err)
	}
	bob, err := room.Attach(records.Attach{User: records.User{ID: "bob"}, ClientID: "c"})
	if err != nil {
		t.Fatal("nobody has used it yet:", err)
	}
	if _, err := push(ann, room, 1); err != nil {
		t.Fatal(err)
	}
	_, err = push(bob, room, 2)
	refused(t, err, schema.CodeForbidden)
	_, err = room.Attach(records.Attach{User: records.User{ID: "bob"}, ClientID: "c"})
	refused(t, err, schema.CodeForbidden)
	room.Restart(0)
	_, err = room.Attach(records.Attach{User: records.User{ID: "bob"}, ClientID: "c"})
	refused(t, err, schema.CodeForbidden)
	equal(t, "balances", balances(room)[:2], 99, 101)
}

func TestR7_1_StoredReceiptsComeAgain(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	first, err := push(ann, room, 1)
	if err != nil {
		t.Fatal(err)
	}
	refusal, err := ann.Push(records.Mutate{Name: "Transfer", Args: []byte{0}})
	if err == nil {
		t.Fatal("nothing to move, and it was done")
	}
	third, err := push(ann, room, 3)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for id, want := range map[uint64]records.Receipt{1: first, 2: refusal, 3: third} {
			got, err := push(ann, room, id)
			if got.Seq != want.Seq || got.Code != want.Code || got.Field != want.Field || got.Message != want.Message || code(err) != want.Code {
				t.Errorf("%d again: %+v, want %+v", id, got, want)
			}
		}
		room.Restart(time.Hour)
		ann.Reconnect()
		if !ann.Opened.Known || ann.Opened.Last != 3 {
			t.Errorf("the welcome is %+v", ann.Opened)
		}
	}
	equal(t, "balances", balances(room)[:2], 98, 102)
}

func TestR7_1_AReceiptKeepsItsResult(t *testing.T) {
	room := board(t)
	ann := room.Join("ann")
	want := ann.Call(Archive{List: "l"})
	room.Restart(0)
	ann.Reconnect()
	name, args, _ := room.Machine().EncodeArgs(Archive{List: "l"})
	got, err := ann.Push(records.Mutate{ID: 1, Name: name, Args: args})
	if err != nil || string(got.Result) != string(want.Result) || string(got.Result) != `{"archived":0}` {
		t.Errorf("again: %+v, first %+v", got, want)
	}
}

func TestR7_1_OutOfOrderRunsNothing(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	if _, err := push(ann, room, 1); err != nil {
		t.Fatal(err)
	}
	_, err := push(ann, room, 3)
	refused(t, err, schema.CodeOutOfOrder)
	if _, err := push(ann, room, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := push(ann, room, 3); err != nil {
		t.Fatal("OUT_OF_ORDER was stored as 3's receipt:", err)
	}
	equal(t, "balances", balances(room)[:2], 97, 103)
}

func TestR7_1_VoidedIDsCount(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	_, err := ann.Push(records.Mutate{ID: 1, Void: true})
	refused(t, err, schema.CodeVoided)
	if _, err := push(ann, room, 2); err != nil {
		t.Fatal(err)
	}
	r, err := ann.Push(records.Mutate{ID: 2, Void: true}) // too late: it ran
	if err != nil || r.Code != 0 {
		t.Errorf("voiding what ran: %+v, %v", r, err)
	}
	_, err = push(ann, room, 1)
	refused(t, err, schema.CodeVoided)
	equal(t, "balances", balances(room)[:2], 99, 101)
}

func TestR7_1_FireWritesCarryNoID(t *testing.T) {
	room := bank(t)
	ann, err := room.Attach(records.Attach{User: records.User{ID: "ann"}}) // without a client ID
	if err != nil {
		t.Fatal(err)
	}
	ann.Fire(Transfer{0, 1, 5})
	ann.Fire(Transfer{0, 1, 5000})
	if got := ann.Receipts(); len(got) != 0 {
		t.Errorf("receipts of fired writes: %v", got)
	}
	if got := ann.Refusals(); len(got) != 1 || got[0].ID != 0 || got[0].Code != schema.CodeValidation {
		t.Errorf("the refusals are %v", got)
	}
	_, err = push(ann, room, 1)
	refused(t, err, schema.CodeClientUnknown)
	equal(t, "balances", balances(room)[:2], 95, 105)
}

func TestR7_2_OnlyTheFourthRuns(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	for id := uint64(1); id <= 3; id++ {
		if _, err := push(ann, room, id); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "balances", balances(room)[:2], 97, 103)
	for id := uint64(2); id <= 4; id++ {
		if _, err := push(ann, room, id); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, "balances", balances(room)[:2], 96, 104)
}

func TestR7_2_AnUnknownClient(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	if ann.Opened.Known || ann.Opened.Last != 0 {
		t.Errorf("the welcome of a new client is %+v", ann.Opened)
	}
	_, err := push(ann, room, 2)
	refused(t, err, schema.CodeClientUnknown)
	equal(t, "balances", balances(room)[:2], 100, 100)
}

func TestR7_2_AnEvictedReceipt(t *testing.T) {
	definition := BankRoom()
	definition.Limits.Receipts = 4
	room := recordstest.New(t, definition)
	room.Write(func(b *Bank, _ *records.Ctx) error {
		return errors.Join(b.Accounts.Put(Account{ID: 0, Balance: 100}), b.Accounts.Put(Account{ID: 1}))
	})
	ann := room.Join("ann")
	for id := uint64(1); id <= 6; id++ {
		if _, err := push(ann, room, id); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		for id := uint64(1); id <= 6; id++ {
			r, err := push(ann, room, id)
			if id <= 2 {
				refused(t, err, schema.CodeResultExpired)
				if r.Message != "processed, result expired" {
					t.Errorf("%d: %q", id, r.Message)
				}
			} else if err != nil {
				t.Errorf("%d: %v", id, err)
			}
		}
		equal(t, "balances", balances(room), 94, 6)
		room.Restart(0)
		ann.Reconnect()
	}
}

func TestR7_3_ClientsAreForgottenAfterNinetyDays(t *testing.T) {
	const day = 24 * time.Hour
	room := bank(t)
	ann, bob := room.Join("ann"), room.Join("bob")
	for id := uint64(1); id <= 2; id++ {
		if _, err := push(ann, room, id); err != nil {
			t.Fatal(err)
		}
	}
	room.Restart(60 * day)
	bob.Reconnect()
	if _, err := push(bob, room, 1); err != nil {
		t.Fatal(err)
	}
	room.Sleep(29 * day)
	ann.Reconnect()
	if _, err := push(ann, room, 2); err != nil || ann.Opened.Last != 2 {
		t.Fatal("forgotten after 89 days:", err, ann.Opened.Last)
	}
	room.Sleep(2 * day)
	_, err := push(ann, room, 3)
	refused(t, err, schema.CodeClientUnknown)
	bob.Reconnect()
	if !bob.Opened.Known {
		t.Error("bob, who wrote 31 days ago, is forgotten")
	}
	room.Restart(0)
	_, err = room.Attach(records.Attach{User: records.User{ID: "eve"}, ClientID: "ann-1"})
	if err != nil {
		t.Error("a forgotten client ID still belongs to its user:", err)
	}
	if n := room.Machine().Stats().Clients; n != 1 {
		t.Errorf("%d clients are remembered", n)
	}
}

func TestR7_3_ThreeDaysOffline(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	if _, err := push(ann, room, 1); err != nil {
		t.Fatal(err)
	}
	room.Restart(72 * time.Hour) // the change log is pruned after two; deduplication is not
	ann.Reconnect()
	for range 2 { // the queue, pushed twice
		for id := uint64(1); id <= 20; id++ {
			if _, err := push(ann, room, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	equal(t, "balances", balances(room)[:2], 80, 120)
}

// crasher is a bank whose process dies now and then, also between a
// transaction and its becoming durable.
type crasher struct {
	m     *records.Machine
	store *recordstest.Store
	out   records.Outbox
	seed  uint64
}

func (c *crasher) open(t *rapid.T) {
	c.seed++
	c.out.Reset()
	var err error
	c.m, err = records.Define("bank", BankRoom()).Open(c.store, records.OpenOptions{Room: "bank/x", Epoch: 1, Seq: c.store.Seq(), Now: 1, Seed: c.seed}, &c.out)
	if err != nil {
		t.Fatal(err)
	}
	c.store.Put(c.out.Puts)
}

// TestR7_1_ExactlyOnceModel is the model of R7: clients push in any order, again and
// again, the process dies anywhere; what a client was told is true, each ID
// takes effect once, and transfers neither make nor lose money (R3.2, R6.2).
func TestR7_1_ExactlyOnceModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &crasher{store: new(recordstest.Store)}
		c.open(t)
		apply := func(op records.Op, dies bool) []records.Send {
			c.out.Reset()
			c.m.Apply(2, op, &c.out)
			if dies {
				c.open(t)
				return nil
			}
			c.store.Put(c.out.Puts)
			return c.out.After
		}
		apply(&records.Transact{Done: func(records.Outcome, error) {}, Do: func(w any, _ *records.Ctx) error {
			return errors.Join(w.(*Bank).Accounts.Put(Account{ID: 0, Balance: 7}), w.(*Bank).Accounts.Put(Account{ID: 1}))
		}}, false)

		const clients = 2
		var attached [clients]*records.Machine
		told := make(map[string]records.Receipt) // what clients were told of "client/ID"
		done := make(map[string]bool)
		moved := 0
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			who := rapid.IntRange(0, clients-1).Draw(t, "client")
			conn := records.Conn(who + 1)
			if attached[who] != c.m {
				apply(&records.Attach{Conn: conn, User: records.User{ID: fmt.Sprint(who)}, ClientID: fmt.Sprint("c", who)}, false)
				attached[who] = c.m
			}
			id := rapid.Uint64Range(1, 12).Draw(t, "ID")
			_, args, _ := c.m.EncodeArgs(Transfer{0, 1, 1})
			op := &records.Mutate{Conn: conn, ID: id, Name: "Transfer", Args: args, Void: rapid.IntRange(0, 9).Draw(t, "void") == 0}
			for _, s := range apply(op, rapid.IntRange(0, 4).Draw(t, "dies") == 0) {
				if s.Kind != records.SendReceipt {
					continue
				}
				r := *s.Receipt
				key := fmt.Sprint(who, "/", id)
				switch r.Code {
				case schema.CodeOutOfOrder, schema.CodeClientUnknown:
					if done[key] {
						t.Fatalf("%s was done, and is now %v", key, r.Code)
					}
					continue
				case 0:
					if !done[key] {
						moved++
					}
				}
				if before, ok := told[key]; ok && (before.Seq != r.Seq || before.Code != r.Code) {
					t.Fatalf("%s was told %+v and then %+v", key, before, r)
				}
				done[key], told[key] = true, r
			}
		}
		var balance [2]int64
		apply(&records.Read{Operator: true, Collection: "Accounts", Query: query.All(), Done: func(r records.Result, _ error) {
			for i, row := range r.Rows {
				balance[i] = r.Collection.Get(row, r.Collection.Field("Balance")).Int()
			}
		}}, false)[0].Answer()
		if balance[0]+balance[1] != 7 || balance[1] != int64(moved) || moved > 7 {
			t.Fatalf("%d were told that they moved 1; the balances are %v", moved, balance)
		}
	})
}
