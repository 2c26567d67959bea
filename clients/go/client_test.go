package client

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// within is a context that outlives no test.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// quick makes reconnecting immediate, so that tests need not wait.
var quick = Reconnect{Base: time.Nanosecond, Max: time.Nanosecond}

func dialFake(t *testing.T, f *fakeServer, o Options) *Client {
	t.Helper()
	c, err := Dial(within(t), f.url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// enter joins, and gives the room its first frame.
func enter(t *testing.T, f *fakeServer, c *Client, o JoinOptions) *Room {
	t.Helper()
	type result struct {
		room *Room
		err  error
	}
	joined := make(chan result, 1)
	f.mu.Lock()
	before := len(f.members)
	f.mu.Unlock()
	ctx := within(t)
	go func() {
		room, err := c.JoinOrCreate(ctx, "walkers", o)
		joined <- result{room, err}
	}()
	f.wait("the join", func() bool { return len(f.members) > before })
	f.step(nil)
	r := <-joined
	if r.err != nil {
		t.Fatal(r.err)
	}
	return r.room
}

// frames lets a test wait for frames: each is sent on the channel, after the
// callbacks of tables.
func frames(r *Room) <-chan Frame {
	ch := make(chan Frame, 100)
	r.OnFrame(func(f Frame) { ch <- f })
	return ch
}

// until waits for the frame of a tick.
func until(t *testing.T, ch <-chan Frame, at tick.Tick) Frame {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case f := <-ch:
			if f.Tick >= at {
				return f
			}
		case <-late:
			t.Fatalf("no frame of tick %d came", at)
		}
	}
}

