package host

import "sync"

// runQueue holds the rooms that have something to do, each once, first come
// first served. It is as long as there are rooms at most. Safe for concurrent use.
type runQueue struct {
	mu     sync.Mutex // guards all below
	ready  sync.Cond  // a room came, or the queue was closed
	rooms  []*room
	head   int
	closed bool
}

func newRunQueue() *runQueue {
	q := &runQueue{}
	q.ready.L = &q.mu
	return q
}

func (q *runQueue) push(r *room) {
	q.mu.Lock()
	q.rooms = append(q.rooms, r)
	q.mu.Unlock()
	q.ready.Signal()
}

// pop waits for a room; nil says that the queue was closed and is empty.
func (q *runQueue) pop() *room {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head == len(q.rooms) {
		if q.closed {
			return nil
		}
		q.rooms, q.head = q.rooms[:0], 0
		q.ready.Wait()
	}
	r := q.rooms[q.head]
	q.rooms[q.head] = nil
	if q.head++; q.head >= 1024 && q.head*2 >= len(q.rooms) {
		n := copy(q.rooms, q.rooms[q.head:])
		clear(q.rooms[n:])
		q.rooms, q.head = q.rooms[:n], 0
	}
	return r
}

func (q *runQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.ready.Broadcast()
}
