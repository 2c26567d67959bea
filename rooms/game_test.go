package rooms_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// The tests' game: everyone walks, and can hit, fail, panic and be thrown out.
type walker struct {
	X    float32 `parlor:"quant=0.01"`
	HP   int16
	Name string
	Gold uint32 `parlor:"owner"`
}

type world struct {
	Walkers state.Table[walker]
	Hits    state.Value[uint32]
	Ouch    state.Event[hit]
	Alarms  state.Timers[state.ID]
	Bombs   state.Value[int32] // each panics one tick
}

type walk struct {
	DX int8 `parlor:"min=-1,max=1"`
}
type hit struct{ Of state.ID }
type shout struct{ Text string }
type crash struct{}
type bomb struct {
	Ticks int32 `parlor:"min=0,max=10"`
}
type profile struct{ Name string }

var errOutOfReach = errors.New("out of reach")

func testGame() rooms.Game[world, profile] {
	return rooms.Game[world, profile]{
		Hz: 20, MaxPlayers: 4, Version: "1",
		Load: func(_ context.Context, r rooms.JoinRequest) (profile, error) {
			p := profile{Name: "anon"}
			return p, r.Options(&p)
		},
		Join: (*world).join, Leave: (*world).leave, Tick: (*world).tick,
		Inputs: []rooms.Input[world]{
			rooms.Command(func(w *world) *state.Table[walker] { return &w.Walkers }, step),
			rooms.Event((*world).hit),
			rooms.Event((*world).shout),
			rooms.Event((*world).crash),
			rooms.Event((*world).bomb),
		},
	}
}

func (w *world) join(ctx *rooms.Ctx, p *rooms.Player, f profile) {
	if f.Name == "panic" {
		panic("a name to fail on")
	}
	w.Walkers.Put(p.ID, walker{X: ctx.Rand().Float32() * 10, HP: 3, Name: f.Name})
}

