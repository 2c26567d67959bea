package store

import (
	"sync"

	"github.com/parlor-server/parlor/persistence/journal"
)

// commit is one batch on its way to the journal.
type commit struct {
	room        string
	first, last uint64
	entry       []byte
	done        func(error)

	// cut, if not nil, makes this a mark instead of a batch: it is told the
	// journal's position when all before it is durable and nothing after it is
	// written.
	cut chan<- cutAnswer
}

type cutAnswer struct {
	position journal.Position
	err      error
}

// queue is what waits for the committer. Any goroutine may push, also while the
// disk is busy; one takes. It is bounded in bytes: what does not fit is refused.
type queue struct {
	limit int64
	wake  chan struct{} // holds one: there is something to take, or the end

	mu      sync.Mutex // guards all below
	list    []commit
	bytes   int64         // in list and with the committer
	ended   error         // why nothing is taken any more
	behind  bool          // checkpoints cannot keep up
	drained chan struct{} // open while the queue is full
}

func newQueue(limit int64) *queue {
	q := &queue{limit: limit, wake: make(chan struct{}, 1), drained: make(chan struct{})}
	close(q.drained)
	return q
}

// reserve makes room for bytes, which push then uses. Of whoever has seen that the
// store is not full one batch is taken, however long: all of a room may be in it.
func (q *queue) reserve(bytes int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return q.ended
	}
	if q.bytes > q.limit/2 && q.bytes+int64(bytes) > q.limit {
		return ErrOverloaded
	}
	q.bytes += int64(bytes)
	q.flow()
	return nil
}

// push hands over a batch, for which there is room, or a mark.
func (q *queue) push(c commit) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return q.ended
	}
	q.list = append(q.list, c)
	q.signal()
	return nil
}

// take returns all that waits, in the order it came; spare is used for what
// comes next. more is false at the end.
func (q *queue) take(spare []commit) (list []commit, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	list, q.list = q.list, spare[:0]
	return list, q.ended == nil
}

// release makes room again.
func (q *queue) release(bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= bytes
	q.flow()
}

// end lets nothing in any more; what is in is still taken.
func (q *queue) end(why error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended == nil {
		q.ended = why
	}
	q.flow()
	q.signal()
}

// setBehind says whether checkpoints cannot keep up.
func (q *queue) setBehind(behind bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.behind = behind
	q.flow()
}

// full returns whether callers should hold back, and the channel that closes
// when they need not.
func (q *queue) full() (bool, <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-q.drained:
		return false, q.drained
	default:
		return true, q.drained
	}
}

// flow opens or closes drained. The lock is held.
func (q *queue) flow() {
	full := (q.behind || q.bytes > q.limit/2) && q.ended == nil
	select {
	case <-q.drained:
		if full {
			q.drained = make(chan struct{})
		}
	default:
		if !full {
			close(q.drained)
		}
	}
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
