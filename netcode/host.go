package netcode

import (
	"context"

	"github.com/parlor-server/parlor/auth"
)

// Host is what sessions need of the rooms.
type Host interface {
	// Reserve finds or makes a room and holds a seat in it. It may wait on the
	// game's I/O until ctx ends, which it does when the session does. A
	// *schema.Error reaches the client as it is, any other error as INTERNAL.
	Reserve(ctx context.Context, req JoinRequest) (Seat, error)
}

// Seat is one player's place in a room. Its methods may be called by any
// goroutine, do not block, and copy payload. An error that is a *schema.Error
// is answered to the client.
type Seat interface {
	// Enter queues the join; Joined arrives through conn. It is called once.
	// After an error the seat is no more.
	Enter(conn *Link) error
	// Command hands in the command for one tick.
	Command(tick uint32, input uint8, payload []byte) error
	// Saw says, before the command for the tick named, what the player saw
	// when it made that command: the tick that was drawn, in 1/256.
	Saw(named, seen uint32)
	// Event hands in an event; seq is the client's count of them.
	Event(seq uint32, input uint8, payload []byte) error
	// Leave says that the player asked to leave. Left arrives through the link.
	Leave()
	// Lost says that the connection ended. It is called at most once, also for
	// a seat that was reserved but could not enter any more.
	Lost()
}

// JoinRequest is a client's Join and who asks.
type JoinRequest struct {
	Request    uint32 // the client's number for it
	Mode       uint8  // fb.JoinMode
	Kind       string
	Room       string
	Token      string
	Options    []byte
	Filter     []byte
	SchemaHash uint64
	Private    bool
	User       auth.User
	Remote     string // the client's address
}
