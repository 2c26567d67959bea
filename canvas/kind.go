package canvas

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// Kind is a kind of rooms, as Define makes it, or a package such as canvas/board.
// It never changes.
type Kind struct {
	name string
	def  Definition
}

// Definition is what a host needs of a kind.
type Definition struct {
	// Role says what a user may do in a room, or refuses the user: a
	// *schema.Error reaches the client as it is. It is called before the room is
	// opened, and again when a user shows a new token; it may wait for I/O until
	// ctx ends. Nil: everyone is a Writer.
	Role func(ctx context.Context, room string, u User) (Role, error)
	// Stock says that stock Yjs clients may enter.
	Stock bool
	// Open makes a room's machine from what the store has of it; the room is new
	// if that is nothing. What it puts into out is made durable before anybody
	// enters.
	Open func(load Loader, o OpenOptions, out *Outbox) (Machine, error)
	// Err is why the kind cannot be served; nil: it can.
	Err error
}

// OpenOptions is what a room is opened with.
type OpenOptions struct {
	Room  string // "kind/name"
	Epoch uint64 // of the store's room: it is another one after a backup was restored
	Now   time.Time
	Seed  uint64 // random
	// Client is the ID that the document's own edits were by when this process
	// had the room open before, and Clock the one that it has come to. A document
	// that has been stored with just that clock has lost nothing of them, and the
	// ID is used on. Client 0, or any other clock: a new ID is drawn, because one
	// ID must never name two edits.
	Client, Clock uint64
	Log           *slog.Logger
}

// Loader reads what the store has of a room.
type Loader interface {
	// Each visits the records of a space in the order of their keys. f must not
	// keep key or value. An error of f ends it and is returned.
	Each(space store.Space, f func(key, value []byte, seq uint64) error) error
}

// NewKind makes a kind with a machine of its own.
func NewKind(name string, d Definition) Kind {
	if d.Err == nil && !validKind(name) {
		d.Err = fmt.Errorf("%q cannot name a kind of rooms: use 1 to 64 of a-z 0-9 _ -, a letter first", name)
	}
	return Kind{name: name, def: d}
}

// Name is the first part of the rooms' names.
func (k Kind) Name() string { return k.name }

// Err is why the kind cannot be served.
func (k Kind) Err() error { return k.def.Err }

// Stock tells whether stock Yjs clients may enter.
func (k Kind) Stock() bool { return k.def.Stock }

// Role asks what a user may do in a room. The error says why nothing.
func (k Kind) Role(ctx context.Context, room string, u User) (Role, error) {
	if k.def.Role == nil {
		return Writer, nil
	}
	role, err := k.def.Role(ctx, room, u)
	if err == nil && !role.Known() {
		err = schema.Errorf(schema.CodeForbidden, "you may not enter the room %s", room)
	}
	return role, err
}

// Open makes a room's machine.
func (k Kind) Open(load Loader, o OpenOptions, out *Outbox) (Machine, error) {
	return k.def.Open(load, o, out)
}

func validKind(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
