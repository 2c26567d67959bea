package canvas

import (
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// Settings are how a Document behaves.
type Settings struct {
	Durable     bool // edits are broadcast when they are on disk
	Limits      yjs.Limits
	Awareness   yjs.AwarenessLimits
	ReadersShow bool // readers may change the awareness
	// Changed is called after an edit of a connection was applied, before it is
	// logged and broadcast together with what the call adds.
	Changed func(e *Edit)
}

// Edit is an edit of a client that was applied.
type Edit struct {
	Room string
	Conn Conn
	User User
	Role Role
	Now  time.Time
	Doc  *yjs.Doc     // as it is now
	Out  *Outbox      // for machines that embed the Document
	What []yjs.Change // what it did; see yjs.Doc.Changes

	d *Document
}

// Transact corrects the edit, or adds to it.
func (e *Edit) Transact(f func(*yjs.Tx) error) error { return e.d.Transact(e.Now, e.Out, f) }

// Document is the machine of a Yjs room: a document, its awareness, its log and
// snapshot, and who is there. One goroutine at a time calls it.
type Document struct {
	doc *yjs.Doc
}

// OpenDocument loads a document: the snapshot and then the log's updates are
// applied to an empty one.
func OpenDocument(load Loader, o OpenOptions, s Settings) (*Document, error) { panic("not yet") }

// Apply implements Machine. A machine that embeds the document hands on what it
// does not do itself: Enter (or it calls Attach and answers itself), SyncMessage,
// Renew, Leave, Tick, Rest.
func (d *Document) Apply(now time.Time, op Op, out *Outbox) { panic("not yet") }

// Attach takes a connection in without answering Opened.
func (d *Document) Attach(now time.Time, op *Enter, out *Outbox) { panic("not yet") }

// Member is who is behind a connection; ok is false if it is not here.
func (d *Document) Member(conn Conn) (m Member, ok bool) { panic("not yet") }

// Member is a connection in the room.
type Member struct {
	User  User
	Role  Role
	Stock bool
}

// Refuse tells a connection that a message was not taken: own sessions with an
// Error, stock clients, which know none, by closing them with the code.
func (d *Document) Refuse(conn Conn, request uint32, err *schema.Error, out *Outbox) { panic("not yet") }

// Later is the list of sends for what tells of an edit: After if the room is
// durable, else Now.
func (d *Document) Later(out *Outbox) *[]Send { panic("not yet") }

// Next implements Machine.
func (d *Document) Next() time.Time { panic("not yet") }

// Transact implements Machine. The Changed hook is not called.
func (d *Document) Transact(now time.Time, out *Outbox, f func(*yjs.Tx) error) error {
	panic("not yet")
}

// Doc implements Machine.
func (d *Document) Doc() *yjs.Doc { return d.doc }

// Replace puts another document in the place of this one: what is stored becomes
// its snapshot. Connections that hold the old one must be ended by the caller,
// and clients that come back must be told to forget theirs, for they would merge
// it: only for rooms that stock clients cannot reach. client is the new
// document's for its own edits.
func (d *Document) Replace(client uint64, doc *yjs.Doc, out *Outbox) { panic("not yet") }

// Stats implements Machine.
func (d *Document) Stats() Stats { panic("not yet") }
