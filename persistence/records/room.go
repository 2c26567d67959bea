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
	// Version is the schema's; default 1. Raise it with every change of the
	// world's types that is not an addition.
	Version uint32
	// Oldest is the oldest version whose clients are still served; default:
	// that after which the room's schema was added to only.
	Oldest uint32

	// Roles are the names that Role returns, and that grants and mutations may
	// name.
	Roles []string
	// Role says what a user is in the room; "" keeps the user out. It reads the
	// world, and is asked again when a collection that it read changes (R10.2).
	// Nil: everybody has the role "member".
	Role func(w *W, u User) string
	// Auth refuses to open a room by returning an error; its text reaches the
	// client. It may wait on a database or network. The room is named "kind/name".
	Auth func(ctx context.Context, room string, u User) error
	// Create fills a new room, in its first transaction.
	Create func(w *W, ctx *Ctx) error

	// Access says per collection what clients may read and write. Of a
	// collection without an entry clients read everything and write nothing.
	Access []Access[W]
	// Mutations are the transactions that clients can ask for.
	Mutations []Mutation[W]
	// Schedules say what runs the world's schedules, one entry for each.
	Schedules []Scheduled[W]
	// Migrations lead from the data of earlier versions to these types.
	Migrations []Migration

	Limits Limits
}

// Member is everybody's role in a room without a Role hook.
const Member = "member"

// Limits of a room. Zero fields have defaults.
type Limits struct {
	Operations    int           // writes of one mutation; 128
	Subscriptions int           // live queries of one connection; 256
	Scan          int           // records that one query may look at; 1,000,000
	Bytes         int           // records in memory; 256 MiB. Growth beyond it is refused with ROOM_TOO_LARGE
	Receipts      int           // kept of each client, for mutations that are pushed again; 128
	Waiting       int           // mutations of a client that wait while one is prepared; 256
	Clients       time.Duration // how long a client that writes no more is remembered; 90 days
}

// Defaults of Limits.
const (
	DefaultOperations    = value.MaxOperations
	DefaultSubscriptions = 256
	DefaultScan          = 1_000_000
	DefaultBytes         = 256 << 20
	DefaultReceipts      = 128
	DefaultWaiting       = 256
	DefaultClients       = 90 * 24 * time.Hour
)

func (l *Limits) fill() {
	for _, d := range []struct {
		field     *int
		otherwise int
	}{
		{&l.Operations, DefaultOperations},
		{&l.Subscriptions, DefaultSubscriptions},
		{&l.Scan, DefaultScan},
		{&l.Bytes, DefaultBytes},
		{&l.Receipts, DefaultReceipts},
		{&l.Waiting, DefaultWaiting},
	} {
		if *d.field <= 0 {
			*d.field = d.otherwise
		}
	}
	if l.Clients <= 0 {
		l.Clients = DefaultClients
	}
}

// Kind is a room definition under its name, ready to be opened as rooms. The
// zero Kind is not usable.
type Kind struct{ def *definition }

// Define names a room definition. One that cannot work (a collection without a
// key, two mutations of one name) is reported by Kind.Err, and by the server
// when it starts.
func Define[W any](name string, room Room[W]) Kind { return Kind{define(name, room)} }

// Name is the first part of the rooms' names, such as "tasks" of "tasks/main".
func (k Kind) Name() string { return k.def.name }

// Schema describes the kind's collections and mutations. A room that an
// earlier version made may have its fields in another order.
func (k Kind) Schema() *value.Schema { return &k.def.schema }

// Err says why the definition cannot work, or nil.
func (k Kind) Err() error {
	if k.def == nil {
		return errors.New("records: a Kind comes from Define")
	}
	return k.def.err
}

// Auth runs the definition's Auth hook. It may wait: call it outside of the
// room, before Attach.
func (k Kind) Auth(ctx context.Context, room string, u User) error {
	if k.def.auth == nil {
		return nil
	}
	return k.def.auth(ctx, room, u)
}

// Open makes the machine of one room from what was made durable of it, or of a
// new room when nothing was. It runs migrations (R13). What must become durable
// before anything else of the room is in out. An error is a *schema.Error,
// MIGRATION_FAILED with the reason: then the data is as it was.
func (k Kind) Open(loaded Loader, o OpenOptions, out *Outbox) (*Machine, error) {
	if err := k.Err(); err != nil {
		return nil, err
	}
	return k.def.open(loaded, o, out)
}
