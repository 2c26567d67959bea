package journal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

const folder = "/data/journal"

// written is an entry with the position behind its batch.
type written struct {
	at Position
	e  Entry
}

func (w written) String() string {
	return fmt.Sprintf("%s %d–%d (%d bytes, batch ends at %d)", w.e.Room, w.e.First, w.e.Last, len(w.e.Data), w.at)
}

// opened is a journal and what its opening found.
type opened struct {
	*Journal
	report Report
	got    []written
}

func collect(to *[]written) func(Position, Entry) error {
	return func(at Position, e Entry) error {
		e.Data = bytes.Clone(e.Data)
		*to = append(*to, written{at, e})
		return nil
	}
}

func open(t tester, o Options, from Position) *opened {
	t.Helper()
	got, err := tryOpen(o, from)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func tryOpen(o Options, from Position) (*opened, error) {
	var got opened
	var err error
	got.Journal, got.report, err = Open(folder, o, from, collect(&got.got))
	return &got, err
}

// rooms makes batches of several rooms whose entries can be told apart.
type rooms struct {
	random *rand.Rand
	last   map[string]uint64
}

func newRooms(seed uint64) *rooms {
	return &rooms{rand.New(rand.NewPCG(seed, 1)), map[string]uint64{}}
}

func (r *rooms) entry(room string, size int) Entry {
	first := r.last[room] + 1
	last := first + uint64(r.random.IntN(3))
	r.last[room] = last
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(r.random.Uint32())
	}
	return Entry{Room: room, First: first, Last: last, Data: data}
}

func (r *rooms) batch() []Entry {
	batch := make([]Entry, 1+r.random.IntN(6))
	for i := range batch {
		batch[i] = r.entry(fmt.Sprintf("kind/%d", r.random.IntN(8)), r.random.IntN(200))
	}
	return batch
}

func (o *opened) append(t tester, batch ...Entry) (list []written) {
	t.Helper()
	at, err := o.Append(batch)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range batch {
		list = append(list, written{at, e})
	}
	return list
}

func wantEntries(t tester, got, want []written) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g.at != w.at || g.e.Room != w.e.Room || g.e.First != w.e.First || g.e.Last != w.e.Last || !bytes.Equal(g.e.Data, w.e.Data) {
			t.Fatalf("entry %d is %v, want %v", i, g, w)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d entries, want %d", len(got), len(want))
	}
}

func wantClean(t tester, r Report) {
	t.Helper()
	if len(r.Damage) > 0 || len(r.Broken) > 0 || r.Unaccounted != "" {
		t.Fatalf("damage in a journal that has none: %v, broken %v, %s", r.Damage, r.Broken, r.Unaccounted)
	}
}

func TestEntriesComeBackInOrder(t *testing.T) {
	for name, fs := range map[string]disk.FS{"simulated": disk.NewSim(1), "real": disk.OS()} {
		t.Run(name, func(t *testing.T) {
			dir := folder
			if name == "real" {
				dir = filepath.Join(t.TempDir(), "journal")
			}
			o := Options{FS: fs, SegmentBytes: 8 << 10}
			r := newRooms(1)
			var want []written
			for range 4 {
				var got []written
				j, report, err := Open(dir, o, 0, collect(&got))
				if err != nil {
					t.Fatal(err)
				}
				wantClean(t, report)
				wantEntries(t, got, want)
				for range 40 {
					want = append(want, (&opened{Journal: j}).append(t, r.batch()...)...)
				}
				if err := j.Close(); err != nil {
					t.Fatal(err)
				}
			}
			report, err := Check(dir, fs)
			if err != nil {
				t.Fatal(err)
			}
			wantClean(t, report)
			if report.Segments < 4 {
				t.Fatalf("%d segments: the test is to fill several", report.Segments)
			}
		})
	}
}

