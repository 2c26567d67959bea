package records_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// Everything has a field of each kind.
type Everything struct {
	ID   string `parlor:"key"`
	B    bool
	I8   int8
	I16  int16
	I32  int32
	I64  int64
	I    int
	U8   uint8
	U16  uint16
	U32  uint32
	U64  uint64
	F32  float32
	F64  float64
	S    string
	By   []byte
	T    time.Time
	J    json.RawMessage
	Tags []string
	OptS *string
	OptI *int64
	OptT *time.Time
	OptB *bool
}

type Zoo struct {
	Things records.Collection[string, Everything]
	Named  records.Collection[Code, Named]
	Count  records.Collection[int16, Counted]
	Ruled  records.Collection[string, Ruled]
}

// Code is a key of a type of its own.
type Code uint16

type Named struct {
	Code Code `parlor:"key"`
	Name string
}

type Counted struct {
	ID int16 `parlor:"key,auto"`
	At int
}

type Ruled struct {
	ID       string `parlor:"key"`
	Required string `parlor:"required"`
	Default  string `parlor:"default=d"`
	Once     string `parlor:"immutable"`
	User     string `parlor:"user"`
	Server   string `parlor:"server"`
	Maybe    *int
	Tags     []string
}

func ZooRoom() records.Room[Zoo] {
	return records.Room[Zoo]{Access: []records.Access[Zoo]{
		records.On(func(z *Zoo) *records.Collection[string, Ruled] { return &z.Ruled },
			records.Grant[Ruled]{Read: records.All, Create: records.All, Update: records.All, Remove: records.All}),
		records.On(func(z *Zoo) *records.Collection[int16, Counted] { return &z.Count },
			records.Grant[Counted]{Read: records.All, Create: records.All}),
	}}
}

func TestR1_1_EveryKindStaysItself(t *testing.T) {
	room := recordstest.New(t, ZooRoom())
	live := recordstest.Subscribe[Everything](room.Join("ann"), "Things", query.All())
	text, number, when, yes := "", int64(0), time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC), false
	want := []Everything{
		{ID: "empty", T: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), J: json.RawMessage("null")},
		{
			ID: "full", B: true, I8: -128, I16: -32768, I32: -1 << 31, I64: -1 << 63, I: -1, U8: 255, U16: 65535, U32: 1<<32 - 1, U64: 1<<64 - 1,
			F32: 1.5, F64: -2.25, S: "söß", By: []byte{0, 1, 255}, T: when, J: json.RawMessage(`{"a":[1]}`), Tags: []string{"x"},
			OptS: &text, OptI: &number, OptT: &when, OptB: &yes,
		},
	}
	room.Write(func(z *Zoo, _ *records.Ctx) error {
		for _, e := range want {
			if _, err := z.Things.Insert(e); err != nil {
				return err
			}
		}
		return nil
	})
	same := func(where string, got []Everything) {
		t.Helper()
		for i := range got {
			if len(got[i].By) == 0 {
				got[i].By = nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\nwant\n%+v", where, got, want)
		}
	}
	same("the client has", live.Rows())
	room.Restart(0)
	room.View(func(z *Zoo) {
		var got []Everything
		for _, e := range z.Things.All() {
			got = append(got, e)
		}
		same("the rules read", got)
	})
}

func TestR1_1_KeysOfATypeOfOnesOwn(t *testing.T) {
	room := recordstest.New(t, ZooRoom())
	room.Write(func(z *Zoo, _ *records.Ctx) error {
		for _, n := range []Named{{300, "c"}, {2, "b"}, {1, "a"}} {
			if key, err := z.Named.Insert(n); err != nil || key != n.Code {
				t.Errorf("inserted %v as %v: %v", n, key, err)
			}
		}
		return nil
	})
	room.View(func(z *Zoo) {
		var got []Code
		for code, n := range z.Named.All() {
			if code != n.Code {
				t.Errorf("%v is under %v", n, code)
			}
			got = append(got, code)
		}
		equal(t, "in the order of the keys", got, 1, 2, 300)
		if n, ok := z.Named.Get(300); !ok || n.Name != "c" || !z.Named.Has(2) || z.Named.Has(3) || z.Named.Len() != 3 {
			t.Errorf("Get, Has, Len: %v", n)
		}
	})
}

func TestR1_2_TheEnvelope(t *testing.T) {
	room := board(t)
	ann, root := room.Join("ann"), room.Join("root")
	live := allTasks(root)
	made := room.Now()
	if err := ann.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
		t.Fatal(err)
	}
	room.Sleep(time.Hour)
	if err := root.Put("Tasks", recordstest.Fields{"ID": "a", "Title": "B"}); err != nil {
		t.Fatal(err)
	}
	got := live.Rows()[0]
	if got.CreatedBy != "ann" || !got.CreatedAt.Equal(made) || !got.UpdatedAt.Equal(room.Now()) {
		t.Errorf("after a client's put: %+v", got.Meta)
	}
	room.Sleep(time.Hour)
	room.Write(func(b *Board, _ *records.Ctx) error {
		return errors.Join(
			b.Tasks.Update("a", func(t *Task) { t.Title, t.CreatedBy = "C", "nobody counts this" }),
			b.Tasks.Put(Task{ID: "b", Title: "the server's"}))
	})
	if got := live.Rows()[0]; got.CreatedBy != "ann" || !got.CreatedAt.Equal(made) || !got.UpdatedAt.Equal(room.Now()) || got.Title != "C" {
		t.Errorf("after the server's update: %+v", got)
	}
	if got := live.Rows()[1]; got.CreatedBy != "" || !got.CreatedAt.Equal(room.Now()) {
		t.Errorf("of the server's record: %+v", got.Meta)
	}
	_, err := ann.Operate(ann.Operation(2, "Tasks", recordstest.Fields{"ID": "c", "List": "l", "Title": "C", "createdBy": "eve"}))
	refused(t, err, schema.CodeForbidden)
}

