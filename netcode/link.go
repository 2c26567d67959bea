package netcode

import "github.com/parlor-server/parlor/schema"

// Link is one membership: a session's place in one room.
type Link struct{}

// Frame sends a state frame unless earlier bytes are unsent.
func (l *Link) Frame(head schema.Header, body []byte) bool { return false }

// Message sends a message that is never dropped.
func (l *Link) Message(head schema.Header, body []byte) {}

// Flush writes what was queued.
func (l *Link) Flush() {}

// Applied returns the last tick that the client says it has applied.
func (l *Link) Applied() uint32 { return 0 }

// Done frees the handle.
func (l *Link) Done() {}

// Close ends the whole session.
func (l *Link) Close(code schema.Code, message string) {}
