package journal

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

// nullFile takes everything and keeps nothing: what is left is the journal's
// own work.

type nullFile struct{ disk.File }

func (nullFile) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (nullFile) Sync() error                            { return nil }

func manyRooms(n, size int) (batch []Entry) {
	for i := range n {
		batch = append(batch, Entry{Room: fmt.Sprintf("bank/%d", i%16), First: 1, Last: 1, Data: make([]byte, size)})
	}
	return batch
}

func TestAppendAllocatesNothing(t *testing.T) {
	j := open(t, Options{FS: disk.NewSim(1)}, 0)
	j.file = nullFile{j.file}
	batch := manyRooms(256, 128)
	for range 4 {
		j.append(t, batch...)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, err := j.Append(batch); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Fatalf("%v allocations an append", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, n := range []int{1, 64, 256} {
		batch := manyRooms(n, 128)
		b.Run(fmt.Sprintf("memory/entries=%d", n), func(b *testing.B) {
			j := open(b, Options{FS: disk.NewSim(1), SegmentBytes: 1 << 40}, 0)
			j.file = nullFile{j.file}
			benchmarkAppend(b, j.Journal, batch)
		})
		b.Run(fmt.Sprintf("disk/entries=%d", n), func(b *testing.B) {
			j, _, err := Open(filepath.Join(b.TempDir(), "journal"), Options{}, 0, func(Position, Entry) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
			benchmarkAppend(b, j, batch)
		})
	}
}

func benchmarkAppend(b *testing.B, j *Journal, batch []Entry) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "entries/s")
	_ = j.Close()
}

func BenchmarkReplay(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "journal")
	nothing := func(Position, Entry) error { return nil }
	j, _, err := Open(dir, Options{}, 0, nothing)
	if err != nil {
		b.Fatal(err)
	}
	batch := manyRooms(256, 128)
	for j.End() < 64<<20 {
		if _, err := j.Append(batch); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(j.End()))
	_ = j.Close()
	for b.Loop() {
		if _, err := Read(dir, disk.OS(), 0, nothing); err != nil {
			b.Fatal(err)
		}
	}
}
