package records

import (
	"context"
	"log/slog"

	"github.com/parlor-server/parlor/schema"
)

// Loader gives what was made durable of a room, in the order of the keys.
// Key and value are valid during the call only.
type Loader interface {
	Each(space uint32, f func(key, value []byte, seq uint64) error) error
}

// OpenOptions are what a machine must know besides its data.
type OpenOptions struct {
	Room  string // "kind/name"
	Epoch uint64 // of the store's room (R3.5); not 0
	Seq   uint64 // the last durable sequence number; 0: a new room
	Now   int64  // microseconds since 1970
	Seed  uint64 // of the room's random numbers
	Log   *slog.Logger
}

// Machine is one room: a deterministic state machine. Only its runner calls it,
// one call at a time.
type Machine struct {
	room string
}

// Apply runs one op at a time in microseconds since 1970, and adds to out.
func (m *Machine) Apply(now int64, op Op, out *Outbox) { panic("not yet") }

// NextDue is when a Due is wanted next, in microseconds since 1970. After every
// Apply it may be another.
func (m *Machine) NextDue() (at int64, ok bool) { panic("not yet") }

// Room is the room's name.
func (m *Machine) Room() string { return m.room }

// Seq is the sequence number of the last transaction.
func (m *Machine) Seq() uint64 { panic("not yet") }

// Bytes is roughly what the room's records take in memory.
func (m *Machine) Bytes() int { panic("not yet") }

// Busy says that the machine must stay in memory: there are connections, or
// preparations under way.
func (m *Machine) Busy() bool { panic("not yet") }

// Stats counts what a machine has and did.
type Stats struct {
	Records, Bytes, Connections, Subscriptions, Clients int
	Transactions, Refused                               uint64
}

// Stats returns the machine's counts.
func (m *Machine) Stats() Stats { panic("not yet") }

// Receipt answers a mutation.
type Receipt = schema.ReceiptInfo

// Preparation is a Prepare hook to run outside of the room, in a bounded pool.
// Whatever comes of it goes back as a Prepared with the token; panics too.
type Preparation struct {
	Token uint64
	Run   func(ctx context.Context) (any, error)
}
