package records

import (
	"context"
	"errors"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/persistence/value"
)

// User is who a connection speaks for.
type User = auth.User

// Room is all that Parlor needs to know of a kind of record room. W is its
// world: a struct whose fields are a [Collection], [Events] or [Schedule] each.
// Every hook may be nil.
//
// Hooks that get the world run inside a transaction: they must not wait, start
// goroutines, read the wall clock or keep anything for later. A hook that
// returns an error or panics leaves no trace in the data.
type Room[W any] struct {
	// Version is the schema's, from 1. Raise it with every change of the
	// world's types that is not an addition.
	Version uint32
	// Oldest is the oldest version whose clients are served still. 0: found
	// from what changed since the room was made.
	Oldest uint32

	// Auth refuses to open a room by returning an error; its text reaches the
	// client. It may wait on a database or network.
	Auth func(ctx context.Context, room string, u User) error
	// Role names what a user may do in the room; "" keeps the user out. It is
	// asked again when a collection changes that it read (R10.2). Nil: all
	// users have the role "member".
	Role func(w *W, u User) string
	// Create fills a new room, in its first transaction.
	Create func(w *W, ctx *Ctx) error

	// Access says per collection what clients may read and write. Of a
	// collection without an entry clients read everything and write nothing.
	Access []Access[W]
	// Mutations are the transactions that clients can ask for.
	Mutations []Mutation[W]
	// Schedules are the transactions that run by the clock.
	Schedules []Scheduled[W]
	// Migrations are the steps from the data of earlier versions to these types.
	Migrations []Migration[W]

	Limits Limits
}

// Limits of a room. Zero fields have defaults.
type Limits struct {
	Operations    int           // writes of one mutation; 128
	Subscriptions int           // live queries of one client; 256
	Scan          int           // records that one query may look at; 1,000,000
	Bytes         int           // records in memory; 256 MiB. Beyond it growth is refused with ROOM_TOO_LARGE
	Receipts      int           // kept of each client, for repeated pushes; 128
	Clients       time.Duration // how long a client that writes no more is remembered; 90 days
}

// Defaults of Limits.
const (
	DefaultOperations    = 128
	DefaultSubscriptions = 256
	DefaultScan          = 1_000_000
	DefaultBytes         = 256 << 20
	DefaultReceipts      = 128
	DefaultClients       = 90 * 24 * time.Hour
)

// Kind is a room definition under its name, ready to be opened as rooms. The
// zero Kind is not usable.
type Kind struct{ def *definition }

// definition is what all rooms of a kind share; it never changes after Define.
type definition struct {
	name   string
	schema value.Schema
	auth   func(ctx context.Context, room string, u User) error
	open   func(loaded Loader, o OpenOptions, out *Outbox) (*Machine, error)
	err    error
}

// Define names a room definition. One that cannot work (a collection without a
// key, two mutations of one name) is reported by Kind.Err, and by the server
// when it starts.
func Define[W any](name string, room Room[W]) Kind {
	return Kind{def: &definition{name: name, err: errors.New("records: not yet")}}
}

// Name is the first part of the rooms' names, such as "tasks" of "tasks/main".
func (k Kind) Name() string { return k.def.name }

// Schema describes the kind's collections and mutations. A room that was made
// by an earlier version may have its fields in another order.
func (k Kind) Schema() *value.Schema { return &k.def.schema }

// Err says why the definition cannot work, or nil.
func (k Kind) Err() error {
	if k.def == nil {
		return errors.New("records: a Kind comes from Define")
	}
	return k.def.err
}

// Auth runs the definition's Auth hook. It may wait; call it before Attach,
// outside of the room.
func (k Kind) Auth(ctx context.Context, room string, u User) error {
	if k.def.auth == nil {
		return nil
	}
	return k.def.auth(ctx, room, u)
}

// Open makes the machine of one room from what was made durable of it, or of a
// new room when nothing was. It runs migrations (R13). What must be durable
// before anything else of the room leaves the server is in out. An error is a
// *schema.Error: MIGRATION_FAILED with the reason, or VALIDATION for data that
// does not decode; the data is as it was.
func (k Kind) Open(loaded Loader, o OpenOptions, out *Outbox) (*Machine, error) {
	if err := k.Err(); err != nil {
		return nil, err
	}
	return k.def.open(loaded, o, out)
}
