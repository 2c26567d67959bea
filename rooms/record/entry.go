package record

import "github.com/parlor-server/parlor/tick"

// Hash is the full state hash of a room after a tick.
type Hash struct{ A, B uint32 }

// Input is one thing that a room used in a tick, such as a join, a leave, a
// command or an event. Only the room knows what its fields mean.
type Input struct {
	Kind    uint8
	Index   uint8
	Player  uint32
	Payload []byte
}

// EntryKind tells which field of an [Entry] is set.
type EntryKind uint8

// The entries of a segment. A tick is its inputs, then its EntryTickEnd.
const (
	EntryInput   EntryKind = 1 // Input is set
	EntryTickEnd EntryKind = 2 // Hash is set
	EntryClose   EntryKind = 3 // Close is set; the recording's last entry
)

// Entry is one step of a segment, in the order in which the room took it.
type Entry struct {
	Kind  EntryKind
	Tick  tick.Tick // the tick that the entry belongs to
	Input Input
	Hash  Hash
	Close Close
}

// Close says why a room ended.
type Close struct {
	Reason  string
	Faulted bool
}
