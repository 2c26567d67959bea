package state

import (
	"bytes"
	"math"
	"testing"
	"time"
)

type point struct{ X, Y float32 }

// everyKind is a row with a column of every kind and tag.
type everyKind struct {
	Pos   [2]point `parlor:"quant=0.01,min=-1000,max=1000"`
	Aim   float32  `parlor:"quant=0.01,angle"`
	Far   float64  `parlor:"quant=0.5,snap"`
	Raw32 float32
	Raw64 float64
	On    bool
	I8    int8
	I16   int16
	I32   int32
	I64   int64
	U8    uint8
	U16   uint16
	U32   uint32
	U64   uint64
	Name  string
	Mate  ID

	Ammo   uint8   `parlor:"owner,min=0,max=100"`
	Secret string  `parlor:"owner"`
	Stock  int64   `parlor:"owner"`
	Fuel   float64 `parlor:"owner,quant=0.1"`

	Exact float64 `parlor:"local"`
	Note  string  `parlor:"local"`
}

type shot struct {
	By   ID `parlor:"owned"`
	Team uint8
	X    float32 `parlor:"quant=0.1"`
	Left uint16  `parlor:"owner"`
}

type kill struct {
	By, Of ID
	Weapon string
	At     float32 `parlor:"quant=0.01,min=0,max=100"`
}

type testWorld struct {
	Players Table[everyKind]
	Shots   Table[shot]
	Hidden  Table[point] `parlor:"local"`
	Round   Value[uint32]
	Score   Value[[2]int16]
	ByTeam  Index[uint8, shot] `parlor:"table=Shots,column=Team"`
	Kills   Event[kill]
	Bells   Event[struct{}]
	Wakes   Timers[ID]
	Notes   Timers[kill]
}

func newTestWorld(t testing.TB) (*testWorld, *Store) {
	t.Helper()
	w := new(testWorld)
	s, err := NewStore(w, Options{Hz: 20, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// step runs one tick with one call in it.
func step(s *Store, change func()) {
	s.StartTick(s.Tick() + 1)
	call(s, change)
	s.EndTick()
}

func call(s *Store, change func()) {
	s.Begin()
	change()
	s.Commit()
}

// checkHashes compares the kept hashes with ones computed from nothing.
func checkHashes(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *Store) {
	t.Helper()
	var public Hash
	for _, r := range s.tables {
		if r.grid != nil {
			public.add(r.grid.rehash())
		}
		if got := r.fullHash(); got != r.full {
			t.Fatalf("%s: full hash %v, from nothing %v", r.name, r.full, got)
		}
	}
	if got := s.PublicHash(); got != public {
		t.Fatalf("public hash %v, from nothing %v", got, public)
	}
}

func TestFirstFrames(t *testing.T) {
	w, s := newTestWorld(t)
	m := NewMirror(s.Schema())
	var id ID
	step(s, func() {
		id = w.Players.Insert(everyKind{Name: "ann", Pos: [2]point{{1.234, 2}, {3, -4}}, I8: -7, U64: math.MaxUint64, Raw64: math.Pi, Far: 1.3})
		w.Round.Set(9)
	})
	if err := m.ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
		t.Fatal(err)
	}
	if want, ok := m.LastFrameHash(); !ok || want != s.PublicHash() || m.Hash() != want {
		t.Fatalf("mirror %v, frame %v, store %v", m.Hash(), want, s.PublicHash())
	}
	step(s, func() {
		p := w.Players.Edit(id)
		p.Pos[0].X += 0.5
		p.Name = "bob"
	})
	delta, ok := s.AppendDelta(nil, 1, true)
	if !ok {
		t.Fatal("no delta to the last tick")
	}
	if err := m.ApplyFrame(delta, false); err != nil {
		t.Fatal(err)
	}
	if m.Hash() != s.PublicHash() {
		t.Fatalf("mirror %v, store %v", m.Hash(), s.PublicHash())
	}
	v, err := ViewOf[everyKind](m, "Players")
	if err != nil {
		t.Fatal(err)
	}
	p, ok := v.Get(id)
	if !ok || p.Pos[0].X != 1.73 || p.Name != "bob" || p.I8 != -7 || p.U64 != math.MaxUint64 || p.Raw64 != math.Pi || p.Far != 1.5 {
		t.Fatalf("mirrored %+v", p)
	}
	if got, _ := w.Players.Get(id); got.Far != 1.5 || got.Pos[0].X != 1.734 {
		t.Fatalf("a snap column is rounded on the server and others are not: %+v", got)
	}
	checkHashes(t, s)
}

func TestUnchangedTickIsTiny(t *testing.T) {
	w, s := newTestWorld(t)
	var id ID
	step(s, func() { id = w.Players.Insert(everyKind{}) })
	step(s, func() { w.Players.Edit(id).Pos[0].X = 0.001 }) // less than half a step
	if s.Changed() {
		t.Error("a move below the step counts as a change")
	}
	delta, ok := s.AppendDelta(nil, 1, false)
	if !ok || len(delta) != 1 {
		t.Errorf("an unchanged world: % x, %v", delta, ok)
	}
	step(s, func() { w.Players.Edit(id).Pos[0].X = 0.006 })
	if !s.Changed() {
		t.Error("slow moves must add up")
	}
}

func TestSnapshotContinuesAlike(t *testing.T) {
	w, s := newTestWorld(t)
	step(s, func() {
		a := w.Shots.Insert(shot{Team: 1})
		w.Shots.Insert(shot{Team: 2})
		w.Shots.Delete(a)
		w.Wakes.After(time.Second, a)
		w.Hidden.Insert(point{1, 2})
		s.Rand().Uint32()
	})
	copied, loaded := newTestWorld(t)
	if err := loaded.LoadSnapshot(s.AppendSnapshot(nil)); err != nil {
		t.Fatal(err)
	}
	if field, differs := Diff(s, loaded); differs {
		t.Fatal(field)
	}
	for range 30 {
		play := func(w *testWorld, s *Store) {
			step(s, func() {
				for id := range w.Wakes.Due() {
					w.Shots.Insert(shot{By: id, X: s.Rand().Float32()})
				}
			})
		}
		play(w, s)
		play(copied, loaded)
	}
	if s.FullHash() != loaded.FullHash() || s.PublicHash() != loaded.PublicHash() || w.Shots.Len() != 2 {
		field, _ := Diff(s, loaded)
		t.Fatalf("they part: %s", field)
	}
	if !bytes.Equal(s.AppendSnapshot(nil), loaded.AppendSnapshot(nil)) {
		t.Fatal("their snapshots differ")
	}
	checkHashes(t, loaded)
}
