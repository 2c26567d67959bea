package records_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Club is a room with rules that hostile members try.
type Club struct {
	Members records.Collection[string, Member]
	Things  records.Collection[string, Thing]
}

type Thing struct {
	ID    string `parlor:"key"`
	Owner string `parlor:"user"`
	Text  string
}

type (
	Bring   struct{ ID, Text string }
	Echo    struct{ Text json.RawMessage }
	Object  struct{ Text string }
	Expel   struct{ User string }
	Collect struct{ ID string }
)

// ClubRoom lets every member change every thing; only owners remove theirs. Its
// rules panic at things that are called so.
func ClubRoom() records.Room[Club] {
	mayPanic := func(_ records.User, t *Thing) bool {
		if t.Text == "panic" {
			panic("a rule with a bug")
		}
		return t.Text != "secret"
	}
	return records.Room[Club]{
		Roles: []string{"member", "watcher"},
		Role: func(c *Club, u records.User) string {
			m, ok := c.Members.Get(u.ID)
			if !ok {
				return "member"
			}
			return m.Role
		},
		Access: []records.Access[Club]{
			records.On(func(c *Club) *records.Collection[string, Member] { return &c.Members }),
			records.On(func(c *Club) *records.Collection[string, Thing] { return &c.Things },
				records.Grant[Thing]{Role: "member", ReadIf: mayPanic, Create: records.All, UpdateIf: mayPanic, Remove: records.Own},
				records.Grant[Thing]{Role: "watcher", Read: records.Own}),
		},
		Mutations: []records.Mutation[Club]{
			records.Call(func(c *Club, _ *records.Ctx, b Bring) error { return c.Things.Put(Thing{ID: b.ID, Text: b.Text}) }),
			records.Call(func(_ *Club, ctx *records.Ctx, e Echo) error { ctx.Result(e.Text); return nil }),
			records.Call(func(*Club, *records.Ctx, Object) error { return nil }).
				Authorize(func(_ *Club, _ *records.Ctx, o Object) error { return errors.New(o.Text) }),
			records.Call(func(c *Club, _ *records.Ctx, e Expel) error { return c.Members.Put(Member{User: e.User}) }),
			records.CallPrepared(func(context.Context, records.User, Collect) (string, error) { return "x", nil },
				func(c *Club, _ *records.Ctx, a Collect, text string) error {
					return c.Things.Put(Thing{ID: a.ID, Text: text})
				}),
		},
	}
}

func things(room *recordstest.Room[Club]) (ids []string) {
	room.View(func(c *Club) {
		for id := range c.Things.All() {
			ids = append(ids, id)
		}
	})
	return ids
}

// TestR10_1_RulesThatPanicRefuse: a panic in a rule is a no, and the room goes on.
func TestR10_1_RulesThatPanicRefuse(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann := room.Join("ann")
	live := recordstest.Subscribe[Thing](ann, "Things", query.All())
	ann.Call(Bring{"a", "panic"})
	ann.Call(Bring{"b", "fine"})
	if rows := live.Rows(); len(rows) != 1 || rows[0].ID != "b" {
		t.Errorf("ann sees %v", rows)
	}
	refused(t, ann.Put("Things", Thing{ID: "b", Text: "panic"}), schema.CodeForbidden)
	refused(t, ann.Put("Things", Thing{ID: "a", Text: "fine"}), schema.CodeForbidden)
	if !strings.Contains(room.Logs(), "a rule with a bug") {
		t.Error("the log does not tell")
	}
}

// TestR7_1_ReceiptsKeepTheirText reuses the memory of a mutation's arguments,
// as a runner does: what is kept of them stays what it was.
func TestR7_1_ReceiptsKeepTheirText(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann := room.Join("ann")
	for i, args := range []any{Echo{json.RawMessage(`"my own words"`)}, Object{"my own words"}} {
		name, row, err := room.Machine().EncodeArgs(args)
		if err != nil {
			t.Fatal(err)
		}
		op := records.Mutate{ID: uint64(i + 1), Name: name, Args: row}
		_, _ = ann.Push(op)
		for j := range row {
			row[j] = 'x' // another's message lies there now
		}
		again, _ := ann.Push(op)
		if text := again.Message + string(again.Result); !strings.Contains(text, "my own words") {
			t.Errorf("%s: the receipt says %q", name, text)
		}
	}
}

// TestR6_1_WhoIsPutOutMeanwhileRunsNothing takes a member's role while its
// mutation is prepared.
func TestR6_1_WhoIsPutOutMeanwhileRunsNothing(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann, bob := room.Join("ann"), room.Join("bob")
	room.HoldPrepare()
	name, row, _ := room.Machine().EncodeArgs(Collect{"stolen"})
	_, _ = bob.Push(records.Mutate{ID: 1, Name: name, Args: row})
	name, row, _ = room.Machine().EncodeArgs(Bring{"late", "x"})
	_, _ = bob.Push(records.Mutate{ID: 2, Name: name, Args: row})
	var told records.Receipt
	room.Do(&records.Invoke{User: records.User{ID: "bob"}, Name: "Collect", Args: []byte(`{"ID":"called"}`), Done: func(r records.Receipt) { told = r }})
	ann.Call(Expel{"bob"})
	room.Prepare()
	equal(t, "things", things(room))
	if told.Code != schema.CodeForbidden {
		t.Errorf("the call ended with %v", told.Code)
	}
	room.Write(func(c *Club, _ *records.Ctx) error { c.Members.Delete("bob"); return nil })
	bob = room.Join("bob")
	bob.Call(Bring{"b", "x"})
	equal(t, "things", things(room), "b")
}

