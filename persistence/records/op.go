package records

import (
	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Conn names a connection of the room. The runner chooses it; not 0.
type Conn = live.Conn

// Op is one thing that happens to a room. The ops are pointers to the types of
// this file. An op and its bytes may be used again when Apply has returned.
type Op interface{ apply(m *Machine, out *Outbox) }

// Attach is an Open message. It is answered with SendOpened, or SendError when
// the connection is not let in.
type Attach struct {
	Conn          Conn
	Request       uint32
	User          User
	ClientID      string
	Epoch, Cursor uint64
	SchemaHash    uint64
	Version       uint32
}

// Renew says that a connection's user has new claims.
type Renew struct {
	Conn Conn
	User User
}

// Detach forgets a connection.
type Detach struct{ Conn Conn }

// Subscribe opens a live query, or replaces that of the same ID.
type Subscribe struct {
	Conn       Conn
	ID         uint32
	Collection string
	Query      []byte // JSON
	Since      uint64
	Held       []byte // keys, as on the wire
	Floor      uint64 // of the room's change log now
}

// Unsubscribe ends a live query.
type Unsubscribe struct {
	Conn Conn
	ID   uint32
}

// Mutate is a client's mutation.
type Mutate struct {
	Conn    Conn
	ID      uint64
	Name    string
	Args    []byte
	Version uint32
	Void    bool
}

// Prepared hands in what came of a Preparation.
type Prepared struct {
	Token  uint64
	Result any
	Err    error
}

// Invoke is a named mutation without a connection: over HTTP, or from an
// operator, for whom roles and Authorize do not count. It is not deduplicated.
type Invoke struct {
	User     User
	Operator bool
	Name     string
	Args     []byte // a JSON object
	Done     func(Receipt)
}

// Transact is a transaction of the server's own code (R6.5). Without a limit of
// operations. Done is called with Do's own error; see Refused.
type Transact struct {
	Do   func(world any, ctx *Ctx) error
	Done func(Outcome, error)
}

// Outcome is what came of a transaction.
type Outcome struct {
	Seq    uint64
	Result []byte // JSON, of Ctx.Result
}

// Read runs a query once. Operators read everything.
type Read struct {
	User       User
	Operator   bool
	Collection string
	Query      query.Query
	Done       func(Result, error)
}

// Result is what a Read found.
type Result struct {
	Seq        uint64 // that it is as of
	Collection *value.Collection
	Rows       []value.Row
	Capped     bool // the query ended at the scan limit: there may be more
}

// Due runs what is due: schedules, and the retention of clients.
type Due struct{}

// Pause says that a connection is slow: its deltas are kept, one per key, and
// its receipts wait with them.
type Pause struct{ Conn Conn }

// Resume says that a paused connection takes messages again.
type Resume struct{ Conn Conn }
