package netcode

import (
	"context"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
)

// OpenHost is what sessions need of the rooms that Open enters: record,
// presence, canvas and Yjs rooms.
type OpenHost interface {
	// Open loads the room if nobody has it open, and holds a seat in it: a
	// RecordSeat or a SharedSeat. It may wait for the disk until ctx ends, which
	// it does when the session does. A *schema.Error reaches the client as it
	// is, any other error as INTERNAL.
	Open(ctx context.Context, req OpenRequest) (OpenSeat, error)
}

// OpenSeat is one client's way into one room. Its methods may be called by any
// goroutine, do not block, and copy what they keep.
type OpenSeat interface {
	// Enter queues the arrival; Opened, or an Error, arrives through link. It is
	// called once. After an error the seat is no more.
	Enter(link *Link) error
	// Renew says that the client's user has shown a new token: its claims may
	// be others.
	Renew(user auth.User)
	// Leave says that the client asked to leave. Left arrives through the link.
	Leave()
	// Lost says that the connection ended. It is called at most once, also for
	// a seat that could not enter any more.
	Lost()
}

// RecordSeat is a seat in a record room. An error that is a *schema.Error is
// answered to the client.
type RecordSeat interface {
	OpenSeat
	// Subscribe begins a live query, or replaces that of the same ID.
	Subscribe(s Subscription) error
	// Unsubscribe ends a live query.
	Unsubscribe(id uint32) error
	// Mutate asks for one transaction.
	Mutate(m Mutation) error
}

// SharedSeat is a seat in a presence, canvas or Yjs room.
type SharedSeat interface {
	OpenSeat
	// Receive takes a verified message to the room: Show, Cast, Look, Group,
	// Drag, Sync or Mutate. body is good during the call. An error that is a
	// *schema.Error is answered to the client: with a Receipt, if it is about a
	// Mutate that asks for one.
	Receive(head schema.Header, body []byte) error
}

// Overrunner is a SharedSeat whose room can ask for a Sync again that came beyond
// a limit and was ignored: an edit must not be missing until the client edits next.
type Overrunner interface {
	// Overrun reports whether the client is to be told: it is not, if the room has
	// not come to ask since the last time.
	Overrun() bool
}

// OpenRequest is a client's Open and who asks.
type OpenRequest struct {
	Request       uint32 // the client's number for it
	Room          string // "kind/name"
	Client        string // of exactly-once writes; empty: none
	Epoch, Cursor uint64 // what the client holds
	SchemaHash    uint64 // a descriptor that it has
	Version       uint32 // of the schema that it was built for
	User          auth.User
	Remote        string // the client's address
}

// Subscription is a Subscribe. Its slices are the message's: good during the call.
type Subscription struct {
	ID         uint32
	Collection []byte
	Query      []byte // JSON
	Since      uint64
	Held       []byte
}

// Mutation is a Mutate. Its slices are the message's: good during the call.
type Mutation struct {
	ID      uint64 // 0: no receipt
	Name    []byte // empty: Args are built-in operations
	Args    []byte
	Version uint32
	Void    bool
}
