package board

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// order is the ids in the order of drawing.
func (r *rig) order(parent string) (ids []string) {
	for _, s := range r.b.children[parent] {
		ids = append(ids, s.id)
	}
	return ids
}

// TestOrderOfMany holds orders to what they say, done to a plain list.
func TestOrderOfMany(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := newRig(t, testRoom())
		ann := r.enter(1, "ann", canvas.Writer)
		list := []string{"a", "b", "c", "d", "e", "f", "g"}
		for _, id := range list {
			ann.edit(add(id))
		}
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			ids := rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, 7, rapid.ID[string]).Draw(rt, "ids")
			to := rapid.SampledFrom([]string{"front", "back", "forward", "backward"}).Draw(rt, "to")
			want := ordered(r.order(""), ids, to)
			ann.edit(fmt.Sprintf(`{"order":{"ids":["%s"],"to":"%s"}}`, strings.Join(ids, `","`), to))
			r.check()
			if got := r.order(""); !slices.Equal(got, want) {
				rt.Fatalf("%v to %s: %v, not %v", ids, to, got, want)
			}
		}
	})
}

// ordered is what an order does to a list of ids.
func ordered(list, ids []string, to string) []string {
	chosen := func(id string) bool { return slices.Contains(ids, id) }
	rest := slices.DeleteFunc(slices.Clone(list), chosen)
	moved := slices.DeleteFunc(slices.Clone(list), func(id string) bool { return !chosen(id) })
	switch to {
	case "front":
		return append(rest, moved...)
	case "back":
		return append(moved, rest...)
	case "forward":
		list = slices.Clone(list)
		for i := len(list) - 2; i >= 0; i-- {
			if chosen(list[i]) && !chosen(list[i+1]) {
				list[i], list[i+1] = list[i+1], list[i]
			}
		}
		return list
	}
	list = slices.Clone(list)
	for i := 1; i < len(list); i++ {
		if chosen(list[i]) && !chosen(list[i-1]) {
			list[i], list[i-1] = list[i-1], list[i]
		}
	}
	return list
}

// TestInsertsAtOnePlace: indexes stay short, and few siblings get new ones.
func TestInsertsAtOnePlace(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	for i := range 100 {
		ann.edit(add(fmt.Sprint("old", i)))
	}
	r.check()
	ids := r.order("")
	for i := range 1500 {
		id := fmt.Sprint("new", i)
		before := r.b.shapes[ids[99]].index
		got := ann.edit(add(id, `"index":"`+r.b.shapes["old50"].index+`"`)) // taken: just above it
		if n := strings.Count(string(got.Result), "new") + strings.Count(string(got.Result), "old"); n > 40 {
			t.Fatalf("%d siblings have new indexes", n)
		}
		if r.b.shapes[ids[99]].index != before {
			t.Fatal("a sibling far away has a new index")
		}
	}
	r.check()
	front := r.order("")
	if i := slices.Index(front, "old50"); front[i+1] != "new1499" || front[i+1500] != "new0" || front[i+1501] != "old51" {
		t.Error("the order is wrong")
	}
}

// TestUngroupBetweenLongIndexes: the children stay in order, whatever indexes must
// be spaced for them.
func TestUngroupBetweenLongIndexes(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	low := "a0" + strings.Repeat("0", 61)
	ann.edit(add("c0") + "," + add("c1") + "," + add("c2") + "," + add("c3"))
	ann.edit(`{"group":{"id":"g","ids":["c0","c1","c2","c3"]}}`)
	ann.edit(`{"patch":{"id":"g","index":"` + low + `1"}},` + add("above", `"index":"`+low+`2"`))
	ann.edit(`{"ungroup":["g"]}`)
	r.check()
	if got := r.order(""); !slices.Equal(got, []string{"c0", "c1", "c2", "c3", "above"}) {
		t.Errorf("order %v", got)
	}
	ann.call("undo", "{}")
	r.check()
	if got := r.order("g"); !slices.Equal(got, []string{"c0", "c1", "c2", "c3"}) {
		t.Errorf("order after the undo %v", got)
	}
}

