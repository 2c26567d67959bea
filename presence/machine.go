package presence

import (
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Machine is one presence room as pure data: no I/O, no clock, no goroutine.
// Whoever runs it calls its methods one at a time and tells it the time, which
// must not go back. Connections are numbered by the caller, freely.
type Machine struct{}

// NewMachine makes a room without anybody in it. The kind's Err must be nil.
func NewMachine(kind Kind) *Machine { panic("not yet") }

// Join brings a connection in. Its member number, never given twice in a room's
// life, is for Opened.member; its first frame, at the next Tick, is whole. The
// error is a *schema.Error: ROOM_FULL, or what the Join hook says.
func (m *Machine) Join(now time.Time, conn uint32, user User) (member uint32, err error) {
	panic("not yet")
}

// Leave takes a connection out; one that is not in is no error.
func (m *Machine) Leave(now time.Time, conn uint32) { panic("not yet") }

// Renew says that the connection's user has new claims: groups that it may not
// be in any more it leaves.
func (m *Machine) Renew(now time.Time, conn uint32, user User) { panic("not yet") }

// Receive takes a verified Show, Cast, Look or Group. body is good during the
// call. An error is a *schema.Error (or wraps one) for its sender; nothing was
// changed then.
func (m *Machine) Receive(now time.Time, conn uint32, head schema.Header, body []byte) error {
	panic("not yet")
}

// Tick sends what is due: to each connection at most one Crowd, then the casts
// that reach it. body is good during the call and may be the same for many.
// send reports whether the connection took the message. A Crowd that it did
// not take is made good in a later Tick, from what changed since the last one
// that it took; a Casted that it did not take is lost.
func (m *Machine) Tick(now time.Time, send func(conn uint32, head schema.Header, body []byte) bool) {
	panic("not yet")
}

// Busy reports whether a Tick would do something now.
func (m *Machine) Busy() bool { panic("not yet") }

// Next is when a Tick has something to do even if nobody calls anything before:
// a state that times out. Zero: never.
func (m *Machine) Next() time.Time { panic("not yet") }

// Len is the number of connections, Users that of different users.
func (m *Machine) Len() int { panic("not yet") }

// Users is the number of different users.
func (m *Machine) Users() int { panic("not yet") }

// Member is one connection as those see it who are not in the room.
type Member struct {
	Number uint32
	Conn   uint32
	User   User
	// State is the row of what it shows to everyone; nil if it shows nothing, or
	// only to a private group. It is good until the next call of the machine.
	State []byte
}

// Members calls f for each connection, in the order of their numbers, until f
// returns false.
func (m *Machine) Members(f func(Member) bool) { panic("not yet") }

// Cast sends a cast in the server's name (from 0): to a group, or to everyone
// if it is empty, or to one member alone. cast is a value of one of the types
// given to OnCast, or a pointer to one.
func (m *Machine) Cast(now time.Time, group string, to uint32, cast any) error { panic("not yet") }

// Edit changes what a connection shows, with the server's rights: the Check
// hook is not asked. T must be the kind's type.
func Edit[T any](m *Machine, now time.Time, conn uint32, edit func(state *T) error) error {
	panic("not yet")
}

// StateOf is what a connection shows, to whomever; ok is false if it shows
// nothing or is not in. T must be the kind's type.
func StateOf[T any](m *Machine, conn uint32) (state T, ok bool) { panic("not yet") }
