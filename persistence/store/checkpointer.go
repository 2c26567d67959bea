package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/parlor-server/parlor/persistence/journal"
)

// Points at which Options.Fault is called, beside those of the journal.
const (
	pointAppend   = "store.append"           // before a group of commits is appended
	pointAppended = "store.appended"         // it is durable, nobody knows yet
	pointCut      = "store.checkpoint.cut"   // the memtables are set aside, nothing is written
	pointChunk    = "store.checkpoint.chunk" // before a transaction of the B+tree is committed
	pointWritten  = "store.checkpoint.chunk.written"
	pointPosition = "store.checkpoint.position" // before the transaction that has the position
	pointDone     = "store.checkpoint.done"     // after it, before the journal is cut
	pointTrimmed  = "store.checkpoint.trimmed"  // the journal is cut
)

// FaultPoints are the names that Options.Fault is called with, the journal's too.
func FaultPoints() []string {
	return append(journal.FaultPoints(), pointAppend, pointAppended, pointCut, pointChunk, pointWritten,
		pointPosition, pointDone, pointTrimmed)
}

// behindFactor times Options.CheckpointBytes are in memory when the store calls
// itself full because checkpoints cannot keep up.
const behindFactor = 4

// checkpointer moves what was committed from the memtables to the B+tree. It is
// one goroutine, run.
type checkpointer struct {
	s       *Store
	wake    chan struct{} // holds one
	chunk   [phases]int   // operations that its transactions may have, see treeWriter
	pending atomic.Int64  // bytes appended to the journal since the last checkpoint began
	uncut   atomic.Int64  // bytes appended since the last finished one began

	mu      sync.Mutex // guards all below
	waiting []request
	asked   bool // somebody waits for the checkpoint under way
	ended   bool
	last    bool // another checkpoint comes before the end
}

func (c *checkpointer) wakeUp() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// appended counts; the committer calls it.
func (c *checkpointer) appended(bytes int64) {
	if c.uncut.Add(bytes) > behindFactor*c.s.o.CheckpointBytes {
		c.s.queue.setBehind(true)
	}
	if c.pending.Add(bytes) >= c.s.o.CheckpointBytes {
		c.wakeUp()
	}
}

// request is somebody who waits for a checkpoint, and maybe wants to read the
// B+tree as it is then.
type request struct {
	done chan<- error
	tx   **bbolt.Tx // nil: only the checkpoint matters
}

// ask has a checkpoint made, and returns its outcome. tx, if not nil, becomes a
// transaction that reads what it has written; the caller ends that.
func (c *checkpointer) ask(tx **bbolt.Tx) error {
	done := make(chan error, 1)
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return ErrClosed
	}
	c.waiting = append(c.waiting, request{done, tx})
	c.mu.Unlock()
	c.wakeUp()
	return <-done
}

// answer tells who waits how the checkpoint went.
func (c *checkpointer) answer(waiting []request, err error) {
	for _, w := range waiting {
		failed := err
		if failed == nil && w.tx != nil {
			*w.tx, failed = c.s.tree.Begin(false)
		}
		w.done <- failed
	}
}

// end ends run, after another checkpoint if wanted.
func (c *checkpointer) end(checkpoint bool) {
	c.mu.Lock()
	c.ended, c.last = true, checkpoint
	c.mu.Unlock()
	c.wakeUp()
}

// hurried says whether the checkpoint under way should make no pauses: somebody
// waits for it, or what is committed meanwhile is more than a checkpoint's worth.
func (c *checkpointer) hurried() bool {
	return c.awaited() || c.uncut.Load() > 2*c.s.o.CheckpointBytes
}

// awaited says whether somebody waits for the checkpoint under way.
func (c *checkpointer) awaited() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.asked || c.ended || len(c.waiting) > 0
}

// take returns who waits and whether the end has come.
func (c *checkpointer) take() (waiting []request, ended, last bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting, c.waiting = c.waiting, nil
	c.asked = len(waiting) > 0
	return waiting, c.ended, c.last
}

// run makes a checkpoint when enough was appended, when it is time, when
// somebody asks and at the end. It ends the queue, and with it the committer.
func (c *checkpointer) run() {
	timer := time.NewTicker(c.s.o.CheckpointEvery)
	defer timer.Stop()
	for {
		select {
		case <-c.wake:
		case <-timer.C:
		}
		waiting, ended, last := c.take()
		err := c.s.hasFailed()
		if err == nil && (!ended || last) {
			err = c.checkpoint()
		}
		c.answer(waiting, err)
		if ended {
			c.s.queue.end(ErrClosed)
			return
		}
	}
}

// checkpoint writes to the B+tree all that was committed before it began. If
// that fails the store fails.
func (c *checkpointer) checkpoint() error {
	s := c.s
	jobs, answer, err := s.cut()
	if err != nil {
		return err
	}
	bytes := c.pending.Swap(0)
	a := <-answer
	if a.err != nil {
		return a.err
	}
	jobs = append(jobs, s.duePrunes(jobs)...)
	if len(jobs) == 0 {
		return nil
	}
	s.o.Fault(pointCut)
	w := newTreeWriter(s)
	err = guard(nil, func() error { return w.write(jobs, a.position) })
	if err != nil {
		w.abort()
		return s.fail(fmt.Errorf("failed to write a checkpoint: %w", err))
	}
	c.chunk = w.chunk
	s.o.Fault(pointDone)
	for _, j := range jobs {
		j.settle()
	}
	if c.uncut.Add(-bytes) <= behindFactor*s.o.CheckpointBytes {
		s.queue.setBehind(false)
	}
	if err := s.journal.Cut(a.position); err != nil && !errors.Is(err, journal.ErrFailed) {
		return s.fail(fmt.Errorf("failed to cut the journal: %w", err))
	}
	s.o.Fault(pointTrimmed)
	return nil
}

// job is what a checkpoint writes of one room.
type job struct {
	room  *Room
	table *memtable // nil: the state only
	state roomState // to be stored; the writer brings floor, bytes and marks up to date
}

// settle tells the room what is stored now.
func (j *job) settle() {
	r := j.room
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writing = nil
	r.state.floor, r.state.bytes, r.state.marks = j.state.floor, j.state.bytes, j.state.marks
}

// cut sets all memtables aside, at one moment for all rooms. The answer is the
// journal's position of that moment, once all before it is durable.
func (s *Store) cut() ([]*job, <-chan cutAnswer, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	dirty := s.dirty
	s.dirty = nil
	s.mu.Unlock()
	var jobs []*job
	for _, r := range dirty {
		r.mu.Lock()
		if (r.active != nil || r.unsaved) && !r.gone { // of a dropped room the journal has the end already
			jobs = append(jobs, &job{r, r.active, r.state})
			r.writing, r.active = r.active, nil
			r.unsaved = false
			r.cuts++
		}
		r.mu.Unlock()
	}
	answer := make(chan cutAnswer, 1)
	return jobs, answer, s.queue.push(commit{cut: answer})
}

// Checkpoint writes all that was committed so far to the B+tree, and returns
// when that is done. The store does this by itself.
func (s *Store) Checkpoint() error { return s.checkpoints.ask(nil) }
