package client

import (
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// callbacks is a list that may change while it is being walked. Any goroutine
// may add and remove.
type callbacks[F any] struct {
	mu   sync.Mutex     // guards list
	list []*callback[F] // its entries are never changed, so that it may be walked without the lock
}

type callback[F any] struct {
	f    F
	gone atomic.Bool
}

// add appends f, and returns what takes it out again.
func (c *callbacks[F]) add(f F) (remove func()) {
	entry := &callback[F]{f: f}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, entry)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		entry.gone.Store(true)
		c.list = slices.DeleteFunc(slices.Clone(c.list), func(e *callback[F]) bool { return e == entry })
	}
}

// all walks what has been added so far and is not removed until its turn.
func (c *callbacks[F]) all() iter.Seq[F] {
	return func(yield func(F) bool) {
		c.mu.Lock()
		list := c.list
		c.mu.Unlock()
		for _, e := range list {
			if !e.gone.Load() && !yield(e.f) {
				return
			}
		}
	}
}

// some reports whether there is any.
func (c *callbacks[F]) some() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.list) > 0
}
