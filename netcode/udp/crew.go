package udp

import "sync"

// crew makes calls that may wait for others, each on one of a few goroutines
// that exist only while there is something to do. What waits for them is
// bounded by the sessions: each has one call at a time here.
type crew struct {
	size    int
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	busy    int        // goroutines
	waiting []func()
}

// do has call made soon.
func (c *crew) do(call func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, call)
	if c.busy < c.size {
		c.busy++
		c.running.Go(c.work)
	}
}

// work makes calls until none waits.
func (c *crew) work() {
	for call := c.next(); call != nil; call = c.next() {
		call()
	}
}

func (c *crew) next() func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting = nil
		c.busy--
		return nil
	}
	call := c.waiting[0]
	c.waiting[0] = nil
	c.waiting = c.waiting[1:]
	return call
}

// wait returns when all calls have been made. Nobody may hand in more by then.
func (c *crew) wait() { c.running.Wait() }
