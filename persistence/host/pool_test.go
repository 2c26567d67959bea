package host

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPoolIsBoundedAndSaysWhenItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pool{most: 2}
		running, most, drained := 0, 0, 0
		started := time.Now()
		for range maxWaiting + 2 {
			p.run(func() {
				p.mu.Lock()
				running++
				most = max(most, running)
				p.mu.Unlock()
				time.Sleep(time.Millisecond)
				p.mu.Lock()
				running--
				p.mu.Unlock()
			})
		}
		if !p.full(func() { drained++ }) {
			t.Error("the pool is not full")
		}
		p.running.Wait()
		if most != 2 || drained != 1 || p.full(func() {}) {
			t.Errorf("%d ran at once, told %d times that there is room", most, drained)
		}
		if took, want := time.Since(started), (maxWaiting+2)/2*time.Millisecond; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
		p.close()
		p.run(func() { t.Error("a closed pool ran something") })
	})
}

func TestRunQueueIsFair(t *testing.T) {
	q := newRunQueue()
	rooms := make([]*room, 3000)
	for i := range rooms {
		rooms[i] = &room{}
		q.push(rooms[i])
	}
	for i := range rooms {
		if q.pop() != rooms[i] {
			t.Fatalf("room %d did not come in its turn", i)
		}
		if i < 1000 {
			q.push(rooms[i]) // has more to do
		}
	}
	q.close()
	for i := range 1000 {
		if q.pop() != rooms[i] {
			t.Fatalf("room %d did not come again", i)
		}
	}
	if q.pop() != nil {
		t.Error("a closed queue gave a room")
	}
}
