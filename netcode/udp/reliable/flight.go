package reliable

import (
	"encoding/binary"
	"time"

	"github.com/xtaci/kcp-go/v5"
)

// flight knows when segments were sent last, and from that when KCP cannot have
// anything to send again. KCP does not tell, and asking it in vain has a price
// beside the processor's: what Pump hands over within 10 ms after that waits.
type flight struct {
	start     time.Time
	sent      []uint32 // by number modulo its length, the window: milliseconds after start
	una, next uint32   // una ≤ number < next: on their way
	quickest  uint32   // round trip in milliseconds, at least this; 0: none is known
}

const (
	minTimeout = kcp.IKCP_RTO_NDL // milliseconds until KCP sends again, at least
	minBeyond  = 8                // the same beyond the round trip: 10, less what rounding takes
)

func newFlight(window int) *flight { return &flight{start: time.Now(), sent: make([]uint32, window)} }

func (f *flight) now() uint32 { return uint32(time.Since(f.start) / time.Millisecond) }

// left notes that the pushes of a packet have been sent.
func (f *flight) left(segments []byte) {
	now := f.now()
	for len(segments) >= kcp.IKCP_OVERHEAD {
		if segments[offCommand] == kcp.IKCP_CMD_PUSH {
			number := binary.LittleEndian.Uint32(segments[offNumber:])
			f.sent[number%uint32(len(f.sent))] = now
			if number == f.next {
				f.next++
			}
		}
		segments = segments[kcp.IKCP_OVERHEAD+binary.LittleEndian.Uint32(segments[offLength:]):]
	}
}

// arrived notes what a segment of the peer says has arrived there. gap: a later
// segment has arrived, and an earlier one has not.
func (f *flight) arrived(segment []byte) (gap bool) {
	if una := binary.LittleEndian.Uint32(segment[offUna:]); una-f.una <= f.next-f.una {
		f.una = una
	}
	number := binary.LittleEndian.Uint32(segment[offNumber:])
	if segment[offCommand] != kcp.IKCP_CMD_ACK || f.next-number-1 >= uint32(len(f.sent)) {
		return false
	}
	// Of a segment that was sent twice this may be too little, never too much.
	trip := max(1, f.now()-f.sent[number%uint32(len(f.sent))])
	if f.quickest == 0 || trip < f.quickest {
		f.quickest = trip
	}
	return number != f.una && number-f.una < f.next-f.una
}

// due reports whether KCP may have something to send again.
func (f *flight) due() bool {
	if f.next-f.una > uint32(len(f.sent)) {
		return true // the peer says strange things
	}
	now, timeout := f.now(), max(minTimeout, f.quickest+minBeyond)
	for number := f.una; number != f.next; number++ {
		if now-f.sent[number%uint32(len(f.sent))] >= timeout {
			return true
		}
	}
	return false
}