// TestWorkOfAnEdit: many ops on many shapes are refused, and leave no trace.
func TestWorkOfAnEdit(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	large := `{"label":"` + strings.Repeat("x", 60000) + `"}`
	ann.edit(add("large", `"props":`+large) + `,{"add":{"id":"g","kind":"group","geo":{}}}`)
	for i := range 4 {
		var adds []string
		for j := range 1000 {
			adds = append(adds, add(fmt.Sprint("s", 1000*i+j), `"parent":"g"`))
		}
		ann.edit(strings.Join(adds, ","))
	}
	before := jsonOf(t, r.dump())
	for _, op := range []string{
		`{"order":{"ids":["s1"],"to":"%s"}}`, `{"patch":{"id":"large","props":{"radius":%[2]d}}}`, `{"patch":{"id":"g","parent":"%[3]s"}}`,
	} {
		var ops []string
		for i := range 998 {
			ops = append(ops, strings.ReplaceAll(fmt.Sprintf(op+`%[1]s%[2]d%[3]s`, []string{"front", "back"}[i%2], i, []string{"f", ""}[i%2]),
				"}}"+[]string{"front", "back"}[i%2]+fmt.Sprint(i)+[]string{"f", ""}[i%2], "}}"))
		}
		frame := `{"add":{"id":"f","kind":"frame","geo":{}}},`
		if got := ann.try(0, frame+strings.Join(ops, ",")); got.Code != schema.CodeTooManyOperations {
			t.Errorf("%s: %v %s", op, got.Code, got.Message)
		}
		if jsonOf(t, r.dump()) != before {
			t.Errorf("%s left traces", op)
		}
	}
	ann.edit(`{"order":{"ids":["s1"],"to":"front"}},{"ungroup":["g"]}`)
	r.check()
}

