package state

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func reflectType[T any]() reflect.Type { return reflect.TypeFor[T]() }

func TestSlotsAndGenerations(t *testing.T) {
	w, s := newTestWorld(t)
	call(s, func() {
		a, b := w.Shots.Insert(shot{}), w.Shots.Insert(shot{})
		if a != makeID(0, 1) || b != makeID(1, 1) {
			t.Fatalf("first IDs %v and %v", a, b)
		}
		w.Shots.Delete(a)
		if w.Shots.Delete(a) || w.Shots.Has(a) || w.Shots.Edit(a) != nil {
			t.Error("a deleted row is still there")
		}
		if c := w.Shots.Insert(shot{}); c != makeID(0, 2) {
			t.Errorf("the lowest slot is used again as %v", c)
		}
		w.Shots.Put(makeID(0, maxGen), shot{Team: 5})
		if w.Shots.Has(makeID(0, 2)) || w.Shots.Len() != 2 {
			t.Error("Put leaves the slot's other row")
		}
		w.Shots.Delete(makeID(0, maxGen))
		if d := w.Shots.Insert(shot{}); d != makeID(0, 1) {
			t.Errorf("after the last generation comes %v", d)
		}
		w.Shots.Put(makeID(maxSlots-1, 1), shot{})
		if got := slices.Collect(w.Shots.IDs()); !slices.Equal(got, []ID{makeID(0, 1), makeID(1, 1), makeID(maxSlots-1, 1)}) {
			t.Errorf("IDs %v", got)
		}
	})
}

func TestIterationToleratesChanges(t *testing.T) {
	w, s := newTestWorld(t)
	call(s, func() {
		for i := range 4 {
			w.Shots.Insert(shot{Team: uint8(i)})
		}
		var seen []uint8
		for id, row := range w.Shots.All() {
			seen = append(seen, row.Team)
			switch row.Team {
			case 0:
				w.Shots.Delete(id)
				w.Shots.Delete(makeID(1, 1))         // not reached: left out
				w.Shots.Edit(makeID(2, 1)).Team = 20 // not reached: seen as it is then
			case 3:
				w.Shots.Insert(shot{Team: 9}) // slot 0: passed already
				w.Shots.Put(makeID(200, 1), shot{Team: 10})
			}
		}
		if want := []uint8{0, 20, 3, 10}; !slices.Equal(seen, want) {
			t.Errorf("seen %v, want %v", seen, want)
		}
		for id := range w.ByTeam.Get(3) {
			w.Shots.Edit(id).Team = 4
		}
		if got := slices.Collect(w.ByTeam.Get(4)); len(got) != 1 {
			t.Errorf("team 4 has %v", got)
		}
	})
}

func TestPointersStayWhileATableGrows(t *testing.T) {
	w, s := newTestWorld(t)
	var first ID
	step(s, func() {
		first = w.Shots.Insert(shot{})
		p := w.Shots.Edit(first)
		for range 1000 {
			w.Shots.Insert(shot{})
		}
		p.Team = 42
	})
	if got, _ := w.Shots.Get(first); got.Team != 42 {
		t.Error("a row moved")
	}
	checkHashes(t, s)
}

func TestRowThatCameAndWentBetweenTwoFrames(t *testing.T) {
	w, s := newTestWorld(t)
	var kept, passing ID
	step(s, func() { kept = w.Shots.Insert(shot{}) })
	m := NewMirror(s.Schema())
	if err := m.ApplyFrame(s.AppendKeyframe(nil, false), true); err != nil {
		t.Fatal(err)
	}
	step(s, func() { passing = w.Shots.Insert(shot{}) })
	step(s, func() { w.Shots.Edit(passing).Team = 3 })
	step(s, func() { w.Shots.Delete(passing); w.Shots.Edit(kept).Team = 1 })
	payload, _ := s.AppendDelta(nil, 1, false)
	if err := m.ApplyFrame(payload, false); err != nil || m.Hash() != s.PublicHash() {
		t.Fatalf("out of step: %v", err)
	}
}

func TestTimersOrder(t *testing.T) {
	w, s := newTestWorld(t)
	due := func() (got []ID) {
		for id := range w.Wakes.Due() {
			got = append(got, id)
			if id == 5 {
				w.Wakes.At(0, 6) // due now, but set meanwhile
			}
		}
		return got
	}
	var third TimerID
	step(s, func() {
		w.Wakes.After(100*time.Millisecond, 2)
		w.Wakes.After(0, 1)
		third = w.Wakes.After(100*time.Millisecond, 3)
		w.Wakes.After(100*time.Millisecond, 4)
		w.Wakes.After(51*time.Millisecond, 5) // rounded up to two ticks
		if got := due(); got != nil {
			t.Errorf("due at once: %v", got)
		}
	})
	if at, ok := s.NextTimer(); !ok || at != 2 || s.TimersPending() != 5 {
		t.Errorf("next at %d of %d", at, s.TimersPending())
	}
	step(s, func() {
		if got := due(); !slices.Equal(got, []ID{1}) {
			t.Errorf("due at tick 2: %v", got)
		}
		if !w.Wakes.Cancel(third) || w.Wakes.Cancel(third) {
			t.Error("a timer can be cancelled once")
		}
	})
	step(s, func() {
		if got := due(); !slices.Equal(got, []ID{2, 4, 5}) {
			t.Errorf("due at tick 3: %v", got)
		}
		if got := due(); !slices.Equal(got, []ID{6}) {
			t.Errorf("then: %v", got)
		}
	})
	before := s.FullHash()
	s.Begin()
	w.Wakes.After(0, 1)
	s.Rollback()
	if s.sumHash() != before || w.Wakes.Len() != 0 {
		t.Error("an undone timer leaves a trace")
	}
}

