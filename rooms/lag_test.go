package rooms

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

func TestLagIsWhatThePlayerCouldHaveSeen(t *testing.T) {
	const now = 1000 // of 20 ticks a second: 400 ms are 8 ticks, 150 ms are 3
	at := func(ticks float64) uint32 { return uint32(ticks * 256) }
	for name, c := range map[string]struct {
		claim
		want float64 // ticks
	}{
		"honest":                      {claim{at(994.5), now, now, now - 3, 1, 200 * time.Millisecond}, 5.5},
		"finer than a step":           {claim{at(994.52), now, now, now - 3, 1, 200 * time.Millisecond}, 5.5},
		"early by two ticks":          {claim{at(992.5), now, now - 2, now - 5, 1, 200 * time.Millisecond}, 7.5},
		"too old":                     {claim{at(500), now, now, now - 3, 1, time.Second}, 8},
		"older than the round trip":   {claim{at(500), now, now, now - 3, 1, 50 * time.Millisecond}, 5},
		"round trip not known":        {claim{at(990), now, now, now - 3, 1, 0}, 4},
		"never":                       {claim{1, now, now, now - 3, 1, 50 * time.Millisecond}, 5},
		"in the future":               {claim{at(1004), now, now, now - 3, 1, 200 * time.Millisecond}, 3},
		"far in the future":           {claim{1<<31 + at(now), now, now, now - 3, 1, 200 * time.Millisecond}, 3},
		"newer than what was applied": {claim{at(999), now, now, now - 3, 1, 200 * time.Millisecond}, 3},
		"applied long ago":            {claim{at(900), now, now, 900, 1, 200 * time.Millisecond}, 8},
		"before it joined":            {claim{at(996), now, now, now - 1, now - 2, 200 * time.Millisecond}, 2},
		"count wrapped around":        {claim{at(1<<24 - 2), 1<<24 + 2, 1<<24 + 2, 1<<24 + 1, 1, 200 * time.Millisecond}, 4},
	} {
		if got := float64(c.lag(20)) / 16; got != c.want {
			t.Errorf("%s: %v ticks, want %v", name, got, c.want)
		}
	}
}

func TestNoLieReachesBeyondTheBounds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		hz := tick.Rate(rapid.IntRange(1, 128).Draw(rt, "hz"))
		next := rapid.Uint32Range(200, 1<<25).Draw(rt, "next")
		c := claim{
			seen: rapid.Uint32().Draw(rt, "seen"), next: next, use: next + rapid.Uint32Range(0, 31).Draw(rt, "lead"),
			applied: next - rapid.Uint32Range(1, 100).Draw(rt, "unapplied"), joined: next - rapid.Uint32Range(1, 150).Draw(rt, "age"),
			rtt: time.Duration(rapid.IntRange(0, 2000).Draw(rt, "rtt")) * time.Millisecond,
		}
		lag := float64(c.lag(hz)) / 16
		ticks := func(d time.Duration) float64 { return d.Seconds() * float64(hz) }
		const fine = 1.0 / 16
		if most := ticks(maxLag); lag > most+fine {
			rt.Errorf("%+v: %v ticks, never more than %v", c, lag, most)
		}
		if most := ticks(c.rtt+maxInterpolation) + float64(c.use-next+1); lag > most+fine {
			rt.Errorf("%+v: %v ticks, its round trip explains %v", c, lag, most)
		}
		if most := float64(c.use - c.joined); lag > most {
			rt.Errorf("%+v: %v ticks, it joined %v ago", c, lag, most)
		}
	})
}

func TestLagIsFollowedWhereItMatters(t *testing.T) {
	if !Define("hunt", huntGame()).def.rewinds {
		t.Error("a world with a table tagged rewind follows no lag")
	}
	if Define("dots", dotsGame()).def.rewinds {
		t.Error("a world without one does")
	}
}

// hunt is a world that remembers what its rules were told.
type hunt struct {
	Hunters state.Table[hunter] `parlor:"rewind"`
}

type hunter struct {
	X    float32
	Seen uint32 // the moment of Ctx.Rewind, in 1/256 ticks before the tick
	Past float32
}

func huntGame() Game[hunt, struct{}] {
	return Game[hunt, struct{}]{
		Hz: 20, MaxPlayers: 16,
		Join: func(w *hunt, _ *Ctx, p *Player, _ struct{}) { w.Hunters.Put(p.ID, hunter{}) },
		Tick: func(w *hunt, ctx *Ctx) {
			for p := range ctx.Players() {
				h := w.Hunters.Edit(p.ID)
				moment := ctx.Rewind(p)
				h.Seen = uint32(ctx.Tick())<<8 - moment.Fixed()
				past, _ := w.Hunters.At(moment).Get(p.ID)
				h.Past = past.X
			}
		},
		Inputs: []Input[hunt]{Command(func(w *hunt) *state.Table[hunter] { return &w.Hunters }, func(h *hunter, p push, dt float32) { h.X += float32(p.X) })},
	}
}

