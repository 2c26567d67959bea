package host

import "sync"

// pool runs functions on a bounded number of goroutines, in the order in which
// they came. What does not run yet waits in a list, which is as long as those
// who call run let it become: they look at full first. Safe for concurrent use.
type pool struct {
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

// run runs f soon, unless the pool is closed.
func (p *pool) run(f func()) {
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
func (p *pool) work(f func()) {
	for f != nil {
		f()
		var drained []func()
		f, drained = p.next()
		for _, d := range drained {
			d()
		}
	}
}

func (p *pool) next() (f func(), drained []func()) {
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

// full reports whether more should not be handed in; then it calls drained, once,
// when that has changed.
func (p *pool) full(drained func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) < maxWaiting || p.closed {
		return false
	}
	p.drained = append(p.drained, drained)
	return true
}

// close drops what waits. Running functions end by themselves; running.Wait
// waits for them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed, p.waiting = true, nil
	p.mu.Unlock()
}
