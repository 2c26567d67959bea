package rooms

import "sync"

// bell wakes all who wait for something to change. Safe for concurrent use;
// ringing it costs nothing while nobody waits.
type bell struct {
	mu   sync.Mutex
	next chan struct{} // guarded by mu; closed by the next ring; nil: nobody waits
}

// wait gives a channel that the next ring closes. Ask for it before looking at
// what may have changed.
func (b *bell) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next == nil {
		b.next = make(chan struct{})
	}
	return b.next
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.next != nil {
		close(b.next)
		b.next = nil
	}
}