func (w *world) leave(_ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { w.Walkers.Delete(p.ID) }

func (w *world) tick(ctx *rooms.Ctx) {
	for id := range w.Alarms.Due() {
		if p := w.Walkers.Edit(id); p != nil {
			p.HP = 3
		}
	}
	if w.Bombs.Get() > 0 {
		panic("bomb")
	}
}

func step(p *walker, m walk, dt float32) { p.X += float32(float32(m.DX) * 2 * dt) }

func (w *world) hit(ctx *rooms.Ctx, p *rooms.Player, h hit) error {
	target := w.Walkers.Edit(h.Of)
	if target == nil {
		return rooms.ErrIgnored
	}
	target.HP--
	*w.Hits.Edit()++
	if h.Of == p.ID {
		return errOutOfReach // after the edits: they must be undone
	}
	w.Ouch.Send(hit{h.Of})
	if target.HP == 0 {
		w.Walkers.Edit(p.ID).Gold += 10
		w.Alarms.After(0, h.Of)
	}
	return nil
}

func (w *world) shout(ctx *rooms.Ctx, p *rooms.Player, s shout) error {
	switch s.Text {
	case "lock":
		ctx.Lock()
		ctx.SetMetadata(map[string]string{"mood": "locked"})
	case "kick me":
		ctx.Kick(p, "as you wish")
	case "end":
		ctx.Close("that was it")
	default:
		ctx.Broadcast("shout", s)
	}
	return nil
}

func (w *world) crash(ctx *rooms.Ctx, p *rooms.Player, _ crash) error {
	w.Walkers.Edit(p.ID).HP = -100
	ctx.Rand().Uint32()
	ctx.Broadcast("never", "seen")
	panic("crash")
}

func (w *world) bomb(_ *rooms.Ctx, _ *rooms.Player, b bomb) error {
	w.Bombs.Set(b.Ticks)
	return nil
}

func TestCommandsStepTheOwnRow(t *testing.T) {
	r := roomstest.New(t, testGame())
	a := r.Join("ann", profile{"Ann"})
	b := r.Join("bob", nil)
	before, _ := r.World.Walkers.Get(a)
	r.Send(a, walk{1})
	r.Step(10)
	after, _ := r.World.Walkers.Get(a)
	if moved := after.X - before.X; moved < 0.99 || moved > 1.01 {
		t.Errorf("10 ticks at 2 a second and 20 Hz moved %v, want 1", moved)
	}
	if row, _ := r.World.Walkers.Get(b); row.Name != "anon" {
		t.Errorf("without options the name is %q, want Load's own", row.Name)
	}
}

func TestAFailedEventLeavesNothing(t *testing.T) {
	r := roomstest.New(t, testGame())
	a := r.Join("ann", nil)
	r.Send(a, hit{a})
	r.Step(1)
	if row, _ := r.World.Walkers.Get(a); row.HP != 3 || r.World.Hits.Get() != 0 {
		t.Errorf("a refused hit left HP %d and %d hits", row.HP, r.World.Hits.Get())
	}
	got := r.Refusals(a)
	if len(got) != 1 || got[0].Code != schema.CodeRefused || got[0].Text != errOutOfReach.Error() {
		t.Errorf("the player was told %v", got)
	}
}

func TestAPanicIsUndoneAndThePlayerRemovedAfterThree(t *testing.T) {
	r := roomstest.New(t, testGame())
	a, b := r.Join("ann", nil), r.Join("bob", nil)
	for i := range 3 {
		if r.Gone(a) {
			t.Fatalf("removed after %d panics", i)
		}
		r.Send(a, crash{})
		r.Step(1)
		if row, ok := r.World.Walkers.Get(a); ok && row.HP != 3 {
			t.Fatalf("panic %d left HP %d", i+1, row.HP)
		}
	}
	if !r.Gone(a) || r.World.Walkers.Has(a) {
		t.Error("three panics, and the player is still there")
	}
	if got := r.Messages(b); len(got) != 0 {
		t.Errorf("a message of an undone event went out: %v", got)
	}
	if !r.World.Walkers.Has(b) {
		t.Error("the other player is gone too")
	}
}

func TestThreeFailedTicksFaultTheRoom(t *testing.T) {
	r := roomstest.New(t, testGame())
	a := r.Join("ann", nil)
	r.Send(a, bomb{1})
	r.Step(2)
	if strings.Contains(r.Describe(), "fault") {
		t.Fatal("faulted too early")
	}
	r.Send(a, bomb{0})
	r.Step(1)
	r.Send(a, bomb{1})
	r.Step(2)
	r.Send(a, bomb{0})
	r.Step(5)
	if row, ok := r.World.Walkers.Get(a); !ok || row.HP != 3 {
		t.Error("the room did not survive two failed ticks")
	}
}

func TestAFailedJoinLeavesNothing(t *testing.T) {
	r := roomstest.New(t, testGame())
	if _, err := r.TryJoin("eve", profile{"panic"}); err == nil {
		t.Fatal("the join succeeded")
	}
	r.Step(1)
	if r.World.Walkers.Len() != 0 {
		t.Error("a row of the failed join is left")
	}
}

func TestASeatIsUsedForEver(t *testing.T) {
	r := roomstest.New(t, testGame())
	for range state.MaxGeneration + 2 {
		id := r.Join("ann", nil)
		if !r.World.Walkers.Has(id) {
			t.Fatalf("%v has no row", id)
		}
		r.Leave(id)
		r.Step(1)
	}
}

func TestRoomsRefuseMorePlayersThanSeats(t *testing.T) {
	r := roomstest.New(t, testGame())
	for _, name := range []string{"a", "b", "c", "d"} {
		r.Join(name, nil)
	}
	if _, err := r.TryJoin("e", nil); err == nil {
		t.Error("a fifth player got a seat of four")
	}
}

func TestDefineRefusesByName(t *testing.T) {
	type mapWorld struct{ M map[string]int }
	cases := map[string]struct {
		kind rooms.Kind
		want string
	}{
		"map":      {rooms.Define("x", rooms.Game[mapWorld, struct{}]{}), "M"},
		"hz":       {rooms.Define("x", rooms.Game[world, profile]{Hz: 129}), "129"},
		"name":     {rooms.Define("No Name", testGame()), "No Name"},
		"seats":    {rooms.Define("x", rooms.Game[world, profile]{MaxPlayers: -1}), "MaxPlayers"},
		"events":   {rooms.Define("x", rooms.Game[world, profile]{EventsPerSecond: -1}), "EventsPerSecond"},
		"twice":    {rooms.Define("x", rooms.Game[world, profile]{Inputs: []rooms.Input[world]{rooms.Event((*world).hit), rooms.Event((*world).hit)}}), "hit"},
		"no table": {rooms.Define("x", rooms.Game[world, profile]{Inputs: []rooms.Input[world]{rooms.Command(func(*world) *state.Table[walker] { return new(state.Table[walker]) }, step)}}), "table"},
	}
	for name, c := range cases {
		if err := c.kind.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that names %q", name, err, c.want)
		}
	}
	if err := rooms.Define("ok", testGame()).Err(); err != nil {
		t.Error(err)
	}
}
