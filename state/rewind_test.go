package state

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

type fighter struct {
	X    float32
	Y    float64 `parlor:"quant=0.01"`
	Aim  float32 `parlor:"angle"`
	Name string
	HP   int16
	Up   bool `parlor:"local"`
}

type duelWorld struct {
	Fighters Table[fighter] `parlor:"rewind"`
	Walls    Table[point]
	Round    Value[uint32]
	Rockets  Table[point] `parlor:"rewind,local"`
}

func newDuel(t interface {
	Helper()
	Fatal(...any)
}) (*duelWorld, *Store) {
	t.Helper()
	w := new(duelWorld)
	s, err := NewStore(w, Options{Hz: 20})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// at is the moment so many ticks after the beginning.
func at(ticks float64) Moment { return MomentAt(uint32(int64(ticks * momentsPerTick))) }

func TestRewindBetweenTicks(t *testing.T) {
	w, s := newDuel(t)
	var a, b ID
	step(s, func() { // tick 1
		a = w.Fighters.Insert(fighter{X: 1, Y: -1, Aim: 3, Name: "ann", HP: 10})
		b = w.Fighters.Insert(fighter{})
	})
	step(s, func() { // tick 2
		*w.Fighters.Edit(a) = fighter{X: 2, Y: -5, Aim: -3, Name: "bob", HP: 20, Up: true}
		w.Fighters.Delete(b)
	})
	var reused ID
	step(s, func() { reused = w.Fighters.Insert(fighter{X: 9}) }) // tick 3
	if reused.Slot() != b.Slot() {
		t.Fatal("the slot should be used again")
	}
	cases := []struct {
		at   float64
		want fighter
		b, c bool // whether b and its slot's next row are there
	}{
		{-50, fighter{1, -1, 3, "ann", 10, false}, true, false}, // before the history
		{1, fighter{1, -1, 3, "ann", 10, false}, true, false},
		{1.25, fighter{1.25, -2, 3.0707963, "ann", 10, false}, true, false},
		{1.5, fighter{1.5, -3, -math.Pi, "ann", 10, false}, true, false},
		{1.75, fighter{1.75, -4, -3.0707963, "ann", 10, false}, true, false},
		{2, fighter{2, -5, -3, "bob", 20, true}, false, false},
		{2.5, fighter{2, -5, -3, "bob", 20, true}, false, false},
		{3, fighter{2, -5, -3, "bob", 20, true}, false, true},
		{99, fighter{2, -5, -3, "bob", 20, true}, false, true},
	}
	for _, c := range cases {
		past := w.Fighters.At(at(c.at))
		got, ok := past.Get(a)
		turn := math.Abs(math.Remainder(float64(got.Aim-c.want.Aim), 2*math.Pi))
		got.Aim = c.want.Aim
		if !ok || got != c.want || turn > 1e-6 || past.Has(b) != c.b || past.Has(reused) != c.c {
			t.Errorf("at %v: %+v %t, b %t, c %t", c.at, got, turn < 1e-6, past.Has(b), past.Has(reused))
		}
	}
}

// During a tick the present is what its calls have made so far.
func TestRewindDuringATick(t *testing.T) {
	w, s := newDuel(t)
	var a ID
	step(s, func() { a = w.Fighters.Insert(fighter{X: 1}) })
	s.StartTick(2)
	s.Begin()
	w.Fighters.Edit(a).X = 3
	for m, want := range map[float64]float32{1: 1, 1.5: 2, 2: 3, 2.5: 3} {
		if row, _ := w.Fighters.At(at(m)).Get(a); row.X != want {
			t.Errorf("at %v: %v, want %v", m, row.X, want)
		}
	}
	w.Fighters.Delete(a)
	if row, ok := w.Fighters.At(at(1.5)).Get(a); !ok || row.X != 1 {
		t.Errorf("a row that is gone at the next tick is %+v, %t", row, ok)
	}
	s.Rollback()
	if row, ok := w.Fighters.At(at(1.5)).Get(a); !ok || row.X != 1 {
		t.Errorf("after undo the row is %+v, %t", row, ok)
	}
	s.EndTick()
}

func TestRewindOfOddFloats(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct{ older, newer, want float64 }{
		{1, inf, 1}, {inf, 1, inf}, {nan, 1, nan}, {1, nan, 1}, {-math.MaxFloat64, math.MaxFloat64, -math.MaxFloat64},
		{0, -2, -1}, {math.Copysign(0, -1), 0, 0},
	} {
		w, s := newDuel(t)
		var a ID
		step(s, func() { a = w.Fighters.Insert(fighter{Y: c.older}) })
		step(s, func() { w.Fighters.Edit(a).Y = c.newer })
		row, _ := w.Fighters.At(at(1.5)).Get(a)
		if math.Float64bits(row.Y) != canonical64(math.Float64bits(c.want)) {
			t.Errorf("halfway from %v to %v is %v, want %v", c.older, c.newer, row.Y, c.want)
		}
	}
}

// Moments are told modulo 2^24 ticks.
func TestRewindWhenTheCountWraps(t *testing.T) {
	w, s := newDuel(t)
	var a ID
	begin := tick.Tick(1<<24 - 2)
	for n := range tick.Tick(5) {
		s.StartTick(begin + n)
		call(s, func() {
			if n == 0 {
				a = w.Fighters.Insert(fighter{})
			}
			w.Fighters.Edit(a).X = float32(n)
		})
		s.EndTick()
	}
	for n := range uint32(8) { // halves of ticks
		m := MomentAt(uint32(begin)*momentsPerTick + n*momentsPerTick/2)
		if row, _ := w.Fighters.At(m).Get(a); row.X != float32(n)/2 {
			t.Errorf("half tick %d: %v", n, row.X)
		}
	}
}

func TestRewindNeedsTheTag(t *testing.T) {
	w, _ := newDuel(t)
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "World.Walls.At") || !strings.Contains(text, `parlor:"rewind"`) {
			t.Errorf("panics with %q", text)
		}
	}()
	w.Walls.At(at(1))
}

