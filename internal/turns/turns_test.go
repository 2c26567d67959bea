package turns

import (
	"sync"
	"testing"
)

func TestQueueIsFair(t *testing.T) {
	q := New[int]()
	for i := range 3000 {
		q.Push(i)
	}
	for i := range 3000 {
		if r, ok := q.Pop(); !ok || r != i {
			t.Fatalf("room %d did not come in its turn", i)
		}
		if i < 1000 {
			q.Push(i) // has more to do
		}
	}
	q.Close()
	for i := range 1000 {
		if r, ok := q.Pop(); !ok || r != i {
			t.Fatalf("room %d did not come again", i)
		}
	}
	if _, ok := q.Pop(); ok {
		t.Error("a closed queue gave a room")
	}
}

// TestNoWakeIsLost wakes rooms from many goroutines: whatever was counted before
// a wake is seen by a turn after it, and no room has two turns at once.
func TestNoWakeIsLost(t *testing.T) {
	type room struct {
		State
		mu      sync.Mutex
		waiting int
		turn    sync.Mutex
		seen    int
	}
	q := New[*room]()
	rooms := make([]room, 4)
	var workers, wakers sync.WaitGroup
	for range 3 {
		workers.Go(func() {
			for r, ok := q.Pop(); ok; r, ok = q.Pop() {
				r.Begin()
				if !r.turn.TryLock() {
					t.Error("two turns of a room at once")
				}
				r.mu.Lock()
				r.seen += r.waiting
				r.waiting = 0
				r.mu.Unlock()
				r.turn.Unlock()
				q.End(r, &r.State, false)
			}
		})
	}
	const times = 5000
	for i := range 8 {
		wakers.Go(func() {
			for n := range times {
				r := &rooms[(i+n)%len(rooms)]
				r.mu.Lock()
				r.waiting++
				r.mu.Unlock()
				q.Wake(r, &r.State)
			}
		})
	}
	wakers.Wait()
	q.Close()
	workers.Wait()
	sum := 0
	for i := range rooms {
		sum += rooms[i].seen
	}
	if sum != 8*times {
		t.Errorf("turns saw %d of %d", sum, 8*times)
	}
}
