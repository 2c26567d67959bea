package board

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// TestConverges lets two typed clients and a Yjs client do whatever they want,
// with reloads between. What all hold is held to the board; that of the board to
// a plain model of what each accepted edit has said.
func TestConverges(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, testRoom())
		w := &world{rt: rt, r: r}
		w.enterAll()
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			w.step()
			w.settle()
		}
	})
}

type world struct {
	rt      *rapid.T
	r       *rig
	typed   []*typed
	y       *yclient
	next    canvas.Conn
	gesture uint32
}

func (w *world) enterAll() {
	w.typed = nil
	for _, user := range []string{"ann", "bob"} {
		w.next++
		w.typed = append(w.typed, w.r.enterAs(w.next, user, canvas.Writer, "tab-"+user, 0, 0))
	}
	w.next++
	w.y = w.r.enterYjs(w.next, "yan", canvas.Writer)
}

func (w *world) settle() {
	w.r.pass(time.Second)
	w.y.take()
	w.r.check()
	w.y.same()
}

func (w *world) id(label string) string {
	return rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "g", "h"}).Draw(w.rt, label)
}

func (w *world) step() {
	who := w.typed[rapid.IntRange(0, 1).Draw(w.rt, "who")]
	switch rapid.IntRange(0, 9).Draw(w.rt, "what") {
	case 0, 1, 2, 3:
		var ops []string
		for range rapid.IntRange(1, 3).Draw(w.rt, "ops") {
			ops = append(ops, w.op())
		}
		who.try(rapid.IntRange(0, 2).Draw(w.rt, "gesture"), strings.Join(ops, ","))
	case 4:
		w.undo(who)
	case 5:
		who.call("redo", "{}")
	case 6, 7:
		w.y.edit(w.yjsEdit)
	case 8:
		w.gesture++
		phase := uint8(rapid.IntRange(0, 2).Draw(w.rt, "phase"))
		who.move(w.gesture, phase, w.id("drag"), at(float64(rapid.IntRange(0, 9).Draw(w.rt, "x"))))
	case 9:
		w.r.open()
		w.enterAll()
	}
}

// undo holds an undo to its rule: no key changes that does not hold what this
// user's own last step gave it.
func (w *world) undo(who *typed) {
	h := w.r.b.undos[who.user]
	mine := map[string]keys{} // what steps of this user have touched
	if h != nil {
		for _, stored := range h.steps {
			s, _, err := parseStep(stored.data, w.r.def.kinds)
			if err != nil {
				w.rt.Fatal(err)
			}
			for _, e := range s.entries {
				mine[e.id] |= e.keys
			}
		}
	}
	before := map[string]content{}
	for id, s := range w.r.b.shapes {
		before[id] = s.content
	}
	who.call("undo", "{}")
	for id, was := range before {
		if s := w.r.b.shapes[id]; s == nil {
			if mine[id] != allKeys {
				w.rt.Fatalf("an undo removed %s, which %s had not added", id, who.user)
			}
		} else if k := s.differ(&was) &^ keyIndex; k&^mine[id] != 0 {
			w.rt.Fatalf("an undo changed %b of %s; %s had changed %b", k, id, who.user, mine[id])
		}
	}
}

