// Package pool runs functions on a bounded number of goroutines.
package pool

import "sync"

// Pool runs functions in the order in which they came. What does not run yet
// waits in a list, which is as long as those who call Run let it become: they
// look at Full first. It has no goroutine as long as there is nothing to run.
// Safe for concurrent use.
type Pool struct {
	most    int // goroutines
	running sync.WaitGroup

	mu      sync.Mutex // guards all below
	workers int
	waiting []func()
	closed  bool
	drained []func() // called once when no longer full
}

// maxWaiting is how many functions may wait before the pool counts as full.
const maxWaiting = 4096

// New makes a pool of at most so many goroutines.
func New(most int) *Pool { return &Pool{most: most} }

// Run runs f soon, unless the pool is closed.
func (p *Pool) Run(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
	case p.workers < p.most:
		p.workers++
		p.running.Go(func() { p.work(f) })
	default:
		p.waiting = append(p.waiting, f)
	}
}

// work runs f and then what waits.
func (p *Pool) work(f func()) {
	for f != nil {
		f()
		var drained []func()
		f, drained = p.next()
		for _, d := range drained {
			d()
		}
	}
}

func (p *Pool) next() (f func(), drained []func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		p.workers--
	} else {
		f = p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
	}
	if len(p.waiting) <= maxWaiting/2 {
		drained, p.drained = p.drained, nil
	}
	return f, drained
}

// Full reports whether more should not be handed in; then it calls drained, once,
// when that has changed.
func (p *Pool) Full(drained func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) < maxWaiting || p.closed {
		return false
	}
	p.drained = append(p.drained, drained)
	return true
}

// Close drops what waits. Running functions end by themselves; Wait waits for
// them.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed, p.waiting = true, nil
	p.mu.Unlock()
}

// Wait returns when nothing runs.
func (p *Pool) Wait() { p.running.Wait() }
