package rooms

import "sync/atomic"

// Stats counts what all rooms of a registry do. Safe for concurrent use.
type Stats struct {
	Rooms, Players                    atomic.Int64  // now
	Created, Faulted                  atomic.Uint64 // rooms
	Joins, Refused, Returned          atomic.Uint64 // players
	Ticks                             atomic.Uint64
	Frames, Keyframes, CatchUps       atomic.Uint64 // sent
	FramesHeld                        atomic.Uint64 // not sent: the client's socket was full
	InputsDropped, CommandsLate       atomic.Uint64
	EventsLimited, InputsRefused      atomic.Uint64 // refused: they did not fit the schema
	CommandsRepeated, CommandsNeutral atomic.Uint64
}
