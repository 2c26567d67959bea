package board

import (
	"testing"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

func TestUndo(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	bob.edit(`{"patch":{"id":"a","geo":{"x":10},"text":"bob"}}`)
	ann.edit(`{"patch":{"id":"a","text":"ann","style":{"color":"red"}}}`)
	if got := bob.call("undo", "{}"); got.Code != 0 || string(got.Result) != `{"redo":1,"undo":0}` {
		t.Errorf("%v %s", got.Code, got.Result)
	}
	a := ann.shapes["a"]
	if ann.geo("a").X != 1 || a["text"] != "ann" {
		t.Errorf("bob's undo: his key goes back, ann's stays: %v", a)
	}
	r.check()
	if bob.call("redo", "{}"); ann.geo("a").X != 10 || ann.shapes["a"]["text"] != "ann" {
		t.Errorf("bob's redo: %v", ann.shapes["a"])
	}
	r.check()
	if got := bob.call("redo", "{}"); got.Code != schema.CodeNothingToUndo {
		t.Errorf("nothing to redo: %v", got.Code)
	}
	bob.call("undo", "{}")
	bob.edit(`{"patch":{"id":"b","text":"x"}}`)
	if got := bob.call("redo", "{}"); got.Code != schema.CodeNothingToUndo {
		t.Errorf("redo after an edit: %v", got.Code)
	}
}

func TestUndoOfAddAndRemove(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.edit(`{"group":{"id":"g","ids":["a","b"]}}`)
	ann.edit(`{"remove":["g"]}`)
	if len(bob.shapes) != 1 {
		t.Fatalf("left: %v", bob.shapes)
	}
	ann.call("undo", "{}")
	r.check()
	if len(bob.shapes) != 4 || bob.shapes["a"]["parent"] != "g" {
		t.Errorf("the removal undone: %v", bob.shapes)
	}
	ann.call("undo", "{}")
	r.check()
	if bob.shapes["g"] != nil || bob.shapes["a"]["parent"] != "" {
		t.Errorf("the grouping undone: %v", bob.shapes)
	}
	ann.call("undo", "{}")
	r.check()
	if len(bob.shapes) != 0 {
		t.Errorf("all undone: %v", bob.shapes)
	}
	for range 3 {
		if got := ann.call("redo", "{}"); got.Code != 0 {
			t.Errorf("redo: %v", got)
		}
		r.check()
	}
	if len(bob.shapes) != 1 || bob.shapes["c"] == nil {
		t.Errorf("all redone: %v", bob.shapes)
	}
}

func TestUndoDoesNotTakeWhatOthersHaveChanged(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	bob.edit(`{"patch":{"id":"a","text":"bob"}}`)
	ann.call("undo", "{}")
	r.check()
	if len(ann.shapes) != 1 || ann.shapes["a"] == nil {
		t.Errorf("left: %v", ann.shapes)
	}
	ann.edit(add("f") + `,{"group":{"id":"g","ids":["f"]}}`)
	bob.edit(`{"patch":{"id":"a","parent":"g"}}`)
	ann.call("undo", "{}")
	r.check()
	if ann.shapes["g"] == nil || ann.shapes["a"]["parent"] != "g" {
		t.Errorf("a group that others have used: %v", ann.shapes)
	}
}

func TestUndoSurvives(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	for i := range 10 {
		ann.editIn(3, `{"patch":{"id":"a","geo":{"x":`+number(float64(i))+`}}}`)
	}
	ann.edit(`{"patch":{"id":"b","text":"x"}}`)
	ann.call("undo", "{}")
	r.open()
	ann = r.enter(9, "ann", canvas.Writer)
	if got := ann.call("redo", "{}"); got.Code != 0 || ann.shapes["b"]["text"] != "x" {
		t.Errorf("redo after the reload: %v", got)
	}
	ann.call("undo", "{}")
	if ann.call("undo", "{}"); ann.geo("a").X != 1 {
		t.Errorf("undo of a gesture after the reload: %v", ann.geo("a"))
	}
	r.check()
	for i := range 300 {
		ann.edit(`{"patch":{"id":"a","geo":{"x":` + number(float64(i)) + `}}}`)
	}
	if n := len(r.disk[canvas.SpaceUndo]); n != 100 {
		t.Errorf("%d steps are stored", n)
	}
	r.open()
	r.check()
}