// TestR10_1_NobodyTakesARecord: a field that is set to the user stays what it
// is when others change the record.
func TestR10_1_NobodyTakesARecord(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann, bob := room.Join("ann"), room.Join("bob")
	if err := ann.Create("Things", Thing{ID: "a", Text: "ann's"}); err != nil {
		t.Fatal(err)
	}
	refused(t, bob.Put("Things", recordstest.Fields{"ID": "a", "Owner": "bob"}), schema.CodeForbidden)
	refused(t, bob.Remove("Things", Thing{ID: "a"}), schema.CodeForbidden)
	if err := ann.Put("Things", recordstest.Fields{"ID": "a", "Owner": "ann", "Text": "mine"}); err != nil {
		t.Errorf("ann: %v", err)
	}
}

// TestR10_1_NamesDoNotMakeOneUserAnother: live queries are shared by those who
// may read the same, whatever they are called.
func TestR10_1_NamesDoNotMakeOneUserAnother(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	join := func(u records.User) *recordstest.Live[Thing] {
		room.Write(func(c *Club, _ *records.Ctx) error { return c.Members.Put(Member{User: u.ID, Role: "watcher"}) })
		c, err := room.Attach(records.Attach{User: u, ClientID: u.ID[:1]})
		if err != nil {
			t.Fatal(err)
		}
		return recordstest.Subscribe[Thing](c, "Things", query.All())
	}
	victim := join(records.User{ID: "a", Name: "b c"})
	thief := join(records.User{ID: "a b", Name: "c"})
	room.Write(func(c *Club, _ *records.Ctx) error { return c.Things.Put(Thing{ID: "1", Owner: "a", Text: "private"}) })
	if len(victim.Rows()) != 1 || len(thief.Rows()) != 0 {
		t.Errorf("the owner sees %v, the other %v", victim.Rows(), thief.Rows())
	}
}

// TestR3_2_RefusalsOfFiredWritesWait: what refuses them may tell of data.
func TestR3_2_RefusalsOfFiredWritesWait(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann := room.Join("ann")
	name, row, _ := room.Machine().EncodeArgs(Object{"what the room knows"})
	var out records.Outbox
	room.Machine().Apply(0, &records.Mutate{Conn: 1, Name: name, Args: row}, &out)
	if len(out.Now) != 0 || len(out.After) != 1 || out.After[0].Message != "what the room knows" {
		t.Errorf("at once %v, later %v", out.Now, out.After)
	}
	_ = ann
}

// TestR14_3_TransactionBytes: what one mutation writes is bounded.
func TestR14_3_TransactionBytes(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann := room.Join("ann")
	ids := strings.Split("abcdefghijklmnopqrst", "")
	for _, id := range ids {
		ann.Call(Bring{id, strings.Repeat("x", 900<<10)})
	}
	var ops []value.Operation
	for _, id := range ids {
		op := ann.Operation(value.Put, "Things", Thing{ID: id, Text: "y"})
		ops = append(ops, op, op)
	}
	if _, err := ann.Operate(ops...); err != nil {
		t.Errorf("small rows: %v", err)
	}
	err := room.TryWrite(func(c *Club, _ *records.Ctx) error {
		for _, id := range ids {
			if err := c.Things.Put(Thing{ID: id, Text: strings.Repeat("z", 900<<10)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil || records.Refused(err).Code != schema.CodeTooLarge {
		t.Errorf("18 MB in one transaction: %v", err)
	}
}

// TestR7_1_TooMuchToPrepare: what is not taken is as if it had never come.
func TestR7_1_TooMuchToPrepare(t *testing.T) {
	room := recordstest.New(t, ClubRoom())
	ann, bob := room.Join("ann"), room.Join("bob")
	room.HoldPrepare()
	for range 2000 {
		ann.Fire(Collect{"a"})
	}
	name, row, _ := room.Machine().EncodeArgs(Collect{"b"})
	op := records.Mutate{ID: 1, Name: name, Args: row}
	r, _ := bob.Push(op)
	if r.Code != schema.CodeRateLimited || r.Seq != 0 {
		t.Errorf("the receipt is %v", r)
	}
	var told records.Receipt
	room.Do(&records.Invoke{Name: name, Operator: true, Args: []byte(`{"ID":"c"}`), Done: func(r records.Receipt) { told = r }})
	if told.Code != schema.CodeRateLimited {
		t.Errorf("the call ended with %v", told.Code)
	}
	room.Prepare()
	_, _ = bob.Push(op)
	room.Prepare()
	equal(t, "things", things(room), "a", "b")
}

// TestR14_3_QueriesThatReadTooMuch: one connection does not keep a room busy by
// asking again and again for what no index has the order of.
func TestR14_3_QueriesThatReadTooMuch(t *testing.T) {
	definition := ClubRoom()
	definition.Limits.Scan = 1000
	room := recordstest.New(t, definition)
	room.Write(func(c *Club, _ *records.Ctx) error {
		for i := range 500 {
			if err := c.Things.Put(Thing{ID: fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	ann, bob := room.Join("ann"), room.Join("bob")
	byText := query.All().By("Text").Take(5)
	asked := 0
	var got []recordstest.Refusal
	for ; asked < 100 && len(got) == 0; asked++ {
		recordstest.Subscribe[Thing](ann, "Things", byText).Close()
		got = ann.Refusals()
	}
	if asked != 10 || len(got) != 1 || got[0].Code != schema.CodeRateLimited {
		t.Errorf("after %d queries of 500 rows: %v", asked, got)
	}
	if rows := recordstest.Subscribe[Thing](bob, "Things", byText).Rows(); len(rows) != 5 {
		t.Errorf("bob sees %v", rows)
	}
	room.Sleep(10 * time.Second)
	if rows := recordstest.Subscribe[Thing](ann, "Things", byText).Rows(); len(rows) != 5 {
		t.Errorf("later ann sees %v", rows)
	}
}