// huntRig is a room of one hunter, stepped by hand.
func huntRig(t *testing.T) (run *runner, conn *near, seat *Seat, step func(seen uint32)) {
	kind := Define("hunt", huntGame())
	c := newCrowdOf(t, kind, 1, func() Conn { return &near{} })
	conn = c.seats[0].conn.(*near)
	stick := payloadOf(t, push{X: 1})
	return c.run, conn, c.seats[0], func(seen uint32) {
		next := uint32(c.run.room.now) + 1
		if seen != 0 {
			c.seats[0].Saw(next, seen)
		}
		if err := c.seats[0].Command(next, 0, stick); err != nil {
			t.Fatal(err)
		}
		c.now = c.now.Add(50 * time.Millisecond)
		c.run.Step(c.now, 0)
		conn.applied = max(1, uint32(c.run.room.now)-2)
	}
}

func (h *hunt) only() hunter {
	for _, row := range h.Hunters.All() {
		return row
	}
	return hunter{}
}

func TestRewindIsWhatThePlayerSaw(t *testing.T) {
	run, _, seat, step := huntRig(t)
	w := run.room.world.(*hunt)
	for range 20 {
		step(0)
		if w.only().Seen != 0 {
			t.Fatal("a player that says nothing is rewound")
		}
	}
	// 3.5 ticks before the next one, within 50 ms of round trip and 150 ms.
	next := uint32(run.room.now) + 1
	step(next<<8 - 3*256 - 128)
	if h := w.only(); h.Seen != 3*256+128 || h.Past != h.X-3.5 {
		t.Errorf("rewound by %d/256 ticks to %v, the present is %v", h.Seen, h.Past, h.X)
	}
	step(0) // of a command whose word was lost: the lag stays
	if h := w.only(); h.Seen != 3*256+128 {
		t.Errorf("rewound by %d/256 ticks", h.Seen)
	}
	run.takeLost(seat.place)
	run.step()
	if h := w.only(); h.Seen != 0 {
		t.Errorf("one who is gone is rewound by %d/256 ticks", h.Seen)
	}
}

// TestALiarGainsNothing: whatever is claimed, each tick is judged by a moment
// that the player could have seen.
func TestALiarGainsNothing(t *testing.T) {
	run, conn, _, step := huntRig(t)
	w := run.room.world.(*hunt)
	lies := []func(now uint32) uint32{
		func(uint32) uint32 { return 1 },
		func(now uint32) uint32 { return now<<8 - 1000 },
		func(now uint32) uint32 { return now<<8 + 1000 },
		func(now uint32) uint32 { return 1 << 31 },
		func(now uint32) uint32 { return now << 8 },
	}
	for i := range uint32(200) {
		step(lies[i%5](uint32(run.room.now) + 1))
		most := uint32(5 * 256) // 50 + 150 ms and the tick on which it came
		if joined := uint32(run.room.now-1) << 8; run.room.now < 6 {
			most = min(most, joined)
		}
		if h := w.only(); h.Seen > most || run.room.now > 6 && h.Seen < 2*256 {
			t.Fatalf("tick %d: a lie rewinds by %d/256 ticks, at most %d and at least 2 ticks were possible", run.room.now, h.Seen, most)
		}
	}
	conn.applied = 0 // who lost its state sees nothing
	before := w.only().Seen
	next := uint32(run.room.now) + 1
	run.places[0].sight.lags = [commandSlots]uint16{}
	run.look(run.places[0], &item{number: next, seen: next<<8 - 900}, next)
	step(0)
	if after := w.only().Seen; after != before {
		t.Errorf("the word of a client without state counts: %d became %d", before, after)
	}
}

func TestLagIsInTheSnapshot(t *testing.T) {
	run, _, _, step := huntRig(t)
	for range 10 {
		step((uint32(run.room.now)+1)<<8 - 700)
	}
	snapshot, err := run.room.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other, err := run.def.open(99)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.loadSnapshot(snapshot); err != nil {
		t.Fatal(err)
	}
	again, err := other.snapshot()
	if err != nil || !bytes.Equal(again, snapshot) {
		t.Errorf("a snapshot of the loaded room differs: %v", err)
	}
	var out Outbox
	for _, r := range []*GameRoom{run.room, other} {
		r.Tick(r.now+1, &out)
		if got := r.world.(*hunt).only().Seen; got < 600 {
			t.Errorf("rewound by %d/256 ticks", got)
		}
	}
	if a, b := run.room.store.FullHash(), other.store.FullHash(); a != b {
		t.Errorf("one tick after the snapshot: %v and %v", a, b)
	}
}

func TestABadLagOpDoesNothing(t *testing.T) {
	run, _, seat, step := huntRig(t)
	step(0)
	var out Outbox
	for _, op := range []Op{
		{Kind: OpLag, Player: seat.Player(), Payload: []byte{1}},
		{Kind: OpLag, Player: seat.Player() + 1, Payload: []byte{1, 0}},
		{Kind: OpLag, Player: seat.Player(), Payload: []byte{0xff, 0xff}}, // as much as can be said: the first tick
	} {
		run.room.Apply(op, &out)
	}
	run.room.Tick(run.room.now, &out)
	if h := run.room.world.(*hunt).only(); h.Seen != uint32(run.room.now)<<8 {
		t.Errorf("rewound by %d/256 ticks in tick %d", h.Seen, run.room.now)
	}
}
