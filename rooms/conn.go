package rooms

import (
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Conn is one membership's way to its client. Only the room's loop calls it,
// and no call blocks. Bodies are copied before a call returns.
//
// A connection with a DatagramSize has an unreliable lane beside the reliable
// one; Frame and Message take the reliable one.
type Conn interface {
	// Frame sends a state frame; it is refused while earlier bytes of the
	// session are unsent, and the runner then makes a catch-up later.
	Frame(head schema.Header, body []byte) bool
	// Message is never dropped; when the session's queue overflows, the
	// session is closed.
	Message(head schema.Header, body []byte)
	// Datagram sends a message that may be lost and may overtake others. It is
	// refused while the session has used up what it may send; the runner then
	// tries again in the next tick.
	Datagram(head schema.Header, body []byte) bool
	// DatagramSize is the largest body of a Datagram; 0: the connection has no
	// unreliable lane. It never changes.
	DatagramSize() int
	// Flush hands the tick's messages to the network in one write.
	Flush()
	// Applied is the last tick that the client said it has applied here.
	Applied() uint32
	// Base is the newest base tick (state.BaseEvery) whose state the client
	// said it holds; 0: none.
	Base() uint32
	// RTT is the smoothed round trip to the client; 0: not known yet.
	RTT() time.Duration
	// Done frees the session's handle: the membership is over.
	Done()
	// Close ends the whole session.
	Close(code schema.Code, message string)
}
