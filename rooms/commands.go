package rooms

import "github.com/parlor-server/parlor/tick"

const (
	commandSlots   = 32  // ticks that a client may send ahead
	repeatTicks    = 3   // a missing command repeats the last one so often
	maxInputLength = 512 // bytes of one command's or event's payload
)

// commandRing holds one player's commands of one input until their ticks come.
// Exactly one is used each tick, so sending more of them gains nothing. The
// room's loop owns it.
type commandRing struct {
	slots  [commandSlots]commandSlot
	last   []byte // the payload used last
	missed int    // ticks since a command was there
	given  bool   // there was ever one
	named  uint32 // the highest tick named by a used command
}

type commandSlot struct {
	named   uint32 // the tick that the client named; 0: empty
	payload []byte
}

// put files a command for the tick that it names. One that comes late takes
// the next tick, if that has none; false means that it was dropped. next is
// the tick that take will ask for.
func (r *commandRing) put(named uint32, next tick.Tick, payload []byte) bool {
	use := named
	if named < uint32(next) {
		use = uint32(next)
		if named <= r.named || r.slots[use%commandSlots].named != 0 {
			return false
		}
	}
	if use-uint32(next) >= commandSlots {
		return false
	}
	slot := &r.slots[use%commandSlots]
	slot.named = named
	slot.payload = append(slot.payload[:0], payload...)
	return true
}

// take gives the command for tick now, called once for each tick in order.
// ok is false when the player is neutral.
func (r *commandRing) take(now tick.Tick) (payload []byte, ok bool) {
	slot := &r.slots[uint32(now)%commandSlots]
	if slot.named != 0 {
		r.named = max(r.named, slot.named)
		slot.named = 0
		r.last, slot.payload = slot.payload, r.last
		r.missed, r.given = 0, true
		return r.last, true
	}
	r.missed++
	if !r.given || r.missed > repeatTicks {
		return nil, false
	}
	return r.last, true
}

// clear forgets what a lost connection had sent.
func (r *commandRing) clear() {
	for i := range r.slots {
		r.slots[i].named = 0
	}
	r.given, r.missed, r.named = false, 0, 0
}
