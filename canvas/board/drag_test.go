package board

import (
	"fmt"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

func at(x float64) Geo { return Geo{X: x, Y: 1, W: 2, H: 3} }

// start is a board with shapes a, b and c, and two people.
func start(t testing.TB, room Room) (r *rig, ann, bob *typed) {
	r = newRig(t, room)
	ann, bob = r.enter(1, "ann", canvas.Writer), r.enter(2, "bob", canvas.Writer)
	ann.edit(add("a") + "," + add("b") + "," + add("c"))
	r.pass(time.Second)
	return r, ann, bob
}

func TestDragIsKeptAtItsEnd(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	frames := bob.frames
	for i := range 30 {
		ann.move(5, schema.DragOn, "a", at(float64(i)), "b", at(100))
	}
	if r.b.shapes["a"].geo.X != 1 {
		t.Error("a drag that goes on is in the model")
	}
	r.pass(40 * time.Millisecond)
	if got := bob.frames - frames; got != 1 {
		t.Errorf("%d frames for 30 positions in a tick", got)
	}
	if bob.drags["a"][0] != 29 || bob.drags["b"][0] != 100 {
		t.Errorf("bob sees %v", bob.drags)
	}
	ann.move(5, schema.DragEnd, "a", at(50))
	if len(bob.drags) != 0 || len(ann.drags) != 0 {
		t.Errorf("after the end: %v", bob.drags)
	}
	if bob.geo("a").X != 50 || bob.geo("b").X != 100 {
		t.Errorf("kept: %v, %v", bob.geo("a"), bob.geo("b"))
	}
	r.check()
	if next := r.b.Next(); !next.IsZero() && next.Before(r.now.Add(time.Second)) {
		t.Errorf("nothing to do, but the next tick is %v", next.Sub(r.now))
	}
	if got := ann.call("undo", "{}"); got.Code != 0 || bob.geo("a").X != 1 || bob.geo("b").X != 1 {
		t.Errorf("one undo of the gesture: %v, %v", got, bob.geo("a"))
	}
	r.check()
}

func TestDragRests(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.move(5, schema.DragOn, "a", at(10))
	r.pass(499 * time.Millisecond)
	if bob.geo("a").X != 1 {
		t.Error("kept before it has rested")
	}
	r.pass(time.Millisecond)
	if bob.geo("a").X != 10 || len(bob.drags) != 0 {
		t.Errorf("after 500 ms: %v, %v", bob.geo("a"), bob.drags)
	}
	ann.move(5, schema.DragOn, "a", at(20))
	ann.move(5, schema.DragEnd)
	r.check()
	if bob.geo("a").X != 20 {
		t.Errorf("it goes on: %v", bob.geo("a"))
	}
	if ann.call("undo", "{}"); bob.geo("a").X != 1 {
		t.Errorf("a gesture that rested is not one step: %v", bob.geo("a"))
	}
}

func TestDragOfWhoIsGoneIsRolledBack(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.move(5, schema.DragOn, "a", at(10))
	r.pass(40 * time.Millisecond)
	if len(bob.drags) != 1 {
		t.Fatalf("bob sees %v", bob.drags)
	}
	ann.leave()
	r.pass(time.Second)
	if len(bob.drags) != 0 || bob.geo("a").X != 1 {
		t.Errorf("after the dragger left: %v, %v", bob.drags, bob.geo("a"))
	}
	bob.move(1, schema.DragOn, "a", at(30))
	bob.move(1, schema.DragCancel)
	r.pass(time.Second)
	if bob.geo("a").X != 1 {
		t.Errorf("after a drag that was given up: %v", bob.geo("a"))
	}
	r.check()
}

func TestOneDraggerOfAShape(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.move(5, schema.DragOn, "a", at(10))
	bob.move(6, schema.DragOn, "a", at(99), "b", at(20))
	bob.move(6, schema.DragEnd)
	ann.move(5, schema.DragEnd)
	r.check()
	if ann.geo("a").X != 10 || ann.geo("b").X != 20 || len(bob.errors) != 0 {
		t.Errorf("a %v, b %v, %v", ann.geo("a"), ann.geo("b"), bob.errors)
	}
	bob.drags["a"], bob.drags["b"] = [5]float32{}, [5]float32{} // as its client draws them
	ann.move(5, schema.DragOn, "a", at(10))
	if bob.move(8, schema.DragEnd, "a", at(1), "zz", at(2)); len(bob.drags) != 1 || len(bob.errors) != 1 {
		t.Errorf("the end of a drag of what is another's: %v, %v", bob.drags, bob.errors)
	}
	ann.move(5, schema.DragEnd)
	bob.move(7, schema.DragEnd, "a", at(99))
	if ann.geo("a").X != 99 {
		t.Error("a shape whose drag has ended cannot be dragged")
	}
}

func TestDragsThatAreRefused(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	eve := r.enter(3, "eve", canvas.Reader)
	ann.edit(`{"patch":{"id":"c","locked":true}}`)
	for i, c := range []struct {
		who  *typed
		id   string
		geo  Geo
		code schema.Code
	}{
		{bob, "c", at(1), schema.CodeShapeLocked},
		{bob, "zz", at(1), schema.CodeNoSuchShape},
		{bob, "a", at(1e9), schema.CodeValidation},
		{bob, "a", Geo{W: -1}, schema.CodeValidation},
		{eve, "a", at(1), schema.CodeForbidden},
	} {
		for range 3 {
			c.who.move(uint32(100+i), schema.DragOn, c.id, c.geo, "b", at(float64(i)))
		}
		if len(c.who.errors) != 1 || c.who.errors[0].Code != c.code {
			t.Errorf("%d: %v; want %v once", i, c.who.errors, c.code)
		}
		c.who.errors = nil
	}
	bob.send(schema.KindDrag, r.builder.Drag(1, 0, []byte{1, 'a'}))
	if len(bob.errors) != 1 {
		t.Errorf("a payload that is cut short: %v", bob.errors)
	}
	r.pass(time.Second)
	if bob.geo("b").X != 3 {
		t.Errorf("what was right in them: %v", bob.geo("b"))
	}
	r.check()
}

func TestSlowClientAndJoinerSeeAllDrags(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	r.slow[2] = true
	ann.move(5, schema.DragOn, "a", at(10))
	r.pass(40 * time.Millisecond)
	ann.move(5, schema.DragOn, "b", at(20))
	r.pass(40 * time.Millisecond)
	if len(bob.drags) != 0 {
		t.Fatalf("a slow client has %v", bob.drags)
	}
	r.slow[2] = false
	cid := r.enter(3, "cid", canvas.Reader)
	r.pass(40 * time.Millisecond)
	for _, c := range []*typed{bob, cid} {
		if c.drags["a"][0] != 10 || c.drags["b"][0] != 20 {
			t.Errorf("client %d has %v", c.conn, c.drags)
		}
	}
}

func TestRemovedShapeIsNotDragged(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.move(5, schema.DragOn, "a", at(10), "b", at(10))
	bob.edit(`{"remove":["a"]}`)
	ann.move(5, schema.DragEnd)
	r.check()
	if bob.geo("b").X != 10 {
		t.Errorf("the other one: %v", bob.geo("b"))
	}
	if len(r.b.dragging) != 0 || r.b.fresh != 0 {
		t.Errorf("left: %d drags, %d fresh", len(r.b.dragging), r.b.fresh)
	}
}

// A gesture costs the document a few bytes, however many positions it had.
func TestGrowthOfGestures(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	before := len(r.b.Doc().EncodeState(nil))
	const gestures = 1000
	for i := range gestures {
		id := []string{"a", "b", "c"}[i%3]
		for j := range 100 {
			ann.move(uint32(i+1), schema.DragOn, id, at(float64(j)))
		}
		ann.move(uint32(i+1), schema.DragEnd, id, at(float64(i)))
	}
	if grown := len(r.b.Doc().EncodeState(nil)) - before; grown > 20*gestures {
		t.Errorf("%d bytes for %d gestures of 100 positions each", grown, gestures)
	} else {
		t.Logf("%d bytes for %d gestures of 100 positions each", grown, gestures)
	}
	r.check()
}

func FuzzDrag(f *testing.F) {
	f.Add(appendMove(nil, "a", at(5)), uint8(0))
	f.Add(appendMove(appendMove(nil, "a", at(5)), "b", at(1)), uint8(1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, uint8(0))
	f.Add([]byte{64}, uint8(2))
	f.Fuzz(func(t *testing.T, payload []byte, phase uint8) {
		r, ann, _ := start(t, testRoom())
		ann.send(schema.KindDrag, r.builder.Drag(1, phase, payload))
		r.pass(time.Second)
		r.check()
		if len(r.b.dragging) != 0 {
			t.Error(fmt.Sprint("left: ", len(r.b.dragging)))
		}
	})
}
