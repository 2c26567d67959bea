package state

import (
	"testing"
)

// mover is a row of eight columns of which two change in every tick.
type mover struct {
	X, Y   float32 `parlor:"quant=0.01,min=0,max=100"`
	Aim    float32 `parlor:"quant=0.01,angle"`
	HP     uint8
	Team   uint8
	Score  int32
	Mate   ID
	Online bool
}

type moverWorld struct{ Players Table[mover] }

func newMovers(t testing.TB, n int) (*moverWorld, *Store, []ID) {
	w := new(moverWorld)
	s, err := NewStore(w, Options{Hz: 20})
	if err != nil {
		t.Fatal(err)
	}
	var ids []ID
	step(s, func() {
		for i := range n {
			ids = append(ids, w.Players.Insert(mover{X: float32(i), Y: 50}))
		}
	})
	return w, s, ids
}

// tickMovers is a whole tick: a call for each row, then one delta.
func tickMovers(w *moverWorld, s *Store, ids []ID, buffer []byte) []byte {
	s.StartTick(s.Tick() + 1)
	t := s.Tick()
	for i, id := range ids {
		s.Begin()
		p := w.Players.Edit(id)
		d := float32(0.1)
		if (uint32(t)+uint32(i))>>5&1 != 0 {
			d = -d
		}
		p.X += d
		p.Y -= d
		s.Commit()
	}
	s.EndTick()
	buffer, _ = s.AppendDelta(buffer[:0], t-1, t%16 == 0)
	return buffer
}

func BenchmarkTick20(b *testing.B)   { benchmarkTick(b, 20) }
func BenchmarkTick1000(b *testing.B) { benchmarkTick(b, 1000) }

func benchmarkTick(b *testing.B, n int) {
	w, s, ids := newMovers(b, n)
	var buffer []byte
	bytes := 0
	b.ReportAllocs()
	for b.Loop() {
		buffer = tickMovers(w, s, ids, buffer)
		bytes += len(buffer)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/row")
	b.ReportMetric(float64(bytes)/float64(b.N*n), "B/row")
}

func BenchmarkApply20(b *testing.B) {
	w, s, ids := newMovers(b, 20)
	m := NewMirror(s.Schema())
	if err := m.ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
		b.Fatal(err)
	}
	var frames [][]byte
	for range 64 { // the movers are back where they began after 64 ticks
		frames = append(frames, tickMovers(w, s, ids, nil))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if err := m.ApplyFrame(frames[n%64], false); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCatchUp20(b *testing.B) {
	w, s, ids := newMovers(b, 20)
	var buffer []byte
	for range 64 {
		buffer = tickMovers(w, s, ids, buffer)
	}
	b.ReportAllocs()
	for b.Loop() {
		buffer, _ = s.AppendDelta(buffer[:0], s.Tick()-32, false)
	}
}

func BenchmarkKeyframe20(b *testing.B) {
	_, s, _ := newMovers(b, 20)
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = s.AppendKeyframe(buffer[:0], true)
	}
}
