package bots

import (
	"time"

	"github.com/parlor-server/parlor/tick"
)

// ackWindow is how many commands of one bot may be on their way; a command
// that is overtaken by so many others is not measured.
const ackWindow = 64

// acks measures the time from sending the command that names a tick to the
// first frame that acknowledges it. It is used with the room's state held.
type acks struct {
	slots [ackWindow]ackSlot
	last  tick.Tick // the highest acknowledged
}

type ackSlot struct {
	tick tick.Tick
	at   time.Time
}

func (a *acks) sent(t tick.Tick, now time.Time) {
	slot := &a.slots[t%ackWindow]
	if slot.tick != t {
		*slot = ackSlot{t, now}
	}
}

// acknowledged records the commands up to ack that had none yet.
func (a *acks) acknowledged(ack tick.Tick, now time.Time, into *histogram) {
	if ack <= a.last {
		return
	}
	for t := max(a.last+1, ack-min(ack, ackWindow-1)); t <= ack; t++ {
		if slot := &a.slots[t%ackWindow]; slot.tick == t {
			into.add(now.Sub(slot.at))
			slot.tick = 0
		}
	}
	a.last = ack
}

// forget begins a new membership, whose ticks may be another room's.
func (a *acks) forget() { *a = acks{} }
