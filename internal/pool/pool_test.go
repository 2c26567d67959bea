package pool

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestPoolIsBoundedAndSaysWhenItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(2)
		running, most, drained := 0, 0, 0
		started := time.Now()
		for range maxWaiting + 2 {
			p.Run(func() {
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
		if !p.Full(func() { drained++ }) {
			t.Error("the pool is not full")
		}
		p.Wait()
		if most != 2 || drained != 1 || p.Full(func() {}) {
			t.Errorf("%d ran at once, told %d times that there is room", most, drained)
		}
		if took, want := time.Since(started), (maxWaiting+2)/2*time.Millisecond; took != want {
			t.Errorf("it took %v, want %v", took, want)
		}
		p.Close()
		p.Run(func() { t.Error("a closed pool ran something") })
	})
}
