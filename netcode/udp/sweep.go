package udp

import (
	"time"

	"github.com/parlor-server/parlor/schema"
)

const (
	// sweepPeriod is KCP's own: what was not acknowledged is looked at as often.
	sweepPeriod = 10 * time.Millisecond
	// idlePeriod is that of a shard without sessions.
	idlePeriod = 250 * time.Millisecond
	// watchParts is in how many sweeps every session is looked at once.
	watchParts = 25
	// embryonicTime is how long a session lives whose client has not spoken.
	embryonicTime = 5 * time.Second
)

// sweepLoop is the sweep goroutine: what time asks for, and packets that came
// to other shards' sockets.
func (sh *shard) sweepLoop() {
	timer := time.NewTimer(idlePeriod)
	defer timer.Stop()
	for idle := true; ; {
		select {
		case <-sh.server.done:
			return
		case <-sh.ring.wake:
			sh.handle(sh.ring.take())
			sh.out.flush()
		case <-sh.woken:
			if idle { // otherwise a stream of new sessions would put it off for ever
				idle = false
				timer.Reset(sweepPeriod)
			}
		case <-timer.C:
			idle = !sh.sweep()
			if idle {
				timer.Reset(idlePeriod)
			} else {
				timer.Reset(sweepPeriod)
			}
		}
	}
}

// sweep does what is due and reports whether the shard has sessions.
func (sh *shard) sweep() bool {
	now := sh.server.tick()
	for _, c := range sh.agenda.take() {
		if c.work(now) {
			sh.finish(c)
		}
	}
	sh.mu.Lock()
	sh.now = now
	sh.watch()
	sh.tryPaths()
	busy := len(sh.order) > 0
	sh.mu.Unlock()
	sh.out.flush()
	return busy
}

// finish ends a session that has said its last.
func (sh *shard) finish(c *conn) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c.end(c.closeCode())
}

// watch looks at the next part of the sessions for time-outs. sh.mu is held.
func (sh *shard) watch() {
	for n := (len(sh.order) + watchParts - 1) / watchParts; n > 0 && len(sh.order) > 0; n-- {
		if sh.watched >= len(sh.order) {
			sh.watched = 0
		}
		c := sh.order[sh.watched]
		switch silent := sh.now - c.heard; {
		case c.session == nil && silent >= embryonicTime:
			c.end(0)
			continue // another session has taken its place
		case c.session != nil && silent >= c.timeout:
			c.session.Close(schema.CodeIdleTimeout, "nothing authentic was received for too long")
		}
		sh.watched++
	}
}
