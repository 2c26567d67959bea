package canvas

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

var nothing = yjs.StateVector{}.Encode()

func TestFirstStepOneBringsAllAndAsks(t *testing.T) {
	r := newRig(t, Settings{Durable: true})
	ann := yjs.New(1, yjs.Limits{})
	r.enter(1, Writer, true)
	r.enter(2, Writer, false)
	if got := r.take(2); len(got) != 1 || got[0].Kind != schema.KindOpened {
		t.Fatalf("an own session got %v", got)
	}
	r.sync(1, yjs.SyncStep1, nothing)
	if got := kinds(r.messages(1)); !slices.Equal(got, []yjs.MessageKind{yjs.SyncStep2, yjs.SyncStep1}) {
		t.Fatalf("after the first step 1: %v", got)
	}
	r.sync(1, yjs.SyncUpdate, typed(t, ann, "hello"))
	if got := r.messages(1); len(got) != 0 {
		t.Errorf("its own edit came back: %v", got)
	}
	if got := r.messages(2); len(got) != 0 {
		t.Errorf("an edit for who has not asked: %v", got)
	}
	r.sync(2, yjs.SyncStep1, nothing)
	got := r.messages(2)
	bob := yjs.New(2, yjs.Limits{})
	r.apply1(bob, got[0].Payload)
	if text(bob) != "hello" {
		t.Errorf("bob reads %q", text(bob))
	}
	r.sync(1, yjs.SyncUpdate, typed(t, ann, "!"))
	for _, m := range r.messages(2) {
		r.apply1(bob, m.Payload)
	}
	if text(bob) != "hello!" || text(r.doc.Doc()) != "hello!" {
		t.Errorf("bob reads %q, the server %q", text(bob), text(r.doc.Doc()))
	}
}

// TestOwnDiffIsLogged repeats an update together with news: only the news is
// logged and sent.
func TestOwnDiffIsLogged(t *testing.T) {
	r := newRig(t, Settings{})
	ann := yjs.New(1, yjs.Limits{})
	r.enter(1, Writer, true)
	r.enter(2, Writer, true)
	r.sync(2, yjs.SyncStep1, nothing)
	first := typed(t, ann, strings.Repeat("long ", 100))
	r.sync(1, yjs.SyncUpdate, first)
	r.messages(2)
	typed(t, ann, "x")
	r.sync(1, yjs.SyncUpdate, ann.EncodeState(nil))
	got := r.messages(2)
	if len(got) != 1 || len(got[0].Payload) > 30 {
		t.Errorf("sent %v", got)
	}
	r.sync(1, yjs.SyncUpdate, first)
	if got := r.messages(2); len(got) != 0 {
		t.Errorf("an old update was sent on: %v", got)
	}
	if log := r.disk[SpaceLog]; len(log) != 2 || len(log[logKey(1)]) > 30 {
		t.Errorf("the log has %d updates", len(log))
	}
}

func TestMissingIsAskedForOnce(t *testing.T) {
	r := newRig(t, Settings{})
	ann := yjs.New(1, yjs.Limits{})
	r.enter(1, Writer, true)
	typed(t, ann, "lost ")
	r.sync(1, yjs.SyncUpdate, typed(t, ann, "kept"))
	r.sync(1, yjs.SyncUpdate, typed(t, ann, " too"))
	got := r.messages(1)
	if !slices.Equal(kinds(got), []yjs.MessageKind{yjs.SyncStep1}) {
		t.Fatalf("answered %v", got)
	}
	if text(r.doc.Doc()) != "" || r.puts > 0 {
		t.Error("something was kept")
	}
	since, _ := yjs.ParseStateVector(got[0].Payload)
	r.sync(1, yjs.SyncStep2, ann.EncodeState(since))
	if text(r.doc.Doc()) != "lost kept too" {
		t.Errorf("repaired to %q", text(r.doc.Doc()))
	}
}

