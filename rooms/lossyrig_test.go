package rooms

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// farRig is a room with clients behind bad links, stepped by hand.
type farRig struct {
	t       testing.TB
	run     *runner
	world   *meadow
	mode    *meadowMode
	now     time.Time
	clients []*farClient
	hashes  map[tick.Tick][3]state.Hash
}

// meadow is a world with something on every lane.
type meadow struct {
	Movers state.Table[mover]
	Scores state.Table[tally] `parlor:"reliable"`
	Born   state.Event[born]
}

type mover struct {
	X, Y float32 `parlor:"quant=0.01"`
	Text string
	Gold uint32 `parlor:"owner"`
}
type tally struct{ Points uint32 }
type born struct{ Who state.ID }

// meadowMode is what the meadow does each tick.
type meadowMode struct {
	moving, births, scores, gold bool
	crowd                        int    // movers that appear at once
	text                         string // of the first mover from now on; empty: as it is
}

func meadowGame(mode *meadowMode) Game[meadow, struct{}] {
	return Game[meadow, struct{}]{
		Hz: 20, MaxPlayers: 16,
		Join: func(w *meadow, _ *Ctx, p *Player, _ struct{}) { w.Movers.Put(p.ID, mover{}) },
		Tick: func(w *meadow, ctx *Ctx) { mode.step(w, ctx.Rand()) },
		Inputs: []Input[meadow]{
			Command(func(w *meadow) *state.Table[mover] { return &w.Movers }, func(m *mover, p push, _ float32) { m.X += float32(p.X) }),
		},
	}
}

func (mode *meadowMode) step(w *meadow, r *tick.Rand) {
	for id := range w.Movers.IDs() {
		m := w.Movers.Edit(id)
		if mode.moving && r.IntN(3) > 0 {
			m.X, m.Y = m.X+r.Range(-1, 1), m.Y+r.Range(-1, 1)
		}
		if mode.gold {
			m.Gold++
		}
		if mode.text != "" {
			m.Text, mode.text = mode.text, ""
		}
		if mode.births && id.Slot() >= 16 && r.IntN(40) == 0 {
			w.Movers.Delete(id)
		}
	}
	if mode.births && r.IntN(4) == 0 {
		id := w.Movers.Insert(mover{X: r.Range(0, 9), Text: "new"})
		w.Born.Send(born{id})
	}
	for ; mode.crowd > 0; mode.crowd-- {
		w.Movers.Insert(mover{})
	}
	if mode.scores && r.IntN(4) == 0 {
		w.Scores.Insert(tally{uint32(r.IntN(99))})
	}
}

func newFarRig(t testing.TB, mode meadowMode, change func(*Game[meadow, struct{}]), links ...link) *farRig {
	t.Helper()
	rig := &farRig{t: t, mode: &mode, now: time.Now(), hashes: make(map[tick.Tick][3]state.Hash)}
	game := meadowGame(rig.mode)
	if change != nil {
		change(&game)
	}
	kind := Define("meadow", game)
	reg, err := NewRegistry(Config{Kinds: []Kind{kind}})
	if err != nil {
		t.Fatal(err)
	}
	if rig.run, err = newRunner(reg, kind.def, "room", false, 1, nil); err != nil {
		t.Fatal(err)
	}
	rig.world = rig.run.room.world.(*meadow)
	for i, l := range links {
		c := &farClient{rig: rig, link: l, rand: rand.New(rand.NewPCG(1, uint64(i)))}
		rig.enter(c)
		rig.clients = append(rig.clients, c)
	}
	return rig
}

func (rig *farRig) enter(c *farClient) {
	p, err := rig.run.reserve(auth.User{ID: "u"}, nil, rig.now)
	if err != nil {
		rig.t.Fatal(err)
	}
	c.seat = &Seat{run: rig.run, place: p}
	if !rig.run.enter(c.seat, c) {
		rig.t.Fatal("a reserved seat cannot be entered")
	}
}

// step makes n ticks.
func (rig *farRig) step(n int) {
	for range n {
		for _, c := range rig.clients {
			c.hear(rig.run.room.now)
		}
		rig.now = rig.now.Add(50 * time.Millisecond)
		if next := rig.run.Step(rig.now, 0); next.Stop {
			rig.t.Fatalf("the room stops in tick %d", rig.run.room.now)
		}
		now := rig.run.room.now
		rig.hashes[now] = [3]state.Hash{rig.run.store.PublicHash(), rig.run.store.PublicHashOf(state.LossyTables), rig.run.store.PublicHashOf(state.ReliableTables)}
		for _, c := range rig.clients {
			c.receive(now)
		}
	}
}

// converged checks that every client shows what the server has.
func (rig *farRig) converged() {
	rig.t.Helper()
	for i, c := range rig.clients {
		if c.mirror.Hash() != rig.run.store.PublicHash() {
			rig.t.Errorf("client %d (%+v) shows tick %d, not what the server has in tick %d", i, c.link, c.shown, rig.run.room.now)
		}
	}
}
