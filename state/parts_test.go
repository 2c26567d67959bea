package state

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/tick"
)

// partsOf collects copies of the parts of a frame.
func partsOf(t testing.TB, s *Store, base tick.Tick, limit int) (parts []Part) {
	t.Helper()
	n, fits, ok := s.Parts(LossyTables, base, limit, true, func(part int, payload []byte) {
		parts = append(parts, Part{Tick: s.Tick(), Base: base, Part: part, Payload: slices.Clone(payload)})
	})
	if !ok || !fits || n != len(parts) {
		t.Fatalf("%d parts, %d emitted, fits %t, ok %t", n, len(parts), fits, ok)
	}
	for i := range parts {
		parts[i].Parts = n
	}
	return parts
}

// heldMirror holds the last tick.
func heldMirror(t testing.TB, s *Store) *Mirror {
	t.Helper()
	m := NewMirror(s.Schema())
	if err := m.ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
		t.Fatal(err)
	}
	m.Keep(s.Tick())
	return m
}

func TestPartsAreFewAndFull(t *testing.T) {
	w, s, ids := newMovers(t, 1000)
	m := heldMirror(t, s)
	tickMovers(w, s, ids, nil)
	whole, _ := s.AppendDelta(nil, s.Tick()-1, true)
	parts := partsOf(t, s, s.Tick()-1, 300)
	if most := len(whole)/260 + 2; len(parts) < 2 || len(parts) > most {
		t.Errorf("%d bytes in %d parts, at most %d should do", len(whole), len(parts), most)
	}
	for i, f := range parts {
		complete, err := m.ApplyPart(f)
		if err != nil || complete != (i == len(parts)-1) {
			t.Fatalf("part %d of %d: %t, %v", i, len(parts), complete, err)
		}
	}
	if m.Hash() != s.PublicHash() {
		t.Error("the parts do not make the whole")
	}
}

func TestPartsThatDoNotFit(t *testing.T) {
	w, s := newTestWorld(t)
	step(s, func() { w.Players.Insert(everyKind{}) })
	step(s, func() { w.Players.Insert(everyKind{Name: strings.Repeat("x", 400)}) })
	emit := func(int, []byte) { t.Error("something was emitted") }
	for _, limit := range []int{0, 10, 300} {
		if _, fits, ok := s.Parts(AllTables, 1, limit, true, emit); fits || !ok {
			t.Errorf("limit %d: fits %t, ok %t", limit, fits, ok)
		}
	}
	if _, _, ok := s.Parts(AllTables, 5, 1000, true, emit); ok {
		t.Error("a tick to come is no base")
	}
	if _, _, ok := s.Parts(AllTables, 0, 1000, true, emit); ok {
		t.Error("tick 0 is no base")
	}
	w2, s2, ids := newMovers(t, 5000)
	step(s2, func() {
		for i, id := range ids {
			w2.Players.Edit(id).Mate = ID(i * 0x12345677)
		}
	})
	if _, fits, ok := s2.Parts(AllTables, 1, 60, false, emit); fits || !ok {
		t.Errorf("more than 255 parts: fits %t, ok %t", fits, ok)
	}
}

func TestPartsOfTablesInBetween(t *testing.T) {
	w, s := newTestWorld(t)
	s.tagReliable([]bool{false, true, false, false}) // shots
	step(s, func() {
		for range 40 {
			w.Players.Insert(everyKind{Name: "somebody"})
			w.Shots.Insert(shot{})
		}
	})
	m := heldMirror(t, s)
	step(s, func() {
		for id := range w.Players.IDs() {
			w.Players.Edit(id).Name = "somebody else"
			w.Shots.Edit(id).Team++
		}
		w.Round.Set(7)
	})
	parts := partsOf(t, s, 1, 200)
	slices.Reverse(parts)
	for _, f := range parts {
		if _, err := m.ApplyPart(f); err != nil {
			t.Fatal(err)
		}
	}
	if applied, _ := m.Held(); applied != 2 || m.HashOf(LossyTables) != s.PublicHashOf(LossyTables) || m.Hash() == s.PublicHash() {
		t.Errorf("applied %d; the lossy tables should be the server's, the reliable one not yet", applied)
	}
	payload, _ := s.AppendDeltaOf(nil, ReliableTables, 1, true)
	if err := m.ApplyReliable(payload); err != nil || m.Hash() != s.PublicHash() {
		t.Errorf("with the reliable tables it should be all: %v", err)
	}
}