func TestReadersDoNotWrite(t *testing.T) {
	for _, stock := range []bool{true, false} {
		r := newRig(t, Settings{})
		ann := yjs.New(1, yjs.Limits{})
		r.enter(1, Reader, stock)
		r.take(1)
		r.sync(1, yjs.SyncStep1, nothing)
		if got := kinds(r.messages(1)); !slices.Equal(got, []yjs.MessageKind{yjs.SyncStep2}) {
			t.Errorf("a reader is sent %v", got)
		}
		r.sync(1, yjs.SyncStep2, []byte{0, 0})
		if got := r.take(1); len(got) > 0 {
			t.Errorf("an empty update was answered: %v", got)
		}
		r.sync(1, yjs.SyncUpdate, typed(t, ann, "x"))
		r.sync(1, yjs.SyncUpdate, typed(t, ann, "y"))
		if text(r.doc.Doc()) != "" || r.puts > 0 {
			t.Error("a reader has written")
		}
		if !stock {
			if got := r.code(1); got != schema.CodeForbidden {
				t.Errorf("told %v", got)
			}
		} else if got := r.messages(1); !slices.Equal(kinds(got), []yjs.MessageKind{yjs.AuthDenied}) {
			t.Errorf("told %v", got)
		}
		r.apply(&Renew{Conn: 1, Role: Writer})
		got := r.messages(1)
		if !slices.Equal(kinds(got), []yjs.MessageKind{yjs.SyncStep1}) {
			t.Fatalf("who may write now is sent %v", got)
		}
		r.sync(1, yjs.SyncStep2, ann.EncodeState(nil))
		if text(r.doc.Doc()) != "xy" {
			t.Errorf("%q was written", text(r.doc.Doc()))
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name    string
		message []byte
		code    schema.Code
	}{
		{"nothing", nil, schema.CodeBadMessage},
		{"unknown", []byte{9}, schema.CodeBadMessage},
		{"cut", []byte{0, 0, 200}, schema.CodeBadMessage},
		{"state vector", []byte{0, 0, 1, 5}, schema.CodeBadMessage},
		{"long state vector", yjs.Message{Kind: yjs.SyncStep1, Payload: make([]byte, vectorBytes+5000)}.Append(nil), schema.CodeTooLarge},
		{"update", []byte{0, 2, 2, 9, 9}, schema.CodeBadMessage},
		{"awareness", []byte{1, 2, 9, 9}, schema.CodeBadMessage},
		{"denied", yjs.Message{Kind: yjs.AuthDenied, Payload: []byte("no")}.Append(nil), schema.CodeBadMessage},
		{"too large", nil, schema.CodeRoomTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "too large" {
				test.message = yjs.Message{Kind: yjs.SyncUpdate, Payload: typed(t, yjs.New(1, yjs.Limits{}), strings.Repeat("x", 5000))}.Append(nil)
			}
			for _, stock := range []bool{false, true} {
				r := newRig(t, Settings{Limits: yjs.Limits{Bytes: 2000}})
				r.enter(1, Writer, stock)
				r.enter(2, Writer, stock)
				r.sync(2, yjs.SyncStep1, nothing)
				r.take(2)
				r.apply(&SyncMessage{Conn: 1, Message: test.message})
				if got := r.code(1); got != test.code {
					t.Errorf("answered %v", got)
				}
				if got := r.take(2); len(got) > 0 || r.puts > 0 {
					t.Errorf("another heard of it: %v", got)
				}
				if r.doc.Stats().Refused != 1 {
					t.Error("not counted")
				}
			}
		})
	}
}

func TestUnknownConnectionsAreNothing(t *testing.T) {
	r := newRig(t, Settings{})
	r.sync(7, yjs.SyncStep1, nothing)
	r.apply(&Leave{Conn: 7, Asked: true})
	r.apply(&Renew{Conn: 7})
	r.apply(&Receive{Conn: 7})
	if len(r.sent) > 0 {
		t.Errorf("sent %v", r.sent)
	}
}

func TestLeavingAndLosingTheRight(t *testing.T) {
	r := newRig(t, Settings{})
	r.enter(1, Writer, false)
	r.enter(2, Writer, false)
	r.take(1)
	r.apply(&Leave{Conn: 1, Asked: true})
	if got := r.take(1); len(got) != 1 || !got[0].End || got[0].Error.Code != schema.CodeLeft {
		t.Errorf("sent %+v", got)
	}
	r.take(2)
	r.apply(&Renew{Conn: 2, Err: schema.Errorf(schema.CodeKicked, "out")})
	if got := r.take(2); len(got) != 1 || !got[0].End || got[0].Error.Code != schema.CodeKicked {
		t.Errorf("sent %+v", got)
	}
	if n := r.doc.Stats().Connections; n != 0 {
		t.Errorf("%d connections are left", n)
	}
}

