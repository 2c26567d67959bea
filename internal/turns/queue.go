// Package turns lets many rooms take turns on a few goroutines, each room on one
// of them at a time.
package turns

import "sync"

// Queue holds the rooms that have something to do, each once, first come first
// served. It is as long as there are rooms at most. Safe for concurrent use.
type Queue[R any] struct {
	mu     sync.Mutex // guards all below
	ready  sync.Cond  // a room came, or the queue was closed
	rooms  []R
	head   int
	closed bool
}

// New makes an empty queue.
func New[R any]() *Queue[R] {
	q := &Queue[R]{}
	q.ready.L = &q.mu
	return q
}

// Push puts a room at the end. Most callers want Wake.
func (q *Queue[R]) Push(r R) {
	q.mu.Lock()
	q.rooms = append(q.rooms, r)
	q.mu.Unlock()
	q.ready.Signal()
}

// Pop waits for a room; ok is false when the queue was closed and is empty.
func (q *Queue[R]) Pop() (r R, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.head == len(q.rooms) {
		if q.closed {
			return r, false
		}
		q.rooms, q.head = q.rooms[:0], 0
		q.ready.Wait()
	}
	r = q.rooms[q.head]
	clear(q.rooms[q.head : q.head+1])
	if q.head++; q.head >= 1024 && q.head*2 >= len(q.rooms) {
		n := copy(q.rooms, q.rooms[q.head:])
		clear(q.rooms[n:])
		q.rooms, q.head = q.rooms[:n], 0
	}
	return r, true
}

// Close ends Pop when nothing is left.
func (q *Queue[R]) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.ready.Broadcast()
}