func TestRefusedParts(t *testing.T) {
	w, s, ids := newMovers(t, 200)
	if _, err := NewMirror(s.Schema()).ApplyPart(Part{Tick: 1, Parts: 1}); !errors.Is(err, ErrNotHeld) {
		t.Errorf("nothing is held, got %v", err)
	}
	m := heldMirror(t, s)
	tickMovers(w, s, ids, nil)
	parts := partsOf(t, s, 1, 200)
	shown := m.Hash()
	broken := func(why string, change func(f *Part)) {
		f := parts[1]
		change(&f)
		_, err := m.ApplyPart(f)
		if err == nil || errors.Is(err, ErrOld) || errors.Is(err, ErrNotHeld) {
			t.Errorf("%s: %v", why, err)
		}
		if applied, _ := m.Held(); applied != 1 || m.Hash() != shown {
			t.Errorf("%s: what was shown is gone", why)
		}
	}
	broken("no parts", func(f *Part) { f.Parts = 0 })
	broken("too many parts", func(f *Part) { f.Parts = 256 })
	broken("part beyond parts", func(f *Part) { f.Part = f.Parts })
	broken("negative part", func(f *Part) { f.Part = -1 })
	broken("base after tick", func(f *Part) { f.Base = f.Tick + 1 })
	for n := range parts[1].Payload {
		broken(fmt.Sprintf("cut off at %d", n), func(f *Part) { f.Payload = f.Payload[:n] })
	}
	broken("bytes left over", func(f *Part) { f.Payload = append(slices.Clone(f.Payload), 0) })
	if _, err := m.ApplyPart(Part{Tick: 2, Base: 2, Parts: 1}); !errors.Is(err, ErrNotHeld) {
		t.Errorf("base 2 is not held, got %v", err)
	}
	for _, f := range parts {
		if _, err := m.ApplyPart(f); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.ApplyPart(parts[0]); !errors.Is(err, ErrOld) {
		t.Errorf("a repeated part is old, got %v", err)
	}
}

func TestWrongHashLosesTheState(t *testing.T) {
	w, s, ids := newMovers(t, 20)
	m := heldMirror(t, s)
	tickMovers(w, s, ids, nil)
	f := partsOf(t, s, 1, 1000)[0]
	f.Payload[3] ^= 1 // in the hash
	if complete, err := m.ApplyPart(f); complete || !errors.Is(err, ErrOutOfStep) {
		t.Errorf("complete %t, %v", complete, err)
	}
	if applied, bits := m.Held(); applied != 0 || bits != 0 {
		t.Errorf("tick %d, bits %b are held of a lost state", applied, bits)
	}
	if _, err := m.ApplyPart(partsOf(t, s, 1, 1000)[0]); !errors.Is(err, ErrNotHeld) && !errors.Is(err, ErrOld) {
		t.Errorf("only a keyframe mends it, got %v", err)
	}
	if err := m.ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
		t.Fatal(err)
	}
	m.Keep(s.Tick())
	tickMovers(w, s, ids, nil)
	if complete, err := m.ApplyPart(partsOf(t, s, 2, 1000)[0]); !complete || err != nil || m.Hash() != s.PublicHash() {
		t.Errorf("after a keyframe: %t, %v", complete, err)
	}
}

func TestKeyframeIsHeldUntilABaseTickIs(t *testing.T) {
	w, s, ids := newMovers(t, 5)
	tickMovers(w, s, ids, nil)
	m := heldMirror(t, s) // tick 2
	for s.Tick() < 60 {
		tickMovers(w, s, ids, nil)
		if s.Tick()%BaseEvery == 0 {
			continue // is lost
		}
		if complete, err := m.ApplyPart(partsOf(t, s, 2, 1000)[0]); !complete || err != nil {
			t.Fatalf("tick %d: %t, %v", s.Tick(), complete, err)
		}
		if _, bits := m.Held(); bits != 0 {
			t.Fatalf("tick %d: bits %b", s.Tick(), bits)
		}
	}
	if _, err := m.ApplyPart(partsOf(t, s, 2, 1000)[0]); err != nil { // tick 60
		t.Fatal(err)
	}
	if applied, bits := m.Held(); applied != 60 || bits != 1 {
		t.Errorf("applied %d, bits %b", applied, bits)
	}
	for s.Tick() < 200 {
		tickMovers(w, s, ids, nil)
		base := s.Tick() - 1 - (s.Tick()-1)%BaseEvery
		if complete, err := m.ApplyPart(partsOf(t, s, base, 1000)[0]); !complete || err != nil {
			t.Fatalf("tick %d: %t, %v", s.Tick(), complete, err)
		}
		most := heldBases + 1 // with the keyframe
		if s.Tick() >= 2+ringTicks+BaseEvery {
			most = heldBases
		}
		if n := len(m.lossy.held); n > most {
			t.Fatalf("tick %d: %d states are held", s.Tick(), n)
		}
	}
	if _, bits := m.Held(); bits != 0xffff {
		t.Errorf("bits %b", bits)
	}
}

