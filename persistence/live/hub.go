package live

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// Conn names a connection of the room.
type Conn uint32

// Reader says what one role or user may read. It must depend on its class and
// the row alone, always with the same answer, and may be asked on the goroutine
// that reads a [Snapshot]. When the answer changes, because a role did, the
// connection gets another reader with Regrant.
type Reader interface {
	// Class is equal for readers that may read the same rows. They share
	// results and encodings.
	Class() string
	CanRead(table int, row value.Row) bool
}

// Out takes what goes to connections. All that a connection is given leaves in
// that order, receipts in between included (R4.1).
type Out interface {
	// Delta is a message; payload is shared with other connections.
	Delta(c Conn, id uint32, from, seq uint64, flags uint8, payload []byte)
	// Stream is many messages, whose parts the runner takes from s as the
	// connection takes them. Everything that Out is given for the connection
	// after it waits until its last part is sent.
	Stream(c Conn, id uint32, s *Snapshot)
}

// Limits bound what connections can ask for. Zero fields have defaults.
type Limits struct {
	Subscriptions int // of one connection; 256
	Scan          int // rows that one query may read; beyond them it is capped; 1,000,000
	Pending       int // changed keys kept for one slow connection's subscription before it needs a snapshot; 1,024
}

// Request is one Subscribe.
type Request struct {
	Conn   Conn
	ID     uint32
	Table  int
	Query  *query.Bound
	Reader Reader
	// Since is the sequence that Held is as of; 0: the client holds nothing.
	Since uint64
	Held  []value.Key
	// Floor is the oldest sequence that the change log still has; a Since
	// before Floor-1 gets a snapshot.
	Floor uint64
}

// Event is a row of an event collection: it is sent once and not kept.
type Event struct {
	Table int
	Row   value.Row
}

// Hub is the live queries of one room.
type Hub struct {
	set    *table.Set
	limits Limits
}

// New returns a hub over a room's tables, whose last transaction was seq.
func New(set *table.Set, seq uint64, l Limits) *Hub { panic("not yet") }

// Subscribe opens a query, or replaces the one that the connection has under
// the same ID: then only the difference is sent (R9.4). Errors are
// *schema.Error, for this connection only.
func (h *Hub) Subscribe(r Request, out Out) error { panic("not yet") }

// Unsubscribe ends a query. An unknown one is no error.
func (h *Hub) Unsubscribe(c Conn, id uint32) { panic("not yet") }

// Drop ends all queries of a connection that is gone.
func (h *Hub) Drop(c Conn) { panic("not yet") }

// Regrant gives a connection another reader (R10.2). When a transaction is the
// cause, call it after the transaction's Commit and before Apply, which sends
// the difference: nothing of the transaction is shown by the old rights.
// Without a transaction, call Settle after it.
func (h *Hub) Regrant(c Conn, r Reader) { panic("not yet") }

// Settle sends what Regrant changed when no transaction is at hand.
func (h *Hub) Settle(out Out) { panic("not yet") }

// Apply tells every query what one transaction did. Call it once for each, in
// order, right after its Commit, and send the transaction's receipt after it.
func (h *Hub) Apply(seq uint64, changes []table.Change, events []Event, out Out) { panic("not yet") }

// Pause stops sending to a slow connection. Its changes are kept, one per key;
// where they are too many, a snapshot takes their place. Receipts must wait for
// Resume too (R4.1), or follow a Flush.
func (h *Hub) Pause(c Conn) { panic("not yet") }

// Paused says whether the connection is paused.
func (h *Hub) Paused(c Conn) bool { panic("not yet") }

// Flush sends what was kept for a paused connection, which stays paused.
func (h *Hub) Flush(c Conn, out Out) { panic("not yet") }

// Resume sends what was kept and ends the pause.
func (h *Hub) Resume(c Conn, out Out) { panic("not yet") }

// Subscriptions counts the open queries.
func (h *Hub) Subscriptions() int { panic("not yet") }
