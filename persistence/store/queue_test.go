package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

// held is a store whose committer stands before its first append until let go.
func held(t *testing.T, o Options) (s *Store, letGo func()) {
	gate, reached := make(chan struct{}), make(chan struct{}, 1000)
	o.Fault = func(point string) {
		if point == pointAppend {
			reached <- struct{}{}
			<-gate
		}
	}
	s = open(t, t.TempDir(), o)
	r := room(t, s, "first/in")
	var b Batch
	b.Begin(1)
	r.Commit(&b, func(error) {})
	<-reached
	return s, sync.OnceFunc(func() { close(gate) })
}

func TestAFullQueueRefusesAndSaysSo(t *testing.T) {
	o := quiet()
	o.QueueBytes = 10_000
	s, letGo := held(t, o)
	defer letGo()
	r := room(t, s, "tasks/main")
	var outcomes []error
	done := func(err error) { outcomes = append(outcomes, err) }
	var b Batch
	commit := func(seq uint64) {
		b.Begin(seq)
		b.Put(300, "key", make([]byte, 3000))
		r.Commit(&b, done)
	}
	commit(1)
	if s.Full() {
		t.Error("full below the half")
	}
	commit(2)
	drained := s.Drained()
	if !s.Full() || len(outcomes) > 0 {
		t.Error("not full beyond the half", outcomes)
	}
	commit(3)
	commit(4) // does not fit
	if len(outcomes) != 1 || !errors.Is(outcomes[0], ErrOverloaded) || r.Seq() != 3 {
		t.Error(outcomes, r.Seq())
	}
	letGo()
	<-drained
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if len(outcomes) != 4 || errors.Join(outcomes[1:]...) != nil {
		t.Error(outcomes)
	}
}

// A room may write itself as a whole while others write, too.
func TestALongBatchIsTakenUnlessTheQueueIsFull(t *testing.T) {
	o := quiet()
	o.QueueBytes = 10_000
	s, letGo := held(t, o)
	defer letGo()
	var outcomes []error
	for i, size := range []int{3000, 20_000, 10} {
		r := room(t, s, fmt.Sprintf("notes/%d", i))
		var b Batch
		b.Begin(1)
		b.Put(300, "key", make([]byte, size))
		r.Commit(&b, func(err error) { outcomes = append(outcomes, err) })
	}
	if len(outcomes) != 1 || !errors.Is(outcomes[0], ErrOverloaded) {
		t.Error(outcomes)
	}
}

func TestCommitsOfAllRoomsAreDoneInOrderByOneAppend(t *testing.T) {
	s, letGo := held(t, quiet())
	var order []string
	var b Batch
	for i := range 10 {
		r := room(t, s, fmt.Sprintf("tasks/%d", i%3))
		b.Begin(r.Seq() + 1)
		b.Put(300, "key", []byte{byte(i)})
		r.Commit(&b, func(err error) { order = append(order, fmt.Sprint(i, err)) })
		if b.Len() != 0 || b.Bytes() != 0 || b.Last() != 0 {
			t.Fatal("the batch is not empty after Commit")
		}
	}
	end := s.journal.End()
	letGo()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expected := make([]string, 10)
	for i := range expected {
		expected[i] = fmt.Sprint(i, nil)
	}
	if !slices.Equal(order, expected) {
		t.Error(order)
	}
	if s.journal.End() == end {
		t.Error("nothing was appended")
	}
}

func TestBadBatchesAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), quiet())
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1")
	for name, test := range map[string]struct {
		fill func(*Batch)
		want error
	}{
		"empty":        {func(b *Batch) {}, ErrSequence},
		"behind":       {func(b *Batch) { b.Begin(1) }, ErrSequence},
		"ahead":        {func(b *Batch) { b.Begin(3) }, ErrSequence},
		"a hole":       {func(b *Batch) { b.Begin(2); b.Begin(4) }, ErrSequence},
		"a long key":   {func(b *Batch) { b.Begin(2); b.Put(300, strings.Repeat("k", MaxKeyBytes+1), nil) }, ErrTooLarge},
		"no key":       {func(b *Batch) { b.Begin(2); b.Delete(300, "") }, ErrNoKey},
		"a long value": {func(b *Batch) { b.Begin(2); b.Put(300, "k", make([]byte, MaxValueBytes+1)) }, ErrTooLarge},
	} {
		var b Batch
		test.fill(&b)
		if err := commitAndWait(r, &b); !errors.Is(err, test.want) || !strings.Contains(err.Error(), "tasks/main") {
			t.Errorf("%s: %v", name, err)
		}
	}
	put(t, r, 300, strings.Repeat("k", MaxKeyBytes), "2")
	checkpoint(t, s)
	if r.Seq() != 2 {
		t.Error(r.Seq())
	}
	for _, name := range []string{"", strings.Repeat("n", MaxNameBytes+1)} {
		if _, err := s.Room(name); err == nil {
			t.Errorf("a name of %d bytes", len(name))
		}
	}
}

