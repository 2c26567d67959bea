package presence

import (
	"time"

	"github.com/parlor-server/parlor/auth"
)

// User is who a connection speaks for.
type User = auth.User

// Room is all that Parlor needs to know of a kind of presence room. T is what
// a connection shows: a flat struct of bools, numbers, strings, []byte and
// times, pointers to these, or anything that JSON holds. Every field of Room
// may be left out.
//
// Hooks run in the room, one at a time: they must not wait. One that returns
// an error refuses what was asked, and the error's text is the client's; one
// that panics refuses it, too. Text and bytes in a state that Check, Position
// or a cast's check is given are good during the call: strings.Clone what is
// kept.
type Room[T any] struct {
	Hz         int           // how often what changed is sent: default 30, at most 128
	MaxMembers int           // connections in one room: default 1,000
	Timeout    time.Duration // without a sign of life a state is no longer shown: default 30 s
	StateBytes int           // of one state, encoded: default 1 KiB

	// Sample is how many states one client is shown of everybody's, and of each
	// of its groups: default 128. Of more in a group those are shown who have
	// been shown for longest; of more in a viewport those who came into it first.
	Sample    int
	MaxGroups int // private groups that a connection is in at once: default 8

	// Position says where on the plane a state is. With it a client that looks
	// at a part of the plane gets that part only. A state for which it panics is
	// at 0, 0.
	Position func(state *T) (x, y float32)
	// Cell is the edge of the squares by which positions are found: about that
	// of a small viewport. Default 512.
	Cell float32

	// Join makes the first state, with which the connection is seen at once.
	// Without the hook it is seen from its first Show on. An error keeps it out.
	Join func(u User, state *T) error
	// Check sees a change before anybody else does. It may alter now: what the
	// client must not choose (its name, say) is set there.
	Check func(u User, old, now *T) error
	// Group says whether the user may enter the private group. Without the hook
	// there are none.
	Group func(u User, group string) error
	// See says who may ask, without being in it, who is in a room. Without the
	// hook every user may. It runs on any goroutine.
	See func(u User, room string) error
	// Casts are messages that are no state.
	Casts []Cast[T]
}

// Cast is one message that connections send each other. See [OnCast].
type Cast[T any] struct{ cast castOf }

// OnCast declares messages of type C, by its type's name, for rooms of states
// S. A connection may send perSecond of them, and twice that at once. check,
// if given, may refuse one, or alter it.
func OnCast[S, C any](perSecond float64, check ...func(u User, from *S, cast *C) error) Cast[S] {
	return Cast[S]{newCast(perSecond, check)}
}

// Define describes a kind of presence rooms, which clients enter as
// "name/room". What is wrong with it, [Kind.Err] says.
func Define[T any](name string, room Room[T]) Kind { return Kind{define(name, room)} }

// Kind is a kind of presence rooms. It is immutable.
type Kind struct{ def *definition }

// Err says what is wrong with the definition, or nil.
func (k Kind) Err() error { return k.def.err }

// Name is the first part of the rooms' names.
func (k Kind) Name() string { return k.def.name }

// Hz is the rate at which rooms send.
func (k Kind) Hz() int { return k.def.hz }

// MaxMembers is how many connections a room takes.
func (k Kind) MaxMembers() int { return k.def.maxMembers }

// MaySee asks the See hook whether the user may ask who is in a room.
func (k Kind) MaySee(u User, room string) error {
	if k.def.see == nil {
		return nil
	}
	return guarded("See", func() error { return k.def.see(u, room) })
}

// AppendState appends a row of Member.State as a JSON object.
func (k Kind) AppendState(dst []byte, row []byte) []byte {
	return k.def.wire.State.AppendJSON(dst, row)
}

// CheckCast says why a value could not be cast in such a room, or nil.
func (k Kind) CheckCast(cast any) error {
	_, _, err := k.def.encodeCast(cast)
	return err
}

// Descriptor is the JSON that Opened carries (docs/presence.md, S2). Do not
// change it.
func (k Kind) Descriptor() []byte { return k.def.descriptor }

// Hash identifies the descriptor.
func (k Kind) Hash() uint64 { return k.def.hash }