func TestReplayBeginsWhereACheckpointEnded(t *testing.T) {
	o := Options{FS: disk.NewSim(1), SegmentBytes: 4 << 10}
	j, r := open(t, o, 0), newRooms(1)
	var all []written
	for range 60 {
		all = append(all, j.append(t, r.batch()...)...)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	from := all[len(all)/2].at
	got := open(t, o, from)
	wantClean(t, got.report)
	var want []written
	for _, w := range all {
		if w.at > from {
			want = append(want, w)
		}
	}
	wantEntries(t, got.got, want)
}

func TestCutRemovesWholeSegmentsOnly(t *testing.T) {
	sim := disk.NewSim(1)
	o := Options{FS: sim, SegmentBytes: 4 << 10}
	j, r := open(t, o, 0), newRooms(1)
	var all []written
	for range 60 {
		all = append(all, j.append(t, r.batch()...)...)
	}
	from := all[len(all)/2].at
	if err := j.Cut(from); err != nil {
		t.Fatal(err)
	}
	before, _ := sim.ReadDir(folder)
	if err := j.Cut(from); err != nil {
		t.Fatal(err)
	}
	if after, _ := sim.ReadDir(folder); len(after) != len(before) {
		t.Fatal("a second cut at the same position removed something")
	}
	for range 60 { // over a segment's end, where chains of cut rooms are forgotten
		all = append(all, j.append(t, r.batch()...)...)
	}
	sim.Crash()
	got := open(t, o, from)
	wantClean(t, got.report)
	if got.report.Start == 0 || got.report.Start > from {
		t.Fatalf("the journal begins at %d after a cut at %d", got.report.Start, from)
	}
	var want []written
	for _, w := range all {
		if w.at > from {
			want = append(want, w)
		}
	}
	wantEntries(t, got.got, want)
	if err := got.Cut(got.End()); err != nil {
		t.Fatal(err)
	}
	if names, _ := sim.ReadDir(folder); len(names) != 1 {
		t.Fatalf("%d segments after everything was cut, want the one that is appended to", len(names))
	}
}

func TestARefusedBatchLeavesTheJournalAsItWas(t *testing.T) {
	o := Options{FS: disk.NewSim(1)}
	j, r := open(t, o, 0), newRooms(1)
	want := j.append(t, r.entry("a", 10))
	for _, room := range []string{"", string(make([]byte, MaxRoom+1))} {
		if _, err := j.Append([]Entry{r.entry("a", 1), {Room: room, First: 1, Last: 1}}); err == nil {
			t.Fatalf("a room's name of %d bytes was taken", len(room))
		}
	}
	r.last["a"] -= 2
	want = append(want, j.append(t, r.entry("a", 10))...)
	if at, err := j.Append(nil); err != nil || at != j.End() {
		t.Fatalf("an empty batch: %v", err)
	}
	got := open(t, o, 0)
	wantClean(t, got.report)
	wantEntries(t, got.got, want)
}

func TestAnErrorOfReplayEndsOpening(t *testing.T) {
	o := Options{FS: disk.NewSim(1)}
	j, r := open(t, o, 0), newRooms(1)
	j.append(t, r.batch()...)
	if _, _, err := Open(folder, o, 0, func(Position, Entry) error { return os.ErrInvalid }); err == nil {
		t.Fatal("no error")
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	sim := disk.NewSim(1)
	o := Options{FS: sim}
	j := open(t, o, 0)
	h := segmentHeader{version: formatVersion + 1, journal: j.id}.encode()
	f, _ := sim.OpenFile(filepath.Join(folder, segmentName(0)), os.O_RDWR, 0)
	if _, err := f.WriteAt(h, 0); err != nil {
		t.Fatal(err)
	}
	_, err := tryOpen(o, 0)
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("newer")) {
		t.Fatalf("opening a newer format: %v", err)
	}
}

// tester is what of testing.TB both testing and rapid have.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func TestCutRunsBesideAppend(t *testing.T) {
	o := Options{FS: disk.NewSim(1), SegmentBytes: 2 << 10}
	j, r := open(t, o, 0), newRooms(1)
	positions := make(chan Position, 100)
	cut := make(chan error)
	go func() { // the checkpointer
		var err error
		for p := range positions {
			if e := j.Cut(p); e != nil {
				err = e
			}
		}
		cut <- err
	}()
	var want []written
	for range 100 {
		want = append(want, j.append(t, r.batch()...)...)
		positions <- want[len(want)-1].at
	}
	close(positions)
	if err := <-cut; err != nil {
		t.Fatal(err)
	}
	from := want[len(want)-1].at
	want = j.append(t, r.batch()...)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	got := open(t, o, from)
	wantClean(t, got.report)
	wantEntries(t, got.got, want)
}
