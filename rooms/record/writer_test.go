package record

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/parlor-server/parlor/tick"
)

// stalled is a Recorder whose goroutine does not run until resume, as if the
// disk hung.
func stalled(t *testing.T, dir string, opts Options) (r *Recorder, resume func()) {
	t.Helper()
	r = newRecorder(dir, opts)
	return r, func() { go r.run() }
}

// run ends ticks from the last one on up to the given one.
func run(w *Writer, to tick.Tick) {
	for now := w.last + 1; now <= to; now++ {
		w.Input(Input{Kind: 3, Player: 1 << 20, Payload: []byte("payload")})
		w.TickEnd(now, Hash{A: uint32(now)})
	}
}

// TestNilWriter: a room that is not recorded needs no case of its own.
func TestNilWriter(t *testing.T) {
	var r *Recorder
	w := r.Open(testHeader())
	if w.NeedSegment(1) {
		t.Error("a room that is not recorded is asked for a snapshot")
	}
	w.BeginSegment(0, []byte("s"))
	w.Input(Input{})
	w.TickEnd(1, Hash{})
	w.Flush()
	w.Close("", true)
	if err := r.Close(); err != nil || r.Stats() != (Stats{}) {
		t.Error(err, r.Stats())
	}
}

// TestNeedSegment: every 30 seconds of ticks; the first after 15 to 30, spread
// over the rooms.
func TestNeedSegment(t *testing.T) {
	r := open(t, t.TempDir(), Options{})
	firsts := map[tick.Tick]bool{}
	for i := range 50 {
		h := testHeader()
		h.Room = fmt.Sprint("room", i)
		w := r.Open(h)
		if !w.NeedSegment(0) {
			t.Fatal("no segment is asked for at the beginning")
		}
		w.BeginSegment(0, nil)
		first := tick.Tick(0)
		for !w.NeedSegment(first) {
			first++
		}
		if first < 300 || first > 600 {
			t.Errorf("the first segment takes %d ticks at 20 Hz", first)
		}
		firsts[first] = true
		w.BeginSegment(first, nil)
		if w.NeedSegment(first+599) || !w.NeedSegment(first+600) {
			t.Error("the second segment does not take 30 seconds")
		}
		w.Close("", false)
		if w.NeedSegment(first + 9000) {
			t.Error("a closed room is asked for a snapshot")
		}
	}
	if len(firsts) < 30 {
		t.Errorf("the first segments of 50 rooms end in only %d different ticks", len(firsts))
	}
}