func TestR1_2_FieldRules(t *testing.T) {
	room := recordstest.New(t, ZooRoom())
	ann, bob := room.Join("ann"), room.Join("bob")
	live := recordstest.Subscribe[Ruled](ann, "Ruled", query.All())
	type fields = recordstest.Fields
	for _, test := range []struct {
		name   string
		fields fields
		code   schema.Code
		field  string
	}{
		{"required", fields{"ID": "x", "Once": "1"}, schema.CodeValidation, "Required"},
		{"server", fields{"ID": "x", "Required": "", "Server": "me"}, schema.CodeForbidden, "Server"},
		{"user", fields{"ID": "x", "Required": "", "User": "bob"}, schema.CodeForbidden, "User"},
		{"JSON of another type", fields{"ID": "x", "Required": "", "Tags": map[string]int{"a": 1}}, schema.CodeValidation, "Tags"},
		{"the key", fields{"Required": ""}, schema.CodeValidation, "ID"},
	} {
		r, err := ann.Operate(ann.Operation(1, "Ruled", test.fields))
		if code(err) != test.code || r.Field != test.field {
			t.Errorf("%s: %+v", test.name, r)
		}
	}
	if err := ann.Create("Ruled", fields{"ID": "a", "Required": "", "Once": "1"}); err != nil {
		t.Fatal(err)
	}
	want := Ruled{ID: "a", Required: "", Default: "d", Once: "1", User: "ann"}
	if got := live.Rows(); len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("created %+v, want %+v", got, want)
	}
	refused(t, bob.Put("Ruled", fields{"ID": "a", "Tags": "none"}), schema.CodeValidation)
	r, err := bob.Operate(bob.Operation(2, "Ruled", fields{"ID": "a", "Once": "2"}))
	if code(err) != schema.CodeValidation || r.Field != "Once" {
		t.Errorf("immutable: %+v", r)
	}
	if err := bob.Put("Ruled", fields{"ID": "a", "Once": "1", "Default": ""}); err != nil {
		t.Error("an immutable field may be given again:", err)
	}
	want.Default = ""
	if got := live.Rows(); !reflect.DeepEqual(got[0], want) {
		t.Errorf("put %+v, want %+v", got, want)
	}
	err = room.TryWrite(func(z *Zoo, _ *records.Ctx) error { return z.Ruled.Update("a", func(r *Ruled) { r.Once = "3" }) })
	if err == nil || !strings.Contains(err.Error(), "Once") {
		t.Errorf("immutable from Go: %v", err)
	}
}

func TestR1_3_AutomaticKeysNeverRepeat(t *testing.T) {
	room := recordstest.New(t, ZooRoom())
	add := func() (key int16) {
		t.Helper()
		room.Write(func(z *Zoo, _ *records.Ctx) (err error) { key, err = z.Count.Insert(Counted{}); return err })
		return key
	}
	equal(t, "the first keys", []int16{add(), add()}, 1, 2)
	room.Write(func(z *Zoo, _ *records.Ctx) error { z.Count.Delete(2); return nil })
	last := add()
	if last <= 2 {
		t.Errorf("the key %d came again", last)
	}
	for range 3 {
		room.Restart(0) // a crash: nothing but the journal is left
		if key := add(); key <= last {
			t.Errorf("after a crash the key %d came after %d", key, last)
		} else {
			last = key
		}
	}
	room.Write(func(z *Zoo, _ *records.Ctx) error { return z.Count.Put(Counted{ID: 100}) })
	if key := add(); key <= 100 {
		t.Errorf("after a chosen 100 came %d", key)
	}
	room.Write(func(z *Zoo, _ *records.Ctx) error { return z.Count.Put(Counted{ID: 32767}) })
	if err := room.TryWrite(func(z *Zoo, _ *records.Ctx) error { _, err := z.Count.Insert(Counted{}); return err }); err == nil {
		t.Error("a key came after the last one")
	}
	ann := room.Join("ann")
	refused(t, ann.Create("Count", recordstest.Fields{"At": 1}), schema.CodeValidation)
}

func TestR1_4_Unique(t *testing.T) {
	room := board(t)
	room.Write(func(b *Board, _ *records.Ctx) error {
		return errors.Join(b.Tasks.Put(Task{ID: "a"}), b.Tasks.Put(Task{ID: "b"}),
			b.Votes.Put(Ballot{ID: "1", User: "ann", Task: "a"}), b.Votes.Put(Ballot{ID: "2", User: "ann", Task: "b"}))
	})
	ann := room.Join("ann")
	seq := ann.Opened.Seq
	live := recordstest.Subscribe[Ballot](ann, "Votes", query.All())
	r, err := ann.TryCall(Vote{"a"})
	refused(t, err, schema.CodeDuplicate)
	if r.Field != "Task" || r.Seq != seq+1 {
		t.Errorf("the receipt is %+v", r)
	}
	err = room.TryWrite(func(b *Board, _ *records.Ctx) error { return b.Votes.Update("2", func(v *Ballot) { v.Task = "a" }) })
	if got := records.Refused(err); got.Code != schema.CodeDuplicate {
		t.Errorf("an update that collides: %v", err)
	}
	if got := live.Rows(); len(got) != 2 || got[1].Task != "b" {
		t.Errorf("something was written: %v", got)
	}
	room.Write(func(b *Board, _ *records.Ctx) error { // its own tuple it may keep
		return b.Votes.Put(Ballot{ID: "2", User: "ann", Task: "b"})
	})
}