func TestFullHashSeesWhatClientsDoNot(t *testing.T) {
	changes := map[string]func(*testWorld, *Store){
		"local column":    func(w *testWorld, s *Store) { w.Players.Edit(makeID(0, 1)).Exact = 1 },
		"owner column":    func(w *testWorld, s *Store) { w.Players.Edit(makeID(0, 1)).Ammo = 1 },
		"below the step":  func(w *testWorld, s *Store) { w.Players.Edit(makeID(0, 1)).Aim = 1e-6 },
		"local table":     func(w *testWorld, s *Store) { w.Hidden.Insert(point{}) },
		"free slot":       func(w *testWorld, s *Store) { w.Shots.Delete(w.Shots.Insert(shot{})) },
		"timer":           func(w *testWorld, s *Store) { w.Wakes.After(time.Second, 0) },
		"cancelled timer": func(w *testWorld, s *Store) { w.Wakes.Cancel(w.Wakes.After(time.Second, 0)) },
		"random number":   func(w *testWorld, s *Store) { s.Rand().Uint32() },
	}
	run := func(change func(*testWorld, *Store)) (public, full Hash, s *Store) {
		w, s := newTestWorld(t)
		step(s, func() { w.Players.Insert(everyKind{}) })
		step(s, func() { change(w, s) })
		return s.PublicHash(), s.FullHash(), s
	}
	public, full, plain := run(func(*testWorld, *Store) {})
	for name, change := range changes {
		p, f, s := run(change)
		if p != public || f == full {
			t.Errorf("%s: public %v (was %v), full %v (was %v)", name, p, public, f, full)
		}
		if _, differs := Diff(plain, s); !differs {
			t.Errorf("%s: Diff does not see it", name)
		}
	}
}

func TestDiffNamesTheField(t *testing.T) {
	a, as := newTestWorld(t)
	b, bs := newTestWorld(t)
	for _, x := range []struct {
		w *testWorld
		s *Store
		v float32
	}{{a, as, 1.5}, {b, bs, 1.6}} {
		step(x.s, func() {
			x.w.Players.Put(makeID(3, 1), everyKind{Pos: [2]point{{}, {X: x.v}}})
			x.w.Shots.Insert(shot{})
		})
	}
	if field, _ := Diff(as, bs); field != "Players[3v1].Pos.1.X: 1.5 ≠ 1.6" {
		t.Error(field)
	}
}

func TestTickAllocatesNothing(t *testing.T) {
	w, s := newTestWorld(t)
	movers, ms, ids := newMovers(t, 70)
	m := NewMirror(ms.Schema())
	if err := m.ApplyFrame(ms.AppendKeyframe(nil, true), true); err != nil {
		t.Fatal(err)
	}
	var buffer, events, snapshot []byte
	everything := func() {
		s.StartTick(s.Tick() + 1)
		s.Begin()
		id := w.Shots.Insert(shot{Team: uint8(s.Tick() % 5)})
		w.Players.Put(makeID(1, 1), everyKind{Name: "ann", Ammo: uint8(s.Tick())})
		for range w.Players.All() {
		}
		for id := range w.ByTeam.Get(2) {
			w.Shots.Edit(id).X++
		}
		if w.Shots.Len() > 20 {
			w.Shots.Delete(id)
		}
		w.Wakes.After(time.Second/10, id)
		for range w.Wakes.Due() {
		}
		w.Kills.Send(kill{By: id})
		w.Kills.To(id, kill{By: id})
		w.Round.Set(uint32(s.Tick()))
		s.Commit()
		s.Begin()
		w.Players.Edit(makeID(1, 1)).I8++
		s.Rollback()
		s.EndTick()
		buffer, _ = s.AppendDelta(buffer[:0], s.Tick()-1, true)
		buffer, _ = s.AppendDelta(buffer[:0], s.Tick()-10, false)
		buffer = s.AppendKeyframe(buffer[:0], true)
		events, _ = s.AppendEvents(events[:0])
		events, _ = s.AppendEventsTo(events[:0], id)
		events, _ = s.AppendOwner(events[:0], makeID(1, 1), false)
		events, _ = s.AppendOwner(events[:0], makeID(1, 1), true)
		snapshot = snapshot[:0]
		buffer = tickMovers(movers, ms, ids, buffer)
		if err := m.ApplyFrame(buffer, false); err != nil {
			t.Fatal(err)
		}
		m.Hash()
	}
	for range 200 {
		everything()
	}
	if n := testing.AllocsPerRun(200, everything); n != 0 {
		t.Errorf("%v allocations in a tick", n)
	}
}

func TestInputsAllocateNothing(t *testing.T) {
	moves, err := RecordOf[moveInput]()
	if err != nil {
		t.Fatal(err)
	}
	payload := moves.Append(nil, &moveInput{X: 1, Aim: 2})
	var v moveInput
	if n := testing.AllocsPerRun(100, func() {
		payload = moves.Append(payload[:0], &v)
		if err := moves.Decode(payload, &v); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for an input", n)
	}
}