func (w *world) op() string {
	a, b := w.id("a"), w.id("b")
	x := rapid.IntRange(0, 5).Draw(w.rt, "x")
	return rapid.SampledFrom([]string{
		add(a), add(a), add(a, fmt.Sprintf(`"text":"%d"`, x)), add(a, `"index":"a1"`),
		fmt.Sprintf(`{"add":{"id":"%s","kind":"frame","geo":{}}}`, a),
		fmt.Sprintf(`{"patch":{"id":"%s","geo":{"x":%d}}}`, a, x),
		fmt.Sprintf(`{"patch":{"id":"%s","text":"text %d 🎈","style":{"c":%d}}}`, a, x, x),
		fmt.Sprintf(`{"patch":{"id":"%s","parent":"%s"}}`, a, b),
		fmt.Sprintf(`{"patch":{"id":"%s","parent":""}}`, a),
		fmt.Sprintf(`{"patch":{"id":"%s","index":"a%d"}}`, a, x),
		fmt.Sprintf(`{"patch":{"id":"%s","locked":true}}`, a),
		fmt.Sprintf(`{"remove":["%s"]}`, a),
		fmt.Sprintf(`{"order":{"ids":["%s","%s"],"to":"front"}}`, a, b),
		fmt.Sprintf(`{"order":{"ids":["%s","%s"],"to":"backward"}}`, a, b),
		fmt.Sprintf(`{"group":{"id":"g","ids":["%s","%s"]}}`, a, b),
		fmt.Sprintf(`{"ungroup":["%s"]}`, a),
		fmt.Sprintf(`{"board":{"k":%d}}`, x),
	}).Draw(w.rt, "op")
}

func (w *world) yjsEdit(tx *yjs.Tx, shapes *yjs.Map) error {
	id := w.id("id")
	m := shapeMap(shapes, id)
	if m == nil {
		kind := rapid.SampledFrom([]string{"rect", "frame", "group", "star"}).Draw(w.rt, "kind")
		return shapes.Set(tx, id, yjs.MapOf{"kind": kind, "geo": goodGeo, "index": "a2", "by": "yan"})
	}
	switch rapid.IntRange(0, 5).Draw(w.rt, "edit") {
	case 0:
		return shapes.Delete(tx, id)
	case 1:
		return m.Set(tx, "parent", w.id("parent"))
	case 2:
		return m.Set(tx, "index", rapid.SampledFrom([]string{"a0", "a1", "", "!"}).Draw(w.rt, "index"))
	case 3:
		x := rapid.SampledFrom([]float64{1, 2.5, 1e30}).Draw(w.rt, "x")
		return m.Set(tx, "geo", rapid.SampledFrom([]map[string]any{{"x": x}, {"x": x, "y": 1, "w": 2, "h": 3, "r": 0.5}}).Draw(w.rt, "geo"))
	case 4:
		if v, _ := m.Get("text"); v != nil {
			return v.(*yjs.Text).Insert(tx, 0, "y")
		}
		return m.Set(tx, "text", yjs.TextOf("yjs"))
	}
	return m.Set(tx, rapid.SampledFrom([]string{"kind", "by", "props", "style", "other"}).Draw(w.rt, "key"), "x")
}

// TestReceiptsOnce sends each edit as often as rapid likes, over connections that
// end and a board that is loaded anew: each happens once, and has one answer.
func TestReceiptsOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, testRoom())
		conn := canvas.Conn(1)
		ann := r.enterAs(conn, "ann", canvas.Writer, "tab", 0, 0)
		var answers []schema.ReceiptInfo
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				if rapid.Bool().Draw(rt, "reload") {
					r.open()
				} else {
					ann.leave()
				}
				conn++
				ann = r.enterAs(conn, "ann", canvas.Writer, "tab", 0, 0)
				if ann.info.Last != uint64(len(answers)) {
					rt.Fatalf("last is %d after %d", ann.info.Last, len(answers))
				}
			case 1:
				if len(answers) == 0 {
					continue
				}
				i := rapid.IntRange(max(0, len(answers)-keptReceipts), len(answers)-1).Draw(rt, "again")
				again := ann.again(uint64(i+1), "edit", `{"ops":[`+add("again")+`]}`)
				if want := answers[i]; again.Code != want.Code || again.Seq != want.Seq || again.Message != want.Message || !slices.Equal(again.Result, want.Result) {
					rt.Fatalf("the answer to %d was %+v, is %+v", i+1, want, again)
				}
			default:
				id := fmt.Sprint("s", len(answers)-len(answers)%2) // every other one is refused
				answers = append(answers, ann.call("edit", `{"ops":[`+add(id)+`]}`))
			}
		}
		if n := len(r.b.shapes); n != (len(answers)+1)/2 {
			rt.Fatalf("%d shapes after %d edits", n, len(answers))
		}
		r.check()
	})
}
