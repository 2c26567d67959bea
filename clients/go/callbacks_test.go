package client

import (
	"slices"
	"testing"

	"github.com/parlor-server/parlor/state"
)

func TestCallbacksAreTakenBack(t *testing.T) {
	var list callbacks[string]
	var removes []func()
	for _, name := range []string{"a", "b", "c", "d"} {
		removes = append(removes, list.add(name))
	}
	var got []string
	for name := range list.all() {
		got = append(got, name)
		if name == "b" { // in the middle of a walk, of itself and of another
			removes[1]()
			removes[2]()
			removes[2]()
			list.add("e")
		}
	}
	if want := []string{"a", "b", "d"}; !slices.Equal(got, want) {
		t.Errorf("walked %v, want %v", got, want)
	}
	if got, want := slices.Collect(list.all()), []string{"a", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("then %v, want %v", got, want)
	}
}

func TestCancelledTableCallbacks(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	room := enter(t, f, c, JoinOptions{})
	players, err := Table[walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	var changed, removed, shouts, drawn int
	var added []state.ID
	cancelEvent, err := OnEvent(room, "Shouts", func(shout) { shouts++ })
	if err != nil {
		t.Fatal(err)
	}
	var once func()
	room.View(func() {
		once = players.OnAdded(func(id state.ID, _ walker) {
			added = append(added, id)
			once() // the others of the same frame are not told any more
		})
	})
	cancels := []func(){
		cancelEvent,
		players.OnChanged(func(state.ID, walker, walker) { changed++ }),
		players.OnRemoved(func(state.ID, walker) { removed++ }),
		room.OnFrame(func(Frame) { drawn++ }),
	}
	came := frames(room)
	var extra state.ID
	rules := func(w *fakeWorld) {
		extra = w.Players.Insert(walker{Name: "Eve"})
		w.Players.Edit(room.Player()).HP--
		w.Shouts.Send(shout{Text: "hey"})
	}
	f.step(rules)
	f.step(func(w *fakeWorld) { w.Players.Edit(room.Player()).HP-- })
	until(t, came, 3)
	room.View(func() {
		if len(added) != 1 || changed != 1 || shouts != 1 || drawn != 2 {
			t.Errorf("added %v, changed %d, shouts %d, drawn %d", added, changed, shouts, drawn)
		}
		for _, cancel := range cancels {
			cancel()
		}
	})
	f.step(rules)
	f.step(func(w *fakeWorld) { w.Players.Delete(extra) })
	until(t, came, 5)
	room.View(func() {
		if len(added) != 1 || changed != 1 || removed != 0 || shouts != 1 || drawn != 2 {
			t.Errorf("after cancelling: added %v, changed %d, removed %d, shouts %d, drawn %d", added, changed, removed, shouts, drawn)
		}
	})
	again := 0
	players.OnAdded(func(state.ID, walker) { again++ })
	f.step(nil)
	until(t, came, 6)
	room.View(func() {
		if again != players.Len() {
			t.Errorf("a later callback was told of %d rows, there are %d", again, players.Len())
		}
	})
}

// What is closed follows the room no more, and leaves nothing behind in it.
func TestClosingViews(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	room := enter(t, f, c, JoinOptions{})
	p, err := NewPredictor(room, "Players", stepWalker)
	if err != nil {
		t.Fatal(err)
	}
	i, err := NewInterpolator[walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	i.Close()
	if room.onFrame.some() || room.onReconnect.some() {
		t.Error("the room still has callbacks")
	}
}
