package store

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

func TestR11_1_TheChangeLogKeepsTheLatestOperationOfEachKey(t *testing.T) {
	s := open(t, t.TempDir(), quiet())
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1", "b", "1", "c", "1")
	put(t, r, 1, "not logged", "2")
	checkpoint(t, s)
	put(t, r, 301, "a", "3")
	put(t, r, 300, "a", "4")
	checkpoint(t, s)
	put(t, r, 300, "b", removed)
	want(t, "all", changes(t, r, 0), "1+c 3+a 4+a 5-b ")
	checkpoint(t, s)
	want(t, "all, stored", changes(t, r, 0), "1+c 3+a 4+a 5-b ")
	put(t, r, 300, "b", "6")
	want(t, "inserted again", changes(t, r, 4), "6+b ")
	checkpoint(t, s)
	want(t, "inserted again, stored", changes(t, r, 1), "3+a 4+a 6+b ")
	want(t, "none", changes(t, r, 6), "")
	want(t, "beyond the end", changes(t, r, 60), "")
	if n := logEntries(t, s, "tasks/main"); n != 4 {
		t.Errorf("%d entries are stored for 4 keys", n)
	}
}

func checkpoint(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Checkpoint(); err != nil {
		t.Fatal(err)
	}
}

// logEntries counts what is stored of a room's change log.
func logEntries(t *testing.T, s *Store, name string) int {
	t.Helper()
	tx, err := s.tree.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	b := roomBucket(tx, name).Bucket(logBucket())
	if b == nil {
		return 0
	}
	n := 0
	_ = b.ForEach(func(_, _ []byte) error { n++; return nil })
	return n
}

func TestR11_1_TheChangeLogIsPrunedByAge(t *testing.T) {
	dir := t.TempDir()
	now := time.Unix(1_000_000, 0)
	o := quiet()
	o.Retention = 48 * time.Hour
	o.Now = func() time.Time { return now }
	s := open(t, dir, o)
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1", "b", "1")
	put(t, r, 300, "b", removed)
	checkpoint(t, s)
	now = now.Add(24 * time.Hour)
	put(t, r, 300, "c", "3")
	checkpoint(t, s)

	now = now.Add(24*time.Hour - time.Microsecond)
	put(t, r, 300, "d", "4")
	checkpoint(t, s)
	want(t, "just before", changes(t, r, 0), "1+a 2-b 3+c 4+d ")
	if r.Floor() != 1 {
		t.Error("floor is", r.Floor())
	}

	now = now.Add(time.Microsecond)
	put(t, r, 300, "e", "5")
	checkpoint(t, s)
	if r.Floor() != 3 {
		t.Error("floor is", r.Floor())
	}
	want(t, "exactly at the cutoff", changes(t, r, 2), "3+c 4+d 5+e ")
	if err := r.Changes(1, nil); !errors.Is(err, ErrPruned) {
		t.Error("before the cutoff:", err)
	}
	want(t, "records stay", dump(t, r, 300), "a=1@1 c=3@3 d=4@4 e=5@5 ")
	if stored := storedRecords(t, s, "tasks/main", 300); stored != 4 {
		t.Errorf("%d records are stored: the tombstone is still there", stored)
	}

	now = now.Add(1000 * time.Hour) // nobody writes any more
	checkpoint(t, s)
	if n := logEntries(t, s, "tasks/main"); n != 0 || r.Floor() != 6 {
		t.Errorf("an idle room keeps %d entries, its floor is %d", n, r.Floor())
	}
	s.Close()
	s = open(t, dir, o)
	r = room(t, s, "tasks/main")
	if r.Seq() != 5 || r.Floor() != 6 {
		t.Errorf("R3.3: after pruning the room is at %d, its floor at %d", r.Seq(), r.Floor())
	}
	want(t, "nothing changed", changes(t, r, 5), "")
	put(t, r, 300, "b", "6")
	want(t, "it goes on", changes(t, r, 5), "6+b ")
	s.Close()
	if report, err := Check(dir, nil); err != nil || len(report.Damage) > 0 {
		t.Errorf("%+v %v", report, err)
	}
}

func storedRecords(t *testing.T, s *Store, name string, space Space) (n int) {
	t.Helper()
	tx, err := s.tree.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	_ = roomBucket(tx, name).Bucket(spaceBucket(space)).ForEach(func(_, _ []byte) error { n++; return nil })
	return n
}

func TestPruningCanBeOff(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	o := quiet()
	o.Retention = -1
	o.Now = func() time.Time { return now }
	s := open(t, t.TempDir(), o)
	r := room(t, s, "tasks/main")
	for range 10 {
		put(t, r, 300, "k"+decimal(r.Seq()), "v")
		checkpoint(t, s)
		now = now.Add(1e6 * time.Hour)
	}
	if n := logEntries(t, s, "tasks/main"); n != 10 || r.Floor() != 1 {
		t.Error(n, r.Floor())
	}
}

func TestR3_3_TheHighWaterMarkIsStored(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	r := room(t, s, "tasks/main")
	put(t, r, 1, "counter", "7") // leaves nothing in the change log
	put(t, r, 1, "counter", removed)
	for _, name := range []string{"journal", "checkpoint"} {
		if name == "journal" {
			s.crash()
		} else {
			s.Close()
		}
		s = open(t, dir, quiet())
		r = room(t, s, "tasks/main")
		if r.Seq() != 2 || !r.Exists() {
			t.Errorf("from the %s: the room is at %d", name, r.Seq())
		}
		want(t, "no changes", changes(t, r, 0), "")
		checkpoint(t, s)
	}
}

func TestR3_5_ADroppedRoomHasANewEpoch(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1")
	if err := s.Drop("tasks/main"); err != nil {
		t.Fatal(err)
	}
	if err := r.Each(300, nil); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	var b Batch
	b.Begin(2)
	if err := commitAndWait(r, &b); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	again := room(t, s, "tasks/main")
	if again.Epoch() == r.Epoch() || again.Exists() || len(s.Rooms()) != 0 {
		t.Error(again.Epoch(), r.Epoch(), s.Rooms())
	}
	epoch := again.Epoch()
	s.crash()
	if again = room(t, open(t, dir, quiet()), "tasks/main"); again.Epoch() != epoch || again.Seq() != 2 {
		t.Error(again.Epoch(), epoch, again.Seq())
	}
}
