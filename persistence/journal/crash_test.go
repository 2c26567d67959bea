package journal

import (
	"errors"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/disk"
)

// crashModel is what a journal must hold.
type crashModel struct {
	want    []written // confirmed, or seen after a restart
	pending []Entry   // of the append that did not return
	rooms   *rooms
	from    Position // of the last checkpoint
}

// settle compares what a restart has found. The interrupted batch may be there,
// wholly; then it stays.
func (m *crashModel) settle(t tester, got *opened) {
	t.Helper()
	wantClean(t, got.report)
	var want []written
	for _, w := range m.want {
		if w.at > m.from {
			want = append(want, w)
		}
	}
	if extra := len(got.got) - len(want); extra != 0 && extra == len(m.pending) {
		at := got.got[len(got.got)-1].at
		for _, e := range m.pending {
			m.want, want = append(m.want, written{at, e}), append(want, written{at, e})
		}
	}
	wantEntries(t, got.got, want)
	for room := range m.rooms.last {
		m.rooms.last[room] = 0
	}
	for _, w := range m.want {
		m.rooms.last[w.e.Room] = w.e.Last
	}
	m.pending = nil
}

// session appends, cuts and closes until the disk stops it.
func (m *crashModel) session(t *rapid.T, j *opened) {
	for range rapid.IntRange(0, 40).Draw(t, "batches") {
		batch := m.rooms.batch()
		at, err := j.Append(batch)
		if err != nil {
			if !errors.Is(err, ErrFailed) {
				t.Fatalf("append: %v", err)
			}
			m.pending = batch
			if _, again := j.Append(m.rooms.batch()); !errors.Is(again, ErrFailed) {
				t.Fatalf("an append after a failure: %v", again)
			}
			_ = j.Close()
			return
		}
		for _, e := range batch {
			m.want = append(m.want, written{at, e})
		}
		if m.rooms.random.IntN(10) == 0 {
			m.from = at
			_ = j.Cut(at) // fails when the disk does
		}
	}
	if rapid.Bool().Draw(t, "close") {
		_ = j.Close()
	}
}

// Whatever interrupts a journal, each entry whose Append returned is there
// once, in order, and nothing is there by half.
func TestCrashAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		sim := disk.NewSim(seed)
		m := &crashModel{rooms: newRooms(seed)}
		o := Options{FS: sim, SegmentBytes: int64(rapid.IntRange(1<<10, 16<<10).Draw(t, "segment"))}
		for range rapid.IntRange(1, 8).Draw(t, "sessions") {
			switch rapid.IntRange(0, 5).Draw(t, "fault") {
			case 0:
				sim.Limit(sim.Used() + int64(rapid.IntRange(0, 20_000).Draw(t, "space")))
			case 1:
				sim.FailSync(rapid.IntRange(0, 60).Draw(t, "syncs"))
			case 2: // none
			default:
				sim.CrashAfter(rapid.IntRange(0, 120).Draw(t, "ops"))
			}
			j, err := tryOpen(o, m.from)
			if err == nil {
				m.settle(t, j)
				m.session(t, j)
			}
			sim.Limit(-1)
			if rapid.IntRange(0, 2).Draw(t, "kill") == 0 {
				sim.Kill()
			} else {
				sim.Crash()
			}
		}
		m.settle(t, open(t, o, m.from))
		if report, err := Check(folder, sim); err != nil || len(report.Damage)+len(report.Broken) > 0 {
			t.Fatalf("check: %v, %+v", err, report)
		}
	})
}

// Every operation that a journal makes is interrupted once.
func TestCrashAtEachOperation(t *testing.T) {
	const seed = 7
	for ops := 0; ; ops++ {
		sim := disk.NewSim(uint64(ops))
		o := Options{FS: sim, SegmentBytes: 4 << 10}
		m := &crashModel{rooms: newRooms(seed)}
		sim.CrashAfter(ops)
		finished := false
		if j, err := tryOpen(o, 0); err == nil {
			finished = m.fill(j, 60)
		}
		sim.Crash()
		sim.CrashAfter(ops % 7) // recovery is interrupted, too
		_, _ = tryOpen(o, m.from)
		sim.Crash()
		m.settle(t, open(t, o, m.from))
		if finished {
			if ops < 150 {
				t.Fatalf("it took %d operations: the test is to interrupt more", ops)
			}
			return
		}
	}
}

// fill appends batches with a cut in the middle and closes.
func (m *crashModel) fill(j *opened, batches int) bool {
	for i := range batches {
		batch := m.rooms.batch()
		at, err := j.Append(batch)
		if err != nil {
			m.pending = batch
			return false
		}
		for _, e := range batch {
			m.want = append(m.want, written{at, e})
		}
		if i == batches/2 {
			m.from = at
			if j.Cut(at) != nil {
				return false
			}
		}
	}
	return j.Close() == nil
}

func TestAFailedSyncIsNotRetried(t *testing.T) {
	sim := disk.NewSim(3)
	o := Options{FS: sim}
	j, r := open(t, o, 0), newRooms(1)
	want := j.append(t, r.batch()...)
	sim.FailSync(0)
	lost := r.batch()
	if _, err := j.Append(lost); !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Fatalf("a failed sync: %v", err)
	}
	ops := sim.Ops()
	if _, err := j.Append(r.batch()); !errors.Is(err, ErrFailed) {
		t.Fatalf("after it: %v", err)
	}
	if err := j.Close(); !errors.Is(err, ErrFailed) {
		t.Fatalf("close: %v", err)
	}
	if sim.Ops() != ops {
		t.Fatal("the journal wrote or synced after a failed sync")
	}

	// The process starts again, the machine does not: the pages can still be
	// read and count as clean. Once served they must survive.
	sim.Kill()
	j = open(t, o, 0)
	for _, e := range lost {
		want = append(want, written{j.End(), e})
	}
	wantEntries(t, j.got, want)
	sim.Crash()
	j = open(t, o, 0)
	wantClean(t, j.report)
	wantEntries(t, j.got, want)
}

func TestAFullDiskIsSaidAndARestartGoesOn(t *testing.T) {
	sim := disk.NewSim(3)
	o := Options{FS: sim, SegmentBytes: 8 << 10}
	m := &crashModel{rooms: newRooms(1)}
	j := open(t, o, 0)
	sim.Limit(30_000)
	for {
		batch := m.rooms.batch()
		at, err := j.Append(batch)
		if err == nil {
			for _, e := range batch {
				m.want = append(m.want, written{at, e})
			}
			continue
		}
		if !errors.Is(err, ErrFailed) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("a full disk: %v", err)
		}
		m.pending = batch // all of it may have fitted, without the zeros behind it
		break
	}
	sim.Limit(-1)
	if _, err := j.Append(m.rooms.batch()); !errors.Is(err, ErrFailed) {
		t.Fatalf("after a full disk there is space again: %v", err)
	}
	sim.Kill()
	j = open(t, o, 0)
	m.settle(t, j)
	m.want = append(m.want, j.append(t, m.rooms.batch()...)...)
	sim.Crash()
	m.settle(t, open(t, o, 0))
}
