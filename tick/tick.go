package tick

import (
	"fmt"
	"math"
	"time"
)

// Tick counts the fixed steps of one room. The first step is tick 1; 0 means none.
type Tick uint32

// The slowest and the fastest rate that a room may tick at.
const (
	MinRate Rate = 1
	MaxRate Rate = 128
)

// Rate is how many steps a room makes in a second of its own time.
type Rate int

// Validate refuses a rate outside MinRate to MaxRate.
func (r Rate) Validate() error {
	if r < MinRate || r > MaxRate {
		return fmt.Errorf("tick rate %d Hz is outside %d to %d", int(r), int(MinRate), int(MaxRate))
	}
	return nil
}

// Period is the time between two steps, rounded down to whole nanoseconds. The rate must be valid.
func (r Rate) Period() time.Duration { return time.Second / time.Duration(r) }

// DT is the length of a step in seconds, as rules multiply speeds with. The rate must be valid.
func (r Rate) DT() float32 { return 1 / float32(r) }

// Ticks is the number of steps that d takes, rounded up: a timer never fires early.
// A negative d takes none; more than a Tick can hold gives the largest Tick.
func (r Rate) Ticks(d time.Duration) Tick {
	if d <= 0 {
		return 0
	}
	seconds, rest := uint64(d/time.Second), uint64(d%time.Second)
	n := seconds*uint64(r) + (rest*uint64(r)+uint64(time.Second)-1)/uint64(time.Second)
	return Tick(min(n, math.MaxUint32))
}