func TestChangedCorrects(t *testing.T) {
	var what []yjs.Change
	r := newRig(t, Settings{Durable: true, Changed: func(e *Edit) {
		what = e.What
		if strings.Contains(text(e.Doc), "bad") {
			err := e.Transact(func(tx *yjs.Tx) error {
				txt := e.Doc.Text("text")
				return errors.Join(txt.Delete(tx, 0, txt.Len()), txt.Insert(tx, 0, "good"))
			})
			if err != nil {
				t.Error(err)
			}
		}
	}})
	docs := map[Conn]*yjs.Doc{1: yjs.New(1, yjs.Limits{}), 2: yjs.New(2, yjs.Limits{})}
	for c := range docs {
		r.enter(c, Writer, true)
		r.sync(c, yjs.SyncStep1, nothing)
		r.messages(c)
	}
	r.sync(1, yjs.SyncUpdate, typed(t, docs[1], "bad"))
	for c, doc := range docs {
		for _, m := range r.messages(c) {
			r.apply1(doc, m.Payload)
		}
		if text(doc) != "good" {
			t.Errorf("%d reads %q", c, text(doc))
		}
	}
	if len(what) != 1 || what[0].Root != "text" || !what[0].List {
		t.Errorf("told of %+v", what)
	}
	r.open(Settings{}, OpenOptions{})
	if text(r.doc.Doc()) != "good" {
		t.Errorf("stored %q", text(r.doc.Doc()))
	}
}

func TestFailedTransactLeavesNothing(t *testing.T) {
	r := newRig(t, Settings{})
	r.enter(1, Writer, true)
	r.sync(1, yjs.SyncStep1, nothing)
	r.take(1)
	r.do(func(out *Outbox) {
		err := r.doc.Transact(r.now, out, func(tx *yjs.Tx) error {
			return errors.Join(r.doc.Doc().Text("text").Insert(tx, 0, "x"), errNo)
		})
		if !errors.Is(err, errNo) {
			t.Error(err)
		}
	})
	if got := r.take(1); len(got) > 0 || r.puts > 0 {
		t.Errorf("sent %v", got)
	}
}

// TestQuestionsWait asks again and again: what that costs is bounded, and the
// last question is answered.
func TestQuestionsWait(t *testing.T) {
	r := newRig(t, Settings{})
	ann := yjs.New(1, yjs.Limits{})
	r.enter(1, Writer, true)
	r.sync(1, yjs.SyncStep1, nothing)
	r.sync(1, yjs.SyncUpdate, typed(t, ann, strings.Repeat("x", 1<<20)))
	r.messages(1)
	for range 100 {
		r.sync(1, yjs.SyncStep1, nothing)
		r.pass(time.Millisecond)
	}
	r.pass(time.Second)
	got := r.messages(1)
	if len(got) < 2 || len(got) > 6 {
		t.Errorf("%d answers", len(got))
	}
	r.busy[1] = 2 << 20
	r.sync(1, yjs.SyncStep1, nothing)
	r.pass(time.Second)
	if got := r.messages(1); len(got) > 0 {
		t.Errorf("%d answers to who does not read", len(got))
	}
	r.busy[1] = 0
	r.pass(time.Second)
	if got := r.messages(1); len(got) != 1 {
		t.Errorf("%d answers", len(got))
	}
	r.pass(time.Minute)
	if next := r.doc.Next(); !next.IsZero() {
		t.Errorf("an idle room wants a tick at %v", next)
	}
}

func TestKind(t *testing.T) {
	if err := Define("Not Good", Room{}).Err(); err == nil || !strings.Contains(err.Error(), `"Not Good"`) {
		t.Errorf("a bad name: %v", err)
	}
	k := Define("notes", Room{})
	if role, err := k.Role(t.Context(), "notes/a", User{}); role != Writer || err != nil || !k.Stock() {
		t.Errorf("%q, %v", role, err)
	}
	k = Define("notes", Room{Role: anyone})
	if _, err := k.Role(t.Context(), "notes/a", User{}); !errors.Is(err, &schema.Error{Code: schema.CodeForbidden}) {
		t.Errorf("no role: %v", err)
	}
	if m, err := k.Open(disk{}, OpenOptions{Room: "notes/a"}, &Outbox{}); err != nil || m.Stats().Bytes < 0 {
		t.Error(err)
	}
}
