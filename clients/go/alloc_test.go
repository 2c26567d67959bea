package client

import (
	"log/slog"
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// nowhere is a Transport that takes everything.
type nowhere struct{}

func (nowhere) Read() ([]byte, error) { select {} }
func (nowhere) Write([]byte) error    { return nil }
func (nowhere) Close()                {}

// playingClient is a client in a room of twenty walkers, without a connection,
// and the server's side of the room.
func playingClient(tb testing.TB) (*Client, *Room, *state.Store, *fakeWorld) {
	tb.Helper()
	world := &fakeWorld{}
	store, err := state.NewStore(world, state.Options{Hz: 20, Seed: 1})
	if err != nil {
		tb.Fatal(err)
	}
	walks, err := state.RecordOf[walk]()
	if err != nil {
		tb.Fatal(err)
	}
	def := store.Schema()
	def.Inputs = []schema.InputDef{{Name: "walk", Command: true, Columns: walks.Columns()}}
	c := &Client{start: time.Now(), log: slog.New(slog.DiscardHandler), rooms: map[uint16]*Room{}}
	c.send.builder, c.send.stats = schema.NewBuilder(), &c.stats
	c.send.use(nowhere{})
	room := newRoom(c, JoinOptions{}, schema.JoinInfo{})
	c.rooms[1] = room
	room.handle.Store(1)
	room.enter(&membership{rate: 20, schema: &def, player: 1 << 20}, 0, 0, false, time.Now())
	store.StartTick(1)
	store.Begin()
	for range 20 {
		world.Players.Insert(walker{Name: "Ada"})
	}
	store.Commit()
	store.EndTick()
	room.frame(stateFrame{tick: 1, parts: 1, payload: store.AppendKeyframe(nil, true), size: 100, arrived: time.Now()})
	return c, room, store, world
}

// walkOn moves all walkers for one tick, and returns the frame's message.
func walkOn(tb testing.TB, b *schema.Builder, store *state.Store, world *fakeWorld) []byte {
	now := store.Tick() + 1
	store.StartTick(now)
	store.Begin()
	for id := range world.Players.IDs() {
		stepWalker(world.Players.Edit(id), walk{X: 1}, 0.05)
	}
	store.Commit()
	store.EndTick()
	payload, ok := store.AppendDelta(nil, now-1, true)
	if !ok {
		tb.Fatal("no delta to the tick before")
	}
	head := schema.Header{Kind: schema.KindState, Handle: 1, Ack: uint32(now)}
	return append(head.Append(nil), b.State(uint32(now), 1, payload)...)
}

func TestReceivingAllocatesNothing(t *testing.T) {
	c, room, store, world := playingClient(t)
	b := schema.NewBuilder()
	var messages [][]byte
	for range 200 {
		messages = append(messages, walkOn(t, b, store, world))
	}
	next := 0
	receive := func() {
		head, body, err := verified(messages[next])
		if err != nil {
			t.Fatal(err)
		}
		if err := c.dispatch(head, body, time.Now()); err != nil {
			t.Fatal(err)
		}
		next++
	}
	for range 50 {
		receive()
	}
	if n := testing.AllocsPerRun(100, receive); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if room.Tick() != tick.Tick(next+1) || c.stats.desyncs.Load()+c.stats.badFrames.Load() != 0 {
		t.Errorf("at tick %d after %d frames", room.Tick(), next)
	}
}

func TestSendingACommandAllocatesNothing(t *testing.T) {
	_, room, _, _ := playingClient(t)
	at := tick.Tick(2)
	send := func() {
		at++
		if err := SendCommand(room, at, walk{X: 1}); err != nil {
			t.Fatal(err)
		}
	}
	send()
	if n := testing.AllocsPerRun(100, send); n != 0 {
		t.Errorf("%v allocations a command", n)
	}
}

func BenchmarkFrameOfTwenty(b *testing.B) {
	c, _, store, world := playingClient(b)
	build := schema.NewBuilder()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		msg := walkOn(b, build, store, world)
		b.StartTimer()
		head, body, err := verified(msg)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.dispatch(head, body, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
