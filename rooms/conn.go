package rooms

import "github.com/parlor-server/parlor/schema"

// Conn is one membership's way to its client. Only the room's loop calls it,
// and no call blocks. Bodies are copied before a call returns.
type Conn interface {
	// Frame sends a state frame; it is refused while earlier bytes of the
	// session are unsent, and the runner then makes a catch-up later.
	Frame(head schema.Header, body []byte) bool
	// Message is never dropped; when the session's queue overflows, the
	// session is closed.
	Message(head schema.Header, body []byte)
	// Flush hands the tick's messages to the network in one write.
	Flush()
	// Applied is the last tick that the client said it has applied here.
	Applied() uint32
	// Done frees the session's handle: the membership is over.
	Done()
	// Close ends the whole session.
	Close(code schema.Code, message string)
}