// TestQueueFull (R9, R16): a full queue costs the rest of the segment, which ends
// with a gap mark; the next segment is whole. Nothing blocks.
func TestQueueFull(t *testing.T) {
	for _, c := range []struct {
		name string
		opts Options
	}{
		{"chunks of one room", Options{}},
		{"bytes of all rooms", Options{QueueBytes: 5000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				r, resume := stalled(t, dir, c.opts)
				w := r.Open(testHeader())
				w.BeginSegment(0, []byte("first"))
				run(w, 700) // 35 seconds
				if r.Stats().Gaps != 1 {
					t.Errorf("%d gaps, want 1", r.Stats().Gaps)
				}
				w.BeginSegment(700, make([]byte, 5000)) // refused too
				run(w, 710)
				resume()
				synctest.Wait()
				w.BeginSegment(800, []byte("second"))
				run(w, 820)
				w.Close("empty", false)
				closed(t, r)

				segments, entries, err := readAll(filepath.Join(dir, "arena", "r00m"), ReadOptions{})
				if err != nil || len(segments) != 2 {
					t.Fatalf("%d segments, %v", len(segments), err)
				}
				first, second := segments[0], segments[1]
				if first.End != EndGap || first.Ticks == 0 || first.Ticks >= 700 || len(entries[0]) != 2*first.Ticks {
					t.Errorf("first: %v, %d ticks, %d entries", first.End, first.Ticks, len(entries[0]))
				}
				if second.End != EndClosed || second.Ticks != 20 || second.Header.FirstTick != 801 || !second.Gap || second.Header.Continues {
					t.Errorf("second: %v, %d ticks, %+v", second.End, second.Ticks, second.Header)
				}
				if s := r.Stats(); s.Gaps != 2 || s.Segments != 2 || s.Failures != 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// TestQueueBounded: whatever a room does while the disk hangs, no more than the
// bound waits.
func TestQueueBounded(t *testing.T) {
	dir := t.TempDir()
	r, resume := stalled(t, dir, Options{})
	w := r.Open(testHeader())
	for i := range tick.Tick(1000) {
		w.BeginSegment(2*i+1, []byte("s")) // not after the last tick: a gap each time
		w.TickEnd(2*i+2, Hash{})
		w.Flush()
	}
	w.Close("", false)
	if n := len(w.lane.chunks); n > 2*maxChunks+1 {
		t.Errorf("%d chunks wait", n)
	}
	resume()
	closed(t, r)
	if r.queue.bytes != 0 {
		t.Errorf("%d bytes are still counted", r.queue.bytes)
	}
}

// TestFairQueue: a room that fills its part leaves room for the others.
func TestFairQueue(t *testing.T) {
	dir := t.TempDir()
	r, resume := stalled(t, dir, Options{})
	h := testHeader()
	loud := r.Open(h)
	h.Room = "quiet"
	quiet := r.Open(h)
	loud.BeginSegment(0, nil)
	run(loud, 1000)
	quiet.BeginSegment(0, nil)
	run(quiet, 100)
	quiet.Close("", false)
	resume()
	closed(t, r)
	segments, _, err := readAll(filepath.Join(dir, "arena", "quiet"), ReadOptions{})
	if err != nil || len(segments) != 1 || segments[0].Ticks != 100 || segments[0].End != EndClosed {
		t.Errorf("%+v, %v", segments, err)
	}
}

// TestMisuse: a room that breaks the order of calls gets a gap, never a file
// that does not read.
func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(*Writer)
		gaps uint64
	}{
		{"a tick left out", func(w *Writer) { w.TickEnd(7, Hash{}); w.BeginSegment(7, nil) }, 1},
		{"a segment in a tick", func(w *Writer) { w.Input(Input{}); w.BeginSegment(1, nil) }, 1},
		{"a segment too late", func(w *Writer) { w.TickEnd(2, Hash{}); w.BeginSegment(3, nil) }, 1},
		{"entries before a segment", func(w *Writer) {}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r := open(t, dir, Options{})
			w := r.Open(testHeader())
			w.Input(Input{})
			w.TickEnd(1, Hash{})
			w.BeginSegment(1, nil)
			c.play(w)
			w.Close("", false)
			w.Close("", false)
			w.BeginSegment(9, nil)
			w.TickEnd(10, Hash{})
			closed(t, r)
			segments, _, err := readAll(filepath.Join(dir, "arena", "r00m"), ReadOptions{})
			if err != nil || r.Stats().Gaps != c.gaps {
				t.Fatalf("%d gaps, %v", r.Stats().Gaps, err)
			}
			if last := segments[len(segments)-1]; last.End != EndClosed || last.Gap != (c.gaps > 0) {
				t.Errorf("%+v", last)
			}
		})
	}
}

// TestFlush: a room that sleeps has its last ticks on the disk.
func TestFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{})
		w := r.Open(testHeader())
		w.BeginSegment(0, nil)
		run(w, 33)
		synctest.Wait()
		w.Flush()
		synctest.Wait()
		path := filepath.Join(dir, "arena", "r00m", segmentName(1))
		if _, _, err := readAll(path, ReadOptions{}); !errors.Is(err, ErrTruncated) {
			t.Errorf("a segment that is being written: %v", err)
		}
		segments, _, err := readAll(path, ReadOptions{AllowTruncated: true})
		if err != nil || segments[0].Ticks != 33 {
			t.Errorf("%+v, %v", segments, err)
		}
		w.Close("", false)
	})
}

// TestNoAllocations: recording costs the room's loop, and the goroutine behind
// it, no allocation.
func TestNoAllocations(t *testing.T) {
	r := open(t, t.TempDir(), Options{})
	w := r.Open(testHeader())
	w.BeginSegment(0, make([]byte, 4000))
	payload := []byte("command")
	second := func() {
		for range 20 {
			for p := range uint32(20) {
				w.Input(Input{Kind: 3, Player: 1<<20 | p, Payload: payload})
			}
			w.TickEnd(w.last+1, Hash{A: 1, B: 2})
		}
		for r.queue.waiting(w.lane) > 0 { // keep pace, as a game's ticks do
			runtime.Gosched()
		}
	}
	second()
	if n := testing.AllocsPerRun(200, second); n != 0 {
		t.Errorf("%v allocations a second of ticks", n)
	}
	w.Close("", false)
	if r.Stats().Gaps != 0 {
		t.Error("the recorder did not keep up")
	}
}

// BenchmarkTick20 is a tick of 20 players with a command each, the writing of
// the files included.
func BenchmarkTick20(b *testing.B) {
	r := open(b, b.TempDir(), Options{})
	w := r.Open(testHeader())
	payload := []byte{1, 2, 3, 4}
	b.ReportAllocs()
	for b.Loop() {
		if w.NeedSegment(w.last) {
			w.BeginSegment(w.last, make([]byte, 4000))
		}
		for p := range uint32(20) {
			w.Input(Input{Kind: 3, Player: 1<<20 | p, Payload: payload})
		}
		w.TickEnd(w.last+1, Hash{A: 1, B: 2})
		for w.flushed == w.last && r.queue.waiting(w.lane) > 0 {
			runtime.Gosched()
		}
	}
	w.Close("", false)
	if r.Stats().Gaps > 0 {
		b.Error("some ticks were not recorded")
	}
}
