package rooms

import (
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// A Room is a deterministic state machine. Only its runner calls it, one call
// at a time. It does no I/O, reads no clock, starts no goroutine.
type Room interface {
	// Apply takes one op into the tick that the next call of Tick ends.
	Apply(op Op, out *Outbox)
	// Tick runs one fixed step; ticks are numbered without gaps.
	Tick(now tick.Tick, out *Outbox)
}

// OpKind says what an Op does. The numbers stand in recordings: they never change.
type OpKind uint8

// The kinds of Op.
const (
	OpCreate  OpKind = 1 // Payload: the creator's options, JSON
	OpJoin    OpKind = 2 // Payload: an encoded joinOp
	OpRejoin  OpKind = 3 // the player's connection is back
	OpLost    OpKind = 4 // the player's connection is gone, its seat is held
	OpLeave   OpKind = 5 // Index: the LeaveReason
	OpCommand OpKind = 6 // Index: the input; Payload: what this tick uses
	OpNeutral OpKind = 7 // Index: the input; the player gave nothing for too long
	OpEvent   OpKind = 8 // Index: the input; Seq: the client's number for it
	OpDispose OpKind = 9 // the room ends
	// OpLag says how far behind the present a player sees the room whose next
	// inputs are used. Payload: 1/16 ticks, 2 bytes, little endian.
	OpLag OpKind = 10
	// OpWritten says what became of a transaction in a record room. Payload: an
	// encoded Written.
	OpWritten OpKind = 11
)

// Op is one input of a Room, and one entry of its recording. Payload is valid
// only during Apply.
type Op struct {
	Kind    OpKind
	Player  state.ID // 0 in OpCreate, OpWritten and OpDispose
	Index   uint8    // Index, Seq and Payload: see the kinds
	Seq     uint32   // not recorded: only an Error about the event names it
	Payload []byte
}

// LeaveReason says why a player is no longer in a room.
type LeaveReason uint8

// The reasons of a leave. The numbers stand in recordings.
const (
	LeaveAsked   LeaveReason = 1 // the player left
	LeaveTimeout LeaveReason = 2 // the connection was lost and the seat's grace ran out
	LeaveKicked  LeaveReason = 3 // the rules or an operator removed the player
	LeaveFailing LeaveReason = 4 // three of the player's inputs made the rules panic
	LeaveClosed  LeaveReason = 5 // the room closed
)

// String gives the reason's name.
func (r LeaveReason) String() string {
	switch r {
	case LeaveAsked:
		return "asked"
	case LeaveTimeout:
		return "timeout"
	case LeaveKicked:
		return "kicked"
	case LeaveFailing:
		return "failing inputs"
	case LeaveClosed:
		return "room closed"
	}
	return "unknown"
}