func TestJoinAndFrames(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{Token: "secret", Name: "test/1"})
	room := enter(t, f, c, JoinOptions{Options: map[string]string{"Name": "Ada"}, Filter: map[string]any{"map": "x"}})
	if room.ID() != "room-1" || room.Kind() != "walkers" || room.Player() != state.ID(1<<20) || room.Rate() != 20 || c.User() != "user-1" {
		t.Errorf("room %s %s player %v at %v, user %s", room.ID(), room.Kind(), room.Player(), room.Rate(), c.User())
	}
	if f.hellos[0] != "secret" || f.joins[0].options != `{"Name":"Ada"}` || f.joins[0].filter != `{"map":"x"}` {
		t.Errorf("the server got token %q and %+v", f.hellos[0], f.joins[0])
	}
	players, err := Table[walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	number, err := Table[round](room, "Round")
	if err != nil {
		t.Fatal(err)
	}
	came := frames(room)
	f.step(func(w *fakeWorld) {
		w.Players.Edit(room.Player()).X = 12.344
		w.Round.Edit().Number = 3
	})
	until(t, came, 2)
	room.View(func() {
		if p, ok := players.Get(room.Player()); !ok || p.X != 12.34 || p.Name != "Ada" || players.Len() != 1 {
			t.Errorf("player %+v %v of %d", p, ok, players.Len())
		}
		if number.Value().Number != 3 {
			t.Errorf("round %+v", number.Value())
		}
	})
	if s := c.Stats(); s.Frames != 2 || s.Keyframes != 1 || s.BytesIn == 0 || s.Desyncs+s.BadFrames+s.Errors != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestTableCallbacks(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	var log []string
	note := func(what string, id state.ID, x float32) {
		log = append(log, what+string(rune('0'+id.Slot()))+"@"+string(rune('0'+int(x))))
	}
	var players *TableView[walker]
	room := enter(t, f, c, JoinOptions{Setup: func(r *Room) {
		var err error
		if players, err = Table[walker](r, "Players"); err != nil {
			t.Error(err)
			return
		}
		players.OnAdded(func(id state.ID, w walker) { note("+", id, w.X) })
		players.OnChanged(func(id state.ID, before, w walker) { note("from", id, before.X); note("to", id, w.X) })
		players.OnRemoved(func(id state.ID, w walker) { note("-", id, w.X) })
	}})
	came := frames(room)
	other := state.ID(1<<20 | 5)
	f.step(func(w *fakeWorld) { w.Players.Put(other, walker{X: 2}) })
	f.step(func(w *fakeWorld) { w.Players.Edit(other).X = 3 })
	until(t, came, 3)
	room.View(func() { players.OnAdded(func(id state.ID, w walker) { note("late", id, w.X) }) })
	f.step(func(w *fakeWorld) { w.Players.Delete(other) })
	until(t, came, 4)
	room.View(func() {
		want := "+0@: +5@2 from5@2 to5@3 -5@3 late0@:"
		if got := strings.Join(log, " "); got != want {
			t.Errorf("callbacks: %s\nwant:      %s", got, want)
		}
	})
}

func TestEventsAndMessages(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	room := enter(t, f, c, JoinOptions{})
	heard := make(chan string, 10)
	if _, err := OnEvent(room, "Shouts", func(s shout) { heard <- "event " + s.Text }); err != nil {
		t.Fatal(err)
	}
	room.OnMessage(func(m Message) { heard <- m.Name + " " + string(m.Data) })
	room.OnError(func(e *schema.Error) { heard <- e.Code.String() + " " + string(rune('0'+e.Request)) })
	f.step(func(w *fakeWorld) { w.Shouts.Send(shout{"hello"}) })
	for _, text := range []string{"hi", ""} {
		if _, err := SendEvent(room, shout{text}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"event hello", `heard "hi"`, "BAD_INPUT 2"} {
		select {
		case got := <-heard:
			if got != want {
				t.Errorf("heard %s, want %s", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s did not come", want)
		}
	}
	type nothing struct{ X int8 }
	if _, err := SendEvent(room, nothing{}); err == nil || !strings.Contains(err.Error(), "no event input named nothing") {
		t.Errorf("an input that the room has not: %v", err)
	}
	if _, err := Table[walker](room, "Plyers"); err == nil {
		t.Error("a table that the room has not was viewed")
	}
}

func TestPredictionEqualsTheServer(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	room := enter(t, f, c, JoinOptions{})
	p, err := NewPredictor(room, "Players", stepWalker)
	if err != nil {
		t.Fatal(err)
	}
	came := frames(room)
	f.step(nil)
	until(t, came, 2)
	var last tick.Tick
	for n := range 60 {
		at := tick.Tick(n + 4)
		if err := SendCommand(room, at, walk{X: int8(n/7%3 - 1)}); err != nil {
			t.Fatal(err)
		}
		p.mu.Lock()
		p.run(at, walk{X: int8(n/7%3 - 1)})
		p.mu.Unlock()
		f.wait("the command", func() bool { _, ok := f.members[0].commands[at]; return ok })
		f.step(nil)
		last = f.now
	}
	f.step(nil)
	frame := until(t, came, last+1)
	if frame.Ack != 63 || p.Pending() != 0 {
		t.Errorf("ack %d, %d commands pending", frame.Ack, p.Pending())
	}
	f.mu.Lock()
	want, _ := f.world.Players.Get(room.Player())
	f.mu.Unlock()
	if got, ok := p.Row(); !ok || got.X != want.X || p.Corrections() != 0 {
		t.Errorf("predicted %+v, the server has %+v; %d corrections", got, want, p.Corrections())
	}
}

// Whatever is wrong with a frame, the client asks for a keyframe by saying
// that it has applied nothing, and goes on with it.
func TestBadFrames(t *testing.T) {
	for name, c := range map[string]struct {
		mangle  func([]byte) []byte
		desyncs uint64
		bad     uint64
	}{
		"cut short":  {func(b []byte) []byte { return b[:len(b)-1] }, 0, 1},
		"wrong hash": {func(b []byte) []byte { b[2] ^= 0x10; return b }, 1, 0},
		"empty":      {func([]byte) []byte { return nil }, 0, 1},
		"all ones":   {func(b []byte) []byte { return []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255} }, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			client := dialFake(t, f, Options{})
			room := enter(t, f, client, JoinOptions{})
			desynced := make(chan Desync, 1)
			room.OnDesync(func(d Desync) { desynced <- d })
			came := frames(room)
			f.step(nil)
			until(t, came, 2)
			f.mangle(c.mangle)
			f.wait("a request for a keyframe", func() bool { return f.members[0].keyframe })
			if room.Tick() != 0 {
				t.Errorf("tick %d while the state is not known", room.Tick())
			}
			f.step(nil)
			if frame := until(t, came, 4); !frame.Keyframe {
				t.Errorf("frame %+v, want a keyframe", frame)
			}
			f.step(nil)
			until(t, came, 5)
			if s := client.Stats(); s.Desyncs != c.desyncs || s.BadFrames != c.bad || s.Disconnects != 0 {
				t.Errorf("stats %+v", s)
			}
			if len(desynced) != int(c.desyncs) {
				t.Errorf("%d desyncs told", len(desynced))
			}
		})
	}
}

// While the state is not known, frames that build on it are dropped.
func TestDeltasAreRefusedUntilAKeyframe(t *testing.T) {
	c, room, store, world := playingClient(t)
	b := schema.NewBuilder()
	receive := func(msg []byte) {
		head, body, err := verified(msg)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.dispatch(head, body, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	walkOn(t, b, store, world) // is lost
	receive(walkOn(t, b, store, world))
	receive(walkOn(t, b, store, world))
	if s := c.Stats(); s.BadFrames != 1 || s.Frames != 1 || room.Tick() != 0 {
		t.Errorf("after a gap: %+v, tick %d", s, room.Tick())
	}
	head := schema.Header{Kind: schema.KindState, Handle: 1}
	receive(append(head.Append(nil), b.State(4, 0, store.AppendKeyframe(nil, true))...))
	receive(walkOn(t, b, store, world))
	if s := c.Stats(); s.BadFrames != 1 || s.Frames != 3 || room.Tick() != 5 {
		t.Errorf("after the keyframe: %+v, tick %d", s, room.Tick())
	}
}
