package journal

import (
	"path/filepath"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

// A mark and the batch behind it are one write: when the mark is torn, the
// batch proves nothing, and was not confirmed.
func TestABatchProvesNothingAboutItsOwnWrite(t *testing.T) {
	sim := disk.NewSim(1)
	o := Options{FS: sim, SegmentBytes: 64 << 10}
	j, r := open(t, o, 0), newRooms(1)
	var want []written
	for j.sinceMark < j.markBytes() {
		want = append(want, j.append(t, r.entry("a", 50))...)
	}
	before := j.End()
	j.append(t, r.entry("a", 50))
	if j.touched[0].count < 2 || j.End() < before+2*headSize {
		t.Fatal("the last append has no mark")
	}
	flip(t, sim, before)
	sim.Kill()
	got := open(t, o, 0)
	wantClean(t, got.report)
	wantEntries(t, got.got, want)
}

// A chain may jump over damage that is not needed, but not over that and some
// that is.
func TestAJumpHidesNoLaterDamage(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, false) // a is 0, 5, 10, 15…
	flip(t, sim, want[5].at-30)
	flip(t, sim, want[10].at-30)
	j := open(t, Options{FS: sim}, want[7].at)
	if j.report.Reason("a") == "" || j.report.Reason("b") != "" {
		t.Fatalf("a lost an entry, b did not: %+v", j.report)
	}
	for _, w := range j.got {
		if w.e.Room == "a" {
			t.Fatalf("%v was served", w)
		}
	}
}

func TestAMissingSegmentBreaksRoomsThatMayHaveBeenInIt(t *testing.T) {
	sim := disk.NewSim(1)
	o := Options{FS: sim, SegmentBytes: 2 << 10}
	j, r := open(t, o, 0), newRooms(1)
	want := j.append(t, r.entry("lonely", 10), r.entry("steady", 10))
	for len(j.segments) < 2 {
		want = append(want, j.append(t, r.entry("filler", 200))...)
	}
	want = append(want, j.append(t, r.entry("lonely", 10))...)
	for len(j.segments) < 3 {
		want = append(want, j.append(t, r.entry("filler", 200))...)
	}
	want = append(want, j.append(t, r.entry("steady", 10), r.entry("filler", 10), r.entry("new", 10))...)
	if err := sim.Remove(filepath.Join(folder, segmentName(j.segments[1]))); err != nil {
		t.Fatal(err)
	}
	sim.Kill()
	got := open(t, o, 0)
	for room, whole := range map[string]bool{"lonely": false, "filler": false, "steady": true, "new": true, "unknown": false} {
		if (got.report.Reason(room) == "") != whole {
			t.Errorf("%s: %q, whole should be %v", room, got.report.Reason(room), whole)
		}
	}
	wantPrefixes(t, &got.report, got.got, want)
}

// What is appended to a broken room does not make it whole.
func TestABrokenRoomStaysBroken(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, true)
	flip(t, sim, want[25].at-30) // the last of a
	for range 3 {
		j := open(t, Options{FS: sim}, 0)
		if j.report.Reason("a") == "" || j.report.Reason("b") != "" {
			t.Fatalf("a is broken, b is not: %+v", j.report)
		}
		wantPrefixes(t, &j.report, j.got, want)
		list := j.append(t, Entry{Room: "a", First: 99, Last: 99}, Entry{Room: "b", First: 99, Last: 99})
		want = append(want, list[1])
		sim.Kill()
	}
	// A checkpoint that is past the damage ends it.
	j := open(t, Options{FS: sim}, want[len(want)-1].at)
	if len(j.report.Broken) > 0 || j.report.Unaccounted != "" {
		t.Fatalf("after the checkpoint: %+v", j.report)
	}
}

func TestADamagedHeaderHasASecondCopy(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, true)
	flip(t, sim, 20)
	j := open(t, Options{FS: sim}, 0)
	wantClean(t, j.report)
	wantEntries(t, j.got, want)
	flip(t, sim, 20) // opening has repaired nothing that is read
	flip(t, sim, headerCopy+20)
	sim.Kill()
	j = open(t, Options{FS: sim}, 0)
	wantClean(t, j.report)
	wantEntries(t, j.got, want)
}