func TestARoomThatWasOnlyAskedForIsForgotten(t *testing.T) {
	s := open(t, t.TempDir(), quiet())
	r, kept := room(t, s, "tasks/asked"), room(t, s, "tasks/kept")
	put(t, kept, 300, "a", "1")
	s.Forget(r)
	s.Forget(kept)
	var b Batch
	b.Begin(1)
	if err := commitAndWait(r, &b); !errors.Is(err, ErrGone) {
		t.Error(err)
	}
	put(t, kept, 300, "a", "2")
	if room(t, s, "tasks/asked") == r || len(s.rooms) != 2 {
		t.Error("the room is still there")
	}
}

// TestReadsAreOfOneMoment reads and backs up while commits and checkpoints go
// on: each transaction moves one between two records whose sum stays.
func TestReadsAreOfOneMoment(t *testing.T) {
	o := quiet()
	o.CheckpointBytes = 20_000
	o.FS = lazyDisk{disk.OS()}
	s := open(t, t.TempDir(), o)
	s.checkpoints.chunk = [phases]int{4, 4}
	r := room(t, s, "bank/main")
	const total = 4000
	stop := make(chan struct{})
	var writing sync.WaitGroup
	moveMoney(t, r, 40, total, stop, &writing)
	for i := range 300 {
		if got := sumOf(t, r); got != total {
			t.Fatalf("a read sees %d", got)
		}
		since := r.Seq()
		err := r.Changes(since, func(seq uint64, _ Space, _ []byte, _ bool) error {
			if seq <= since {
				t.Errorf("change %d after %d", seq, since)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			var backup bytes.Buffer
			if err := s.Backup(&backup); err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := Restore(dir, &backup); err != nil {
				t.Fatal(err)
			}
			restored := open(t, dir, quiet())
			if got := sumOf(t, room(t, restored, "bank/main")); got != total {
				t.Fatalf("a backup has %d", got)
			}
			restored.Close()
		}
	}
	close(stop)
	writing.Wait()
}

// moveMoney gives all accounts the same and then moves money between them, on a
// goroutine of its own, until stop is closed.
func moveMoney(t *testing.T, r *Room, accounts, total int, stop <-chan struct{}, writing *sync.WaitGroup) {
	balance := make([]int, accounts)
	var b Batch
	b.Begin(1)
	for i := range balance {
		balance[i] = total / accounts
		b.Put(300, fmt.Sprintf("%03d", i), []byte{byte(balance[i])})
	}
	if err := commitAndWait(r, &b); err != nil {
		t.Fatal(err)
	}
	writing.Go(func() {
		var b Batch
		for seq := uint64(2); ; seq++ {
			select {
			case <-stop:
				return
			default:
			}
			from, to := int(seq*7)%accounts, int(seq*13+5)%accounts
			if from == to || balance[from] == 0 || balance[to] == 255 {
				from = to
			} else {
				balance[from]--
				balance[to]++
			}
			b.Begin(seq)
			b.Put(300, fmt.Sprintf("%03d", from), []byte{byte(balance[from])})
			b.Put(300, fmt.Sprintf("%03d", to), []byte{byte(balance[to])})
			if err := commitAndWait(r, &b); err != nil {
				t.Error(err)
				return
			}
		}
	})
}

// sumOf is the money in all accounts.
func sumOf(t *testing.T, r *Room) (sum int) {
	err := r.Each(300, func(_, value []byte, _ uint64) error { sum += int(value[0]); return nil })
	if err != nil {
		t.Error(err)
	}
	return sum
}
