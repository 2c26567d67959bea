package client

import "sync"

// callbacks is a list that grows while it is being walked. Any goroutine may
// add; entries stay as long as the room does.
type callbacks[F any] struct {
	mu   sync.Mutex // guards list
	list []F
}

func (c *callbacks[F]) add(f F) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, f)
}

// all is what has been added so far. Entries are never changed, so that the
// slice may be walked without the lock.
func (c *callbacks[F]) all() []F {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list
}
