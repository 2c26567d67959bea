package client

import (
	"math/rand/v2"
	"time"
)

// gaps is how often in a row something did not follow on what is here: a server
// that keeps leaving changes out is asked again after longer and longer pauses.
// The seat's mu guards it.
type gaps struct {
	count int         // since a change last followed
	retry *time.Timer // nil: none is due
}

// repair calls ask, with mu held as now, and sends what it makes due: at once
// the first time, later after a pause. While one is due, nothing happens.
func (g *gaps) repair(s *seat, ask func()) {
	if g.retry != nil {
		return
	}
	again := g.count
	g.count++
	if again == 0 {
		ask() // whoever handles the message pushes
		return
	}
	pause := s.c.opts.Reconnect.wait(again, shortOutage, rand.Float64())
	var retry *time.Timer
	retry = time.AfterFunc(pause, func() {
		s.mu.Lock()
		if g.retry == retry {
			g.retry = nil
			ask()
		}
		s.mu.Unlock()
		s.push()
	})
	g.retry = retry
}

// filled is called when a change has followed on what is here.
func (g *gaps) filled() { g.count = 0 }

// stop takes back what is due, because all is sent anew.
func (g *gaps) stop() {
	if g.retry != nil {
		g.retry.Stop()
		g.retry = nil
	}
}