func TestPartsAllocateNothing(t *testing.T) {
	w, s, ids := newMovers(t, 300)
	m := heldMirror(t, s)
	var parts [64]Part
	for i := range parts {
		parts[i].Payload = make([]byte, 0, 2000)
	}
	n := 0
	emit := func(part int, payload []byte) { parts[part].Payload = append(parts[part].Payload[:0], payload...) }
	base := s.Tick()
	next := func() {
		tickMovers(w, s, ids, nil)
		var fits, ok bool
		if n, fits, ok = s.Parts(LossyTables, base, 200, s.Tick()%BaseEvery == 0, emit); !fits || !ok || n < 2 {
			t.Fatalf("%d parts, %t, %t", n, fits, ok)
		}
		for i := range n {
			f := &parts[i]
			f.Tick, f.Base, f.Part, f.Parts = s.Tick(), base, i, n
			if _, err := m.ApplyPart(*f); err != nil {
				t.Fatal(err)
			}
		}
		if s.Tick()%BaseEvery == 0 {
			base = s.Tick()
		}
	}
	for range 4 * ringTicks {
		next()
	}
	tickMovers(w, s, ids, nil)
	buffer := make([]byte, 0, 1<<16)
	if allocs := testing.AllocsPerRun(100, func() {
		s.Parts(LossyTables, base, 200, true, emit)
		s.AppendDeltaOf(buffer, LossyTables, base, false)
	}); allocs != 0 {
		t.Errorf("%v allocations to make parts", allocs)
	}
	frames := make([]Part, 0, 1000)
	for range 40 {
		tickMovers(w, s, ids, nil)
		frames = append(frames, partsOf(t, s, base, 400)...)
	}
	i := 0
	if allocs := testing.AllocsPerRun(len(frames)-1, func() {
		if _, err := m.ApplyPart(frames[i]); err != nil {
			t.Error(err)
		}
		i++
	}); allocs != 0 {
		t.Errorf("%v allocations to apply a part", allocs)
	}
}

func BenchmarkLossy20(b *testing.B) {
	w, s, ids := newMovers(b, 20)
	var buffer []byte
	for range 64 {
		buffer = tickMovers(w, s, ids, buffer)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Parts(LossyTables, s.Tick()-6, 1140, false, func(int, []byte) {})
	}
}

func BenchmarkParts1000(b *testing.B) {
	w, s, ids := newMovers(b, 1000)
	tickMovers(w, s, ids, nil)
	parts := 0
	b.ReportAllocs()
	for b.Loop() {
		parts, _, _ = s.Parts(LossyTables, s.Tick()-1, 1140, false, func(int, []byte) {})
	}
	b.ReportMetric(float64(parts), "parts")
}

func BenchmarkApplyPart20(b *testing.B) {
	w, s, ids := newMovers(b, 20)
	for s.Tick() < 64 {
		tickMovers(w, s, ids, nil)
	}
	m := heldMirror(b, s)
	var frames []Part
	for range 64 { // the movers are back where they began after 64 ticks
		base := s.Tick() - s.Tick()%BaseEvery
		tickMovers(w, s, ids, nil)
		frames = append(frames, partsOf(b, s, base, 1140)...)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		f := frames[n%64]
		f.Tick, f.Base = f.Tick+tick.Tick(n/64*64), f.Base+tick.Tick(n/64*64)
		if complete, err := m.ApplyPart(f); err != nil || !complete {
			b.Fatal(err)
		}
	}
}
