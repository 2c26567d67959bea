package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// quiet are options with which a store makes checkpoints only when asked.
func quiet() Options {
	return Options{CheckpointBytes: 1 << 40, CheckpointEvery: 1000 * time.Hour}
}

func open(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func room(t testing.TB, s *Store, name string) *Room {
	t.Helper()
	r, err := s.Room(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// put commits one transaction and waits until it is durable; a value of nil
// removes the key.
func put(t testing.TB, r *Room, space Space, pairs ...string) {
	t.Helper()
	var b Batch
	b.Begin(r.Seq() + 1)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == removed {
			b.Delete(space, pairs[i])
		} else {
			b.Put(space, pairs[i], []byte(pairs[i+1]))
		}
	}
	if err := commitAndWait(r, &b); err != nil {
		t.Fatal(err)
	}
}

// removed stands for a value in tests.
const removed = "\x00removed"

func commitAndWait(r *Room, b *Batch) error {
	done := make(chan error, 1)
	r.Commit(b, func(err error) { done <- err })
	return <-done
}

// dump is a space as text.
func dump(t testing.TB, r *Room, space Space) (text string) {
	t.Helper()
	err := r.Each(space, func(key, value []byte, seq uint64) error {
		text += fmt.Sprintf("%s=%s@%d ", key, value, seq)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// changes is the change log as text.
func changes(t testing.TB, r *Room, since uint64) (text string) {
	t.Helper()
	err := r.Changes(since, func(seq uint64, space Space, key []byte, removed bool) error {
		sign := "+"
		if removed {
			sign = "-"
		}
		text += fmt.Sprintf("%d%s%s ", seq, sign, key)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func want(t testing.TB, what, got, expected string) {
	t.Helper()
	if got != expected {
		t.Errorf("%s: got %q, want %q", what, got, expected)
	}
}

func TestReadsSeeWhatIsNotCheckpointed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	r := room(t, s, "tasks/main")
	if r.Exists() {
		t.Error("a room exists before its first commit")
	}
	put(t, r, 300, "b", "1", "d", "1", "f", "1")
	if err := s.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	put(t, r, 300, "a", "2", "b", removed, "d", "2")
	want(t, "merged", dump(t, r, 300), "a=2@2 d=2@2 f=1@1 ")
	want(t, "changes", changes(t, r, 0), "1+f 2+a 2-b 2+d ")
	if v, seq, ok, err := r.Get(300, []byte("f")); string(v) != "1" || seq != 1 || !ok || err != nil {
		t.Error(v, seq, ok, err)
	}
	if _, _, ok, err := r.Get(300, []byte("b")); ok || err != nil {
		t.Error("a deleted record is found", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.Each(300, nil); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}

	again := open(t, dir, quiet())
	r2 := room(t, again, "tasks/main")
	if r2.Epoch() != r.Epoch() || r2.Seq() != 2 || !r2.Exists() {
		t.Error(r2.Epoch(), r.Epoch(), r2.Seq())
	}
	want(t, "reopened", dump(t, r2, 300), "a=2@2 d=2@2 f=1@1 ")
	want(t, "changes reopened", changes(t, r2, 1), "2+a 2-b 2+d ")
}
