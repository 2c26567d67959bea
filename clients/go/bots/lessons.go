package bots

import "sync"

// patience is how often a room may refuse a thing before bots leave it.
const patience = 3

// lessons is what bots have learned of what rooms of the kind refuse. Any
// goroutine may use it.
type lessons struct {
	mu      sync.Mutex // guards refused
	refused map[string]int
}

// refuse notes that the room refused a thing.
func (l *lessons) refuse(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused == nil {
		l.refused = make(map[string]int)
	}
	l.refused[what]++
}

// times is how often it did.
func (l *lessons) times(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused[what]
}

// worth reports whether a thing is worth a try.
func (l *lessons) worth(what string) bool { return l.times(what) < patience }

// accept notes that the room takes a thing after all.
func (l *lessons) accept(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.refused, what)
}