// TestYjsTangles lets a Yjs client make what no edit may: all of it ends as a tree.
func TestYjsTangles(t *testing.T) {
	const n = 200
	id := func(i int) string { return fmt.Sprint("s", i) }
	for name, write := range map[string]func(tx *yjs.Tx, shapes *yjs.Map, i int) error{
		"one index": func(tx *yjs.Tx, shapes *yjs.Map, i int) error { return shapeMap(shapes, id(i)).Set(tx, "index", "a5") },
		"a long index": func(tx *yjs.Tx, shapes *yjs.Map, i int) error {
			return shapeMap(shapes, id(i)).Set(tx, "index", "a5"+strings.Repeat("0", 60)+"1")
		},
		"a chain": func(tx *yjs.Tx, shapes *yjs.Map, i int) error {
			return shapeMap(shapes, id(i)).Set(tx, "parent", id(i+1))
		},
		"a circle": func(tx *yjs.Tx, shapes *yjs.Map, i int) error {
			return shapeMap(shapes, id(i)).Set(tx, "parent", id((i+1)%n))
		},
		"two in a circle": func(tx *yjs.Tx, shapes *yjs.Map, i int) error {
			return shapeMap(shapes, id(i)).Set(tx, "parent", id(min(1, i^1)))
		},
		"no parents": func(tx *yjs.Tx, shapes *yjs.Map, i int) error {
			if i == 0 {
				return shapes.Delete(tx, id(0))
			}
			return shapeMap(shapes, id(i)).Set(tx, "parent", id(0))
		},
	} {
		r := newRig(t, testRoom())
		ann := r.enter(1, "ann", canvas.Writer)
		var adds []string
		for i := range n + 1 {
			adds = append(adds, `{"add":{"id":"`+id(i)+`","kind":"group","geo":{}}}`)
		}
		ann.edit(strings.Join(adds, ","))
		y := r.enterYjs(3, "yan", canvas.Writer)
		y.edit(func(tx *yjs.Tx, shapes *yjs.Map) error {
			for i := range n {
				if err := write(tx, shapes, i); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
			return nil
		})
		y.take()
		t.Log(name)
		r.check()
		y.same()
		for _, s := range r.b.shapes {
			if depth, ok := r.b.model.depth(s.parent, s.id, 100); !ok || depth > r.def.Limits.Depth {
				t.Fatalf("%s: %s is %d deep", name, s.id, depth)
			}
		}
		r.open()
		r.enter(1, "ann", canvas.Writer)
		r.check()
	}
}

// TestRemoveOfWhatIsDragged takes shapes away from drags of which others go on.
func TestRemoveOfWhatIsDragged(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.move(1, schema.DragOn, "a", at(5), "b", at(6))
	bob.move(1, schema.DragOn, "c", at(7))
	bob.edit(`{"remove":["a","c"]}`)
	if n := len(r.b.dragging); n != 1 {
		t.Errorf("%d people drag", n)
	}
	ann.move(1, schema.DragEnd)
	if got := r.b.shapes["b"].geo.X; got != 6 {
		t.Errorf("b is at %v", got)
	}
	if r.b.fresh != 0 || len(r.b.dragging) != 0 {
		t.Errorf("%d moves left, %d people", r.b.fresh, len(r.b.dragging))
	}
	r.check()
}

// TestUndoKeepsTheOrder: what a step has put into another parent comes back to its
// place there.
func TestUndoKeepsTheOrder(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	ann.edit(`{"group":{"id":"g","ids":["a","b"]}}`)
	for range 2 {
		ann.call("undo", "{}")
		r.check()
		if got := r.order(""); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("order after the undo of a group: %v", got)
		}
		ann.call("redo", "{}")
		r.check()
		if got := r.order("g"); !slices.Equal(got, []string{"a", "b"}) || !slices.Equal(r.order(""), []string{"g", "c"}) {
			t.Errorf("order after the redo: %v, %v", got, r.order(""))
		}
	}
	ann.edit(`{"ungroup":["g"]}`)
	ann.call("undo", "{}")
	if got := r.order("g"); !slices.Equal(got, []string{"a", "b"}) || !slices.Equal(r.order(""), []string{"g", "c"}) {
		t.Errorf("order after the undo of an ungroup: %v, %v", got, r.order(""))
	}
}

// TestUndoOfAnotherKind: a shape that was removed and added again as another kind,
// in one step, is another shape for all who hear of it.
func TestUndoOfAnotherKind(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.edit(`{"patch":{"id":"a","props":{"radius":2}}}`)
	ann.edit(`{"remove":["a"]},{"add":{"id":"a","kind":"group","geo":{"x":9}}}`)
	r.check()
	ann.call("undo", "{}")
	r.check()
	if bob.shapes["a"]["kind"] != "rect" {
		t.Errorf("a is %v", bob.shapes["a"])
	}
	ann.call("redo", "{}")
	r.check()
	bob.edit(`{"patch":{"id":"b","parent":"a"}}`)
	ann.call("undo", "{}")
	r.check()
	if bob.shapes["a"]["kind"] != "group" || bob.shapes["b"]["parent"] != "a" {
		t.Errorf("a is %v, b %v", bob.shapes["a"], bob.shapes["b"])
	}
}

// TestGestureOverAnothersRemoval: the shape that a gesture adds is not the one that
// it began with.
func TestGestureOverAnothersRemoval(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.editIn(5, `{"patch":{"id":"a","text":"x"}},{"remove":["b"]}`)
	bob.edit(`{"remove":["a"]},` + add("b"))
	ann.editIn(5, add("a")+`,{"patch":{"id":"b","text":"y"}}`)
	r.check()
	ann.call("undo", "{}")
	r.check()
	if bob.shapes["a"] != nil || bob.shapes["b"]["text"] != "" || bob.shapes["b"]["by"] != "bob" {
		t.Errorf("a is %v, b %v", bob.shapes["a"], bob.shapes["b"])
	}
}