// naivePast is what each tick's end left, in plain maps.
type naivePast struct {
	tick tick.Tick
	rows map[ID]fighter
}

// naiveAt does what TableAt does.
func naiveAt(past []naivePast, now naivePast, fixed int64) map[ID]fighter {
	past = append(slices.Clone(past[max(0, len(past)-10):]), now)
	n := len(past) - 1
	for n > 0 && int64(past[n].tick)*256 > fixed {
		n--
	}
	older := maps.Clone(past[n].rows)
	if n == len(past)-1 || int64(past[n].tick)*256 >= fixed {
		return older
	}
	newer := past[n+1]
	weight := float64(fixed-int64(past[n].tick)*256) / float64(int64(newer.tick-past[n].tick)*256)
	for id, row := range older {
		if next, ok := newer.rows[id]; ok {
			row.X = float32(float64(row.X) + float64((float64(next.X)-float64(row.X))*weight))
			row.Y = row.Y + float64((next.Y-row.Y)*weight)
			older[id] = row
		}
	}
	return older
}

func TestRewindAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, s := newDuel(t)
		var past []naivePast
		for range rapid.IntRange(1, 40).Draw(t, "ticks") {
			s.StartTick(s.Tick() + tick.Tick(rapid.SampledFrom([]int{1, 1, 1, 1, 3}).Draw(t, "step")))
			for range rapid.IntRange(0, 2).Draw(t, "calls") {
				s.Begin()
				changeFighters(t, w)
				checkPast(t, w, s, past)
				if rapid.Bool().Draw(t, "undone") {
					s.Rollback()
				} else {
					s.Commit()
				}
			}
			checkPast(t, w, s, past)
			s.EndTick()
			past = append(past, naivePast{s.Tick(), maps.Collect(w.Fighters.All())})
			checkPast(t, w, s, past)
			if rapid.IntRange(0, 9).Draw(t, "snapshot") == 0 {
				w, s = reloadDuel(t, s)
				checkPast(t, w, s, past)
			}
		}
	})
}

func changeFighters(t *rapid.T, w *duelWorld) {
	for range rapid.IntRange(0, 5).Draw(t, "changes") {
		ids := slices.Collect(w.Fighters.IDs())
		row := fighter{X: rapid.Float32Range(-9, 9).Draw(t, "x"), Y: rapid.Float64Range(-9, 9).Draw(t, "y"), Name: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "name")}
		if n := rapid.IntRange(-2, 2*len(ids)).Draw(t, "row"); n < 0 {
			w.Fighters.Insert(row)
		} else if n < len(ids) {
			*w.Fighters.Edit(ids[n]) = row
		} else if n < 2*len(ids) && rapid.Bool().Draw(t, "delete") {
			w.Fighters.Delete(ids[n-len(ids)])
		} else if n == 2*len(ids) {
			w.Fighters.Put(makeID(uint32(rapid.IntRange(0, 70).Draw(t, "slot")), uint16(rapid.IntRange(1, 3).Draw(t, "gen"))), row)
		}
	}
}

