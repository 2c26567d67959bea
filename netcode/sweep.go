package netcode

import (
	"runtime"
	"time"

	"github.com/parlor-server/parlor/schema"
)

const (
	// sweepPeriod is how often time-outs are checked, and the step of the
	// coarse clock.
	sweepPeriod = 250 * time.Millisecond
	// sweepYield is after how many direct writes the sweep lets others run: a
	// thousand idle sessions must not delay a tick.
	sweepYield = 8
)

// sweep is the server's one goroutine; Close ends it.
func (s *Server) sweep() {
	defer close(s.swept)
	ticker := time.NewTicker(sweepPeriod)
	defer ticker.Stop()
	var sessions []*Session
	for {
		select {
		case <-ticker.C:
		case <-s.ctx.Done():
			return
		}
		wall := time.Now()
		now := wall.Sub(s.started)
		s.coarse.Store(int64(now))
		sessions = s.all(sessions[:0])
		writes := 0
		for _, c := range sessions {
			if c.watch(now, wall) {
				if writes++; writes%sweepYield == 0 {
					runtime.Gosched()
				}
			}
		}
		clear(sessions)
	}
}

// watch closes the session if a time-out has passed, and sees to its pings. It
// reports whether it wrote something. Only the sweep calls it.
func (s *Session) watch(now time.Duration, wall time.Time) bool {
	cfg := &s.server.cfg
	expires := s.expires.Load()
	switch {
	case s.closing.Load() != 0:
		return false
	case !s.welcomed.Load():
		if now-s.opened <= cfg.HelloTimeout {
			return false
		}
		s.Close(schema.CodeHelloTimeout, "no valid Hello came in time")
	case now-time.Duration(s.heard.Load()) > cfg.IdleTimeout:
		s.Close(schema.CodeIdleTimeout, "nothing was received for too long; answer Ping with Pong")
	case expires != 0 && wall.UnixNano() >= expires:
		s.Close(schema.CodeTokenExpired, "the token expired; send a new one with Auth in time")
	default:
		return s.watchPing(now)
	}
	return true
}

// watchPing makes a ping due once an interval. A session in a room gets it
// with the room's next flush, which costs no write of its own; the others, and
// rooms that sleep, are served here.
func (s *Session) watchPing(now time.Duration) bool {
	if s.pingDue.CompareAndSwap(true, false) {
		s.ping()
		s.transport.Flush()
		return true
	}
	if now < s.nextPing {
		return false
	}
	s.nextPing = now + s.server.cfg.PingInterval
	if len(s.table()) > 0 {
		s.pingDue.Store(true)
		return false
	}
	s.ping()
	s.transport.Flush()
	return true
}
