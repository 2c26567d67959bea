package client

import "time"

// drawer draws rows as they were a little ago.
type drawer interface {
	// drawn is the tick that is drawn at now, with its fraction; 0: none yet.
	drawn(now time.Time) float64
}

// freshDrawing is how long what was drawn counts as what is drawn now.
const freshDrawing = 100 * time.Millisecond

// seen is what the player sees when it makes a command at now, for the
// server's lag compensation: the latest tick that is drawn, in 1/256; 0 where
// nothing is drawn.
func (r *Room) seen(now time.Time) uint32 {
	latest := 0.0
	for d := range r.drawers.all() {
		latest = max(latest, d.drawn(now))
	}
	return uint32(int64(latest * 256))
}