// checkPast reads the table at many moments.
func checkPast(t *rapid.T, w *duelWorld, s *Store, past []naivePast) {
	now := naivePast{s.Tick(), maps.Collect(w.Fighters.All())}
	for range 3 {
		fixed := int64(s.Tick())*256 - int64(rapid.IntRange(-300, 4000).Draw(t, "age"))
		table := w.Fighters.At(MomentAt(uint32(fixed)))
		want := naiveAt(past, now, fixed)
		ids := slices.SortedFunc(maps.Keys(want), func(a, b ID) int { return a.Slot() - b.Slot() })
		n := 0
		for id, row := range table.All() {
			if n >= len(ids) || id != ids[n] || row != want[id] {
				t.Fatalf("at %d/256, tick %d: row %v %+v, want %v", fixed, s.Tick(), id, row, want)
			}
			if got, ok := table.Get(id); !ok || got != row || !table.Has(id) {
				t.Fatalf("Get(%v) gives %+v, All %+v", id, got, row)
			}
			n++
		}
		if n != len(ids) {
			t.Fatalf("%d rows, want %d", n, len(ids))
		}
		for id := range now.rows {
			if _, there := want[id]; table.Has(id) != there {
				t.Fatalf("Has(%v) is %t", id, !there)
			}
		}
	}
}

// reloadDuel goes on from a snapshot.
func reloadDuel(t *rapid.T, s *Store) (*duelWorld, *Store) {
	snapshot := s.AppendSnapshot(nil)
	w, o := newDuel(t)
	for range 30 {
		step(o, func() { w.Fighters.Insert(fighter{Name: "of another life"}) })
	}
	if err := o.LoadSnapshot(snapshot); err != nil {
		t.Fatal(err)
	}
	if again := o.AppendSnapshot(nil); !bytes.Equal(again, snapshot) {
		t.Fatal("a loaded snapshot is written differently")
	}
	return w, o
}

func TestSnapshotsOfBothVersions(t *testing.T) {
	_, plain := newTestWorld(t)
	if snapshot := plain.AppendSnapshot(nil); snapshot[2] != 1 {
		t.Errorf("a world without history writes version %d", snapshot[2])
	}
	w, s := newDuel(t)
	step(s, func() { w.Fighters.Insert(fighter{X: 5}) })
	with := s.AppendSnapshot(nil)
	for _, r := range s.tables { // as if no table had the tag
		r.history = nil
	}
	s.rewinds = nil
	without := s.AppendSnapshot(nil)
	if with[2] != 2 || without[2] != 1 {
		t.Fatalf("versions %d and %d", with[2], without[2])
	}
	if err := s.LoadSnapshot(with); err == nil {
		t.Error("a history was taken by tables that keep none")
	}
	w, s = newDuel(t)
	step(s, func() { w.Fighters.Insert(fighter{X: 7}) })
	if err := s.LoadSnapshot(without); err != nil {
		t.Fatal(err)
	}
	if row, _ := w.Fighters.At(at(0.5)).Get(makeID(0, 1)); row.X != 5 {
		t.Errorf("without history the present is read; got %+v", row)
	}
}

func TestRememberingAllocatesNothing(t *testing.T) {
	w, s := newDuel(t)
	var ids []ID
	step(s, func() {
		for range 100 {
			ids = append(ids, w.Fighters.Insert(fighter{Name: "x"}))
		}
	})
	next := func() {
		step(s, func() {
			for _, id := range ids {
				w.Fighters.Edit(id).X++
			}
			past := w.Fighters.At(MomentAt(uint32(s.Tick())*256 - 700))
			for id, row := range past.All() {
				if other, _ := past.Get(id); other.X != row.X {
					t.Error("rows differ")
				}
			}
		})
	}
	for range 80 {
		next()
	}
	if n := testing.AllocsPerRun(100, next); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkRemember1000(b *testing.B) {
	w, s := newDuel(b)
	step(s, func() {
		for range 1000 {
			w.Fighters.Insert(fighter{Name: "x"})
		}
	})
	r := w.Fighters.rows
	b.ReportMetric(float64(unsafe.Sizeof(fighter{})), "B/row")
	for b.Loop() {
		r.remember(s.Tick())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/row")
}
