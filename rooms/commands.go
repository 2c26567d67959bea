package rooms

import "github.com/parlor-server/parlor/tick"

const (
	commandSlots   = 32  // ticks that a client may send ahead
	repeatTicks    = 3   // a missing command repeats the last one so often
	maxInputLength = 512 // bytes of one command's or event's payload
	shortCommand   = 10  // bytes of a payload that is kept in its slot
)

// commandRing holds one player's commands of one input until their ticks come.
// Exactly one is used each tick, so sending more of them gains nothing. The
// room's loop owns it. What a tick needs of it lies together: thousands of
// rooms do not fit the processor's cache.
type commandRing struct {
	last   command // the one used last
	named  uint32  // the highest tick named by a used command
	missed uint32  // ticks since a command was there
	given  bool    // there was ever one, so that it can be repeated
	slots  [commandSlots]command
	long   *longCommands // nil until a payload does not fit its slot
}

type command struct {
	named uint32 // the tick that the client named; 0: empty
	size  uint16 // of the payload; above shortCommand it is in commandRing.long
	short [shortCommand]byte
}

// longCommands are payloads by slot; the last one is that of commandRing.last.
type longCommands [commandSlots + 1][]byte

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
	slot.named, slot.size = named, uint16(len(payload))
	if len(payload) <= shortCommand {
		copy(slot.short[:], payload)
		return true
	}
	if r.long == nil {
		r.long = new(longCommands)
	}
	long := &r.long[use%commandSlots]
	*long = append((*long)[:0], payload...)
	return true
}

// take gives the command for tick now, called once for each tick in order. ok
// is false when the player is neutral. The payload is valid until the next take.
func (r *commandRing) take(now tick.Tick) (payload []byte, ok bool) {
	i := uint32(now) % commandSlots
	slot := &r.slots[i]
	if slot.named == 0 {
		r.missed++
		if !r.given || r.missed > repeatTicks {
			return nil, false
		}
		return r.payload(), true
	}
	r.last = *slot
	if r.long != nil {
		r.long[i], r.long[commandSlots] = r.long[commandSlots], r.long[i]
	}
	r.named = max(r.named, slot.named)
	slot.named = 0
	r.missed, r.given = 0, true
	return r.payload(), true
}

func (r *commandRing) payload() []byte {
	if r.last.size > shortCommand {
		return r.long[commandSlots]
	}
	return r.last.short[:r.last.size]
}

// refuse keeps the command that was just taken from being repeated.
func (r *commandRing) refuse() { r.given = false }

// clear forgets what a lost connection had sent.
func (r *commandRing) clear() {
	for i := range r.slots {
		r.slots[i].named = 0
	}
	r.given, r.missed, r.named = false, 0, 0
}
