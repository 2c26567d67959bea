package host

import (
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// Link is a client's connection as a room needs it. Its methods do not block
// and may be called by any goroutine; netcode.Link is one.
type Link interface {
	// Message queues a message. When the connection takes no more, it is ended.
	Message(head schema.Header, body []byte)
	// Offer queues a message if all bytes of earlier flushes have left. Otherwise
	// it reports false and takes nothing.
	Offer(head schema.Header, body []byte) bool
	// Flush hands what is queued to the network.
	Flush()
	// Pending is how many bytes the network has not taken yet.
	Pending() int
	// Over reports whether the connection has ended.
	Over() bool
	// Done says that nothing more will come from this room.
	Done()
	// Close ends the connection, all its rooms with it.
	Close(code schema.Code, message string)
}

// OpenRequest is a client's Open and who asks.
type OpenRequest struct {
	Request       uint32
	Room          string
	Client        string
	Epoch, Cursor uint64
	SchemaHash    uint64
	Version       uint32
	User          presence.User
	Remote        string
}
