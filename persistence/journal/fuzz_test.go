package journal

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

// FuzzRead reads hostile segments: whatever they hold, there is neither a panic
// nor an entry that the file has no bytes for, and what Open makes of them can
// be appended to and read again.
func FuzzRead(f *testing.F) {
	sim := disk.NewSim(1)
	o := Options{FS: sim, SegmentBytes: 1 << 10}
	j, r := open(f, o, 0), newRooms(1)
	for range 20 {
		j.append(f, r.batch()...)
	}
	_ = j.Close()
	list, _ := listSegments(sim, folder)
	var segments [][]byte
	for _, at := range list {
		segments = append(segments, contents(f, sim, at))
	}
	for i := range segments {
		f.Add(segments[i], segments[(i+1)%len(segments)], uint64(0), uint16(0), uint16(0))
	}
	f.Add(segments[0], segments[1], uint64(2000), uint16(1100), uint16(1))
	f.Fuzz(func(t *testing.T, first, second []byte, from uint64, at uint16, fix uint16) {
		sim := disk.NewSim(1)
		_ = sim.MkdirAll(folder, 0o700)
		next := Position(len(first))
		if int(at) < len(first) {
			first = repaired(first, int(at), fix)
		}
		put(t, sim, 0, first)
		if len(second) > 0 && next > 0 {
			if h, ok := parseHeader(second); ok {
				next = h.position
			}
			if next < 1<<62 {
				put(t, sim, next, second)
			}
		}
		o := Options{FS: sim, SegmentBytes: 4 << 10}
		checkpoint := Position(from % (1 << 40))
		got, err := tryOpen(o, checkpoint)
		if err != nil {
			return
		}
		bytes := 0
		for _, w := range got.got {
			bytes += len(w.e.Data)
		}
		if bytes > len(first)+len(second) {
			t.Fatalf("%d bytes were read from %d", bytes, len(first)+len(second))
		}
		more := got.append(t, newRooms(9).entry("brand/new", 10))
		again, err := tryOpen(o, checkpoint)
		if err != nil {
			t.Fatalf("a journal that was opened and appended to: %v", err)
		}
		wantEntries(t, again.got[len(again.got)-1:], more)
	})
}

// repaired makes the sums of what is taken for a batch at an offset right, so
// that the fuzzer gets behind them.
func repaired(b []byte, at int, fix uint16) []byte {
	h, ok := parseHeader(b)
	if !ok || at+headSize > len(b) {
		return b
	}
	b = append([]byte(nil), b...)
	size := min(int(fix), len(b)-at-headSize)
	seal(b[:at+headSize+size:at+headSize+size], at, head{position: h.position + Position(at), synced: Position(fix), kind: batchKind(fix % 4)}, seedOf(h.journal))
	return b
}

func contents(t testing.TB, sim *disk.Sim, at Position) []byte {
	t.Helper()
	f, err := sim.OpenFile(filepath.Join(folder, segmentName(at)), os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	size, _ := f.Size()
	b := make([]byte, size)
	_, _ = f.ReadAt(b, 0)
	return b
}

func put(t testing.TB, sim *disk.Sim, at Position, b []byte) {
	t.Helper()
	f, err := sim.OpenFile(filepath.Join(folder, segmentName(at)), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
}
