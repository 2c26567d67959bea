package udp

import "sync"

// agenda lists the sessions of a shard that need the next sweep: those with
// unacknowledged, paced or owed bytes, and those that are closing. A session
// is on it at most once, which conn.listed says under conn.mu. Any goroutine
// may add; only the sweep takes.
type agenda struct {
	mu    sync.Mutex // guards due
	due   []*conn
	spare []*conn // the sweep's
}

func (a *agenda) add(c *conn) {
	a.mu.Lock()
	a.due = append(a.due, c)
	a.mu.Unlock()
}

// take returns what is due, the sweep's until its next take.
func (a *agenda) take() []*conn {
	clear(a.spare)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.due, a.spare = a.spare[:0], a.due
	return a.spare
}
