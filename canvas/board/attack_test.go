package board

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

func TestIndexBelowTheLeast(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	ann.edit(add("a", `"index":"`+smallest[:len(smallest)-1]+`1"`) + "," + add("b") + "," + add("c"))
	ann.edit(`{"order":{"ids":["b"],"to":"back"}}`)
	ann.edit(`{"order":{"ids":["c"],"to":"back"}}`)
	r.check()
	if !(r.b.shapes["c"].index < r.b.shapes["b"].index && r.b.shapes["b"].index < r.b.shapes["a"].index) {
		t.Error("back is not the back")
	}
}

// TestReceiptsAreSmall: what is kept of a refused edit is not what was sent.
func TestReceiptsAreSmall(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	long := strings.Repeat("x", 50000)
	for _, op := range []string{
		`{"patch":{"id":"` + long + `"}}`, `{"` + long + `":1}`, add("a", `"`+long+`":1`), `{"board":{"` + long + `":1}}`,
		`{"add":{"id":"a","kind":"` + long + `","geo":{}}}`, add("a", `"props":{"`+long+`":1}`), `{"order":{"ids":["é` + strings.Repeat("é", 5000) + `"],"to":"front"}}`,
	} {
		if got := ann.try(0, op); got.Code == 0 || len(got.Message) > longest+4 || len(got.Field) > longest+4 {
			t.Errorf("%v: a message of %d bytes, a field of %d", got.Code, len(got.Message), len(got.Field))
		}
	}
	ann.call(long, "{}")
	for i := range 50 {
		ann.call("save", fmt.Sprintf(`{"name":"%s%d"}`, long[:100], i))
	}
	many := ann.call("versions", "{}")
	if len(many.Result) < 5000 {
		t.Fatalf("%d bytes of versions", len(many.Result))
	}
	for key, value := range r.disk[canvas.SpaceReceipts] {
		if len(value) > 2*longest+keptResult+64 {
			t.Errorf("a receipt of %d bytes under %q", len(value), key)
		}
	}
	if again := ann.again(ann.id, "versions", "{}"); string(again.Result) != string(many.Result) {
		t.Errorf("the versions, asked for again: %s", again.Result)
	}
}

// TestOneUserDoesNotDisplaceOthersReceipts: client IDs are free.
func TestOneUserDoesNotDisplaceOthersReceipts(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enterAs(1, "ann", canvas.Writer, "tab", 0, 0)
	ann.edit(add("a"))
	for i := range keptClients + 10 {
		r.now = r.now.Add(time.Millisecond)
		eve := r.enterAs(2, "eve", canvas.Writer, fmt.Sprint("tab", i), 0, 0)
		eve.edit(add(fmt.Sprint("e", i)))
		eve.leave()
	}
	if back := r.enterAs(3, "ann", canvas.Writer, "tab", 0, 0); !back.info.Known || back.info.Last != 1 {
		t.Errorf("ann is forgotten: %+v", back.info)
	}
	if n := len(r.b.clients); n > keptClients/2 {
		t.Errorf("%d clients are kept for two users", n)
	}
}

// TestCursorOfWhatWasLost: a board that is not durable loses edits that clients
// have seen, and then counts on from the one before.
func TestCursorOfWhatWasLost(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	ann.edit(add("a"))
	saved := disk{}
	for space, records := range r.disk {
		for key, value := range records {
			saved.take([]canvas.Put{{Space: space, Key: key, Value: value}})
		}
	}
	ann.edit(add("lost"))
	r.disk = saved
	r.open()
	bob := r.enter(2, "bob", canvas.Writer)
	bob.edit(add("b"))
	bob.edit(add("c"))
	r.comeBack(3, ann)
	r.check()
}

// TestSnapshotOfALargeBoard: it must not count for what a slow client may have
// waiting, or nobody on a slow line could ever join.
func TestSnapshotOfALargeBoard(t *testing.T) {
	r, _, _ := start(t, testRoom())
	r.b.Apply(r.now, &canvas.Enter{Conn: 9, User: canvas.User{ID: "eve"}, Role: canvas.Reader}, &r.out)
	for _, s := range r.out.Now {
		if s.Kind == schema.KindDelta && s.Flags&schema.DeltaSnapshot != 0 && !s.Whole {
			t.Error("a part of a snapshot counts for the backlog")
		}
	}
	r.deliver()
}

func TestGroupOfWhatIsFarApart(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	ann.edit(`{"patch":{"id":"a","geo":{"x":-9000000}}},{"patch":{"id":"b","geo":{"x":9000000}}}`)
	ann.edit(`{"group":{"id":"g","ids":["a","b"]}}`)
	r.check()
}
