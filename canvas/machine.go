package canvas

import (
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// Conn names a connection within its room, for as long as the room is open.
type Conn uint32

// Machine is one room. Its host calls it, one call at a time.
type Machine interface {
	// Apply does one op. It keeps neither op nor the bytes in it.
	Apply(now time.Time, op Op, out *Outbox)
	// Next is when the machine wants a Tick; zero: when something else happens.
	// After a Tick it is zero or later than that.
	Next() time.Time
	// Transact is a server's edit: logged and sent to those who hold the
	// document. Its error is f's, or that of the document's limits; then nothing
	// has changed.
	Transact(now time.Time, out *Outbox, f func(*yjs.Tx) error) error
	// Doc is the document, to be read, between two calls only.
	Doc() *yjs.Doc
	// Client is the ID of the document's own edits, and the clock that it will use
	// next.
	Client() (id, clock uint64)
	// Stats are the room's figures.
	Stats() Stats
}

// Stats are figures of one room.
type Stats struct {
	Connections int
	Shown       int    // clients in the document's awareness
	Bytes       int    // of the document in memory
	LogBytes    int    // of updates since the last snapshot
	SavedBytes  int    // of the last snapshot
	Updates     uint64 // that changed the document since the room was opened
	Refused     uint64 // messages refused since then
}

// Op is something for a machine to do: one of the pointers to structs in this file.
type Op interface{ op() }

// Enter brings a connection in. The answer is Opened, or an Error with End.
type Enter struct {
	Conn       Conn
	User       User
	Role       Role
	Stock      bool   // a y-websocket client: knows nothing but KindSync
	Remote     string // the client's address
	Request    uint32 // echoed in Opened or Error, as what follows is in Open
	Client     string
	Epoch      uint64
	Cursor     uint64
	SchemaHash uint64
	Version    uint32
}

// Receive is a message of a connection that is in the room: Show, Cast, Look,
// Group, Drag or Mutate; Sync comes as SyncMessage. Body is verified.
type Receive struct {
	Conn Conn
	Head schema.Header
	Body []byte
}

// SyncMessage is one message of the Yjs protocols, as y-websocket sends it.
type SyncMessage struct {
	Conn    Conn
	Message []byte
}

// Renew says that a connection's user has shown a new token.
type Renew struct {
	Conn Conn
	User User
	Role Role
	Err  error // why the user may be here no longer; then a Left with End follows
}

// Leave ends a connection: it asked to (Asked: a Left with End is the answer) or
// is gone.
type Leave struct {
	Conn  Conn
	Asked bool
}

// Overrun says that messages of a connection were refused because the room had
// too much to do. Edits may be among them.
type Overrun struct{ Conn Conn }

// Tick comes when Next says so, or a little later.
type Tick struct{}

// Rest comes when nobody has been in the room for a while, just before it is
// closed: the time to tidy up what is stored.
type Rest struct{}

func (*Enter) op()       {}
func (*Receive) op()     {}
func (*SyncMessage) op() {}
func (*Renew) op()       {}
func (*Leave) op()       {}
func (*Overrun) op()     {}
func (*Tick) op()        {}
func (*Rest) op()        {}
