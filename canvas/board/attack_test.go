package board

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
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
		if got := ann.try(0, op); got.Code == 0 || len(got.Message) > maxMessage+4 || len(got.Field) > maxMessage+4 {
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
		if len(value) > 2*maxMessage+keptResult+64 {
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
		eve.call("none", "{}")
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

// TestNoFieldTwice: other readers see the first of two, or the one in the right
// case; it must be the one that was checked.
func TestNoFieldTwice(t *testing.T) {
	_, ann, _ := start(t, testRoom())
	for _, props := range []string{
		`{"radius":-5,"RADIUS":1}`, `{"RADIUS":1}`, `{"radius":1,"radius":2}`, `{"radius":1,"\u0072adius":2}`, `{"ra\u0064ius":-1}`,
	} {
		if got := ann.try(0, add("p", `"props":`+props)); got.Code != schema.CodeValidation {
			t.Errorf("props %s: %v", props, got.Code)
		}
		if got := ann.try(0, `{"patch":{"id":"a","props":`+props+`}}`); got.Code != schema.CodeValidation && !strings.Contains(props, `1,"radius`) && !strings.Contains(props, `1,"\u`) {
			t.Errorf("patch of props %s: %v", props, got.Code)
		}
	}
	if got := ann.try(0, add("p", `"style":{"a":1,"a":2}`)); got.Code != schema.CodeValidation {
		t.Errorf("a style with a field twice: %v", got.Code)
	}
}

func TestForms(t *testing.T) {
	type Inner struct{ A, B int }
	type Outer struct {
		Inner
		Name string `json:"name,omitempty"`
		List []Inner
		Map  map[string]Inner
		Any  any
		Next *Outer
		Skip int `json:"-"`
	}
	f := formOf(reflect.TypeFor[Outer](), map[reflect.Type]*form{})
	for text, ok := range map[string]bool{
		`{"A":1,"name":"","List":[{"A":1},{"B":2}],"Map":{"x":{"A":1}},"Any":{"b":{"a":[{}]}},"Next":{"Next":{"B":1}}}`: true,
		`{"Inner":{}}`: false, `{"List":[{"a":1}]}`: false, `{"Map":{"x":{"b":1}}}`: false, `{"Any":{"a":1,"a":2}}`: false,
		`{"Next":{"Next":{"NAME":""}}}`: false, `{"Skip":1}`: false, `{"Map":{"x":{},"x":{}}}`: false, ``: true, `{`: false, `{}x`: false,
	} {
		if err := f.check([]byte(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestNoCompactionOfOtherRoots: what else is in a document is not the board's to
// throw away.
func TestNoCompactionOfOtherRoots(t *testing.T) {
	for name, write := range map[string]func(doc *yjs.Doc, tx *yjs.Tx) error{
		"a text":         func(doc *yjs.Doc, tx *yjs.Tx) error { return doc.Text("notes").Insert(tx, 0, "kept") },
		"a map":          func(doc *yjs.Doc, tx *yjs.Tx) error { return doc.Map("other").Set(tx, "k", 1) },
		"in the shapes":  func(doc *yjs.Doc, tx *yjs.Tx) error { return doc.Text(shapesRoot).Insert(tx, 0, "kept") },
		"in the setting": func(doc *yjs.Doc, tx *yjs.Tx) error { return doc.Text(settingsRoot).Insert(tx, 0, "kept") },
	} {
		room := testRoom()
		room.Private = true
		r, ann, bob := start(t, room)
		if err := r.b.Transact(r.now, &r.out, func(tx *yjs.Tx) error { return write(r.b.Doc(), tx) }); err != nil {
			t.Fatal(err)
		}
		r.deliver()
		churn(ann, 50)
		ann.leave()
		bob.leave()
		before := len(r.b.Doc().EncodeState(nil))
		r.apply(&canvas.Rest{})
		if after := len(r.b.Doc().EncodeState(nil)); after != before {
			t.Errorf("%s: %d bytes before, %d after", name, before, after)
		}
	}
}

// TestEmbedsInTexts: a text's length counts embeds, which a shape's text does not
// show.
func TestEmbedsInTexts(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	ann.edit(`{"patch":{"id":"a","text":"hello"}}`)
	y := r.enterYjs(5, "yan", canvas.Writer)
	server, clock := r.b.Client()
	embed := []byte{1, 1, 77, 0, 0x80 | 5} // one item of client 77: an embed with an origin
	embed = binary.AppendUvarint(binary.AppendUvarint(embed, server), clock-5)
	embed = append(appendString(embed, `{"image":"x"}`), 0)
	y.send(yjs.Message{Kind: yjs.SyncUpdate, Payload: embed})
	v, _ := shapeMap(r.b.Doc().Map(shapesRoot), "a").Get("text")
	if n := v.(*yjs.Text).Len(); n != 6 {
		t.Fatalf("the embed did not arrive: length %d", n)
	}
	ann.edit(`{"patch":{"id":"a","text":"help me"}}`)
	if got := ann.shapes["a"]["text"]; got != "help me" {
		t.Errorf("the text is %q", got)
	}
	r.check()
}

// TestUndoOfAllIsBounded: many users must not fill the memory with their steps.
func TestUndoOfAllIsBounded(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	sum := func() (n int) {
		for _, h := range r.b.undos {
			for _, s := range h.steps {
				n += len(s.data)
			}
		}
		return n
	}
	for i := range 20 {
		ann.edit(`{"patch":{"id":"a","text":"` + strings.Repeat("x", 1000+i) + `"}}`)
		bob.edit(`{"patch":{"id":"b","text":"x` + fmt.Sprint(i) + `"}}`)
	}
	ann.call("undo", "{}")
	if r.b.undoBytes != sum() {
		t.Errorf("%d bytes counted, there are %d", r.b.undoBytes, sum())
	}
	steps := len(r.b.undos["bob"].steps)
	r.b.boundUndo(0, 5000, &r.out)
	r.deliver()
	if r.b.undoBytes != sum() || sum() > 5000 || len(r.b.undos["bob"].steps) != steps || len(r.b.undos["ann"].steps) == 0 {
		t.Errorf("%d bytes counted, there are %d; bob has %d of %d steps, ann %d", r.b.undoBytes, sum(), len(r.b.undos["bob"].steps), steps, len(r.b.undos["ann"].steps))
	}
	r.open()
	if r.b.undoBytes != sum() || len(r.b.undos["bob"].steps) != steps {
		t.Errorf("after the reload %d bytes counted, there are %d", r.b.undoBytes, sum())
	}
}
