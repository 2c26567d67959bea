package canvas

import (
	"log/slog"
	"slices"
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
	// Changed is called after an edit of a connection was applied, logged and
	// queued. What the call adds becomes durable and leaves together with it.
	Changed func(e *Edit)
}

// Document is the machine of a Yjs room: a document, its awareness, its log and
// snapshot, and who is there. One goroutine at a time calls it.
type Document struct {
	room     string
	settings Settings
	log      *slog.Logger
	builder  *schema.Builder

	doc    *yjs.Doc
	client uint64 // of the document's own edits
	storage
	crowd

	conns  map[Conn]*member
	order  []*member // as they came
	answer answer    // the last one to a sync step 1

	questionAt time.Time // when a sync step 1 that waits is answered; zero: none waits
	repairAt   time.Time // when connections that overran are asked for what they have; zero: none is

	updates, refused uint64
}

// member is a connection in the room.
type member struct {
	Member
	conn   Conn
	remote string
	synced bool // has sent sync step 1: gets every update
	told   bool // a stock reader knows that it may not write

	question []byte    // a sync step 1 that waits, the newest; nil: none
	free     time.Time // when the next one is answered at once
	askedAt  time.Time // when it was sent sync step 1 that it has not answered; zero: it has
	repaired time.Time // when it was sent one because it overran
	overran  bool      // it is to be sent another at repairAt

	shower
}

// Member is who is behind a connection.
type Member struct {
	User  User
	Role  Role
	Stock bool
}

// epoch of plain Yjs rooms: stock clients know none, and whatever a client has
// may be merged.
const epoch = 1

// Apply implements Machine. A machine that embeds the document hands on what it
// does not do itself: Enter (or it calls Attach and answers itself), SyncMessage,
// Renew, Leave, Overrun, Tick, Rest.
func (d *Document) Apply(now time.Time, op Op, out *Outbox) {
	switch op := op.(type) {
	case *SyncMessage:
		d.sync(now, op, out)
	case *Enter:
		d.Attach(now, op, out)
		d.opened(op, out)
	case *Receive:
		d.Refuse(op.Conn, 0, schema.Errorf(schema.CodeBadInput, "the room %s is a Yjs document: it does not take %s", d.room, op.Head.Kind), out)
	case *Renew:
		d.renew(now, op, out)
	case *Leave:
		d.leave(now, op, out)
	case *Overrun:
		if m := d.conns[op.Conn]; m != nil && m.synced && m.Role.CanWrite() {
			d.repair(now, m, out)
		}
	case *Tick:
		d.tick(now, out)
	case *Rest:
		d.tidy(out)
	}
}

// Attach takes a connection in without answering Opened.
func (d *Document) Attach(now time.Time, op *Enter, out *Outbox) {
	m := &member{Member: Member{User: op.User, Role: op.Role, Stock: op.Stock}, conn: op.Conn, remote: host(op.Remote)}
	d.conns[op.Conn] = m
	d.order = append(d.order, m)
	m.listens = m.Stock
}

// opened answers an own session's Open.
func (d *Document) opened(op *Enter, out *Outbox) {
	if op.Stock {
		return
	}
	const nothing = "{}"
	info := schema.OpenedInfo{Request: op.Request, Room: d.room, Epoch: epoch, Role: string(op.Role), SchemaHash: schemaHash}
	if op.SchemaHash != schemaHash {
		info.Schema = []byte(nothing)
	}
	list := d.Later(out)
	*list = append(*list, Send{Conn: op.Conn, Kind: schema.KindOpened, Body: slices.Clone(d.builder.Opened(info))})
}

// schemaHash is that of the schema of every Yjs room, which says nothing.
const schemaHash = 1

// Member is who is behind a connection; ok is false if it is not here.
func (d *Document) Member(conn Conn) (m Member, ok bool) {
	if m := d.conns[conn]; m != nil {
		return m.Member, true
	}
	return Member{}, false
}

// Later is the list of sends for what tells of an edit: After if the room is
// durable, else Now.
func (d *Document) Later(out *Outbox) *[]Send {
	if d.settings.Durable {
		return &out.After
	}
	return &out.Now
}

// Refuse tells a connection that a message was not taken: own sessions with an
// Error, stock clients, which know none, by closing them with the code.
func (d *Document) Refuse(conn Conn, request uint32, err *schema.Error, out *Outbox) {
	m := d.conns[conn]
	if m == nil {
		return
	}
	d.refused++
	if m.Stock {
		out.Now = append(out.Now, denied(conn, err))
	}
	told := &schema.Error{Code: err.Code, Request: request, Message: err.Message}
	out.Now = append(out.Now, Send{Conn: conn, Kind: schema.KindError, Error: told})
}

// warn tells a connection that something had no effect, and keeps it.
func (d *Document) warn(m *member, err *schema.Error, out *Outbox) {
	if !m.Stock {
		d.Refuse(m.conn, 0, err, out)
		return
	}
	d.refused++
	if !m.told {
		m.told = true
		out.Now = append(out.Now, denied(m.conn, err))
	}
}

// denied is the only message for humans that y-websocket knows: it writes the
// reason into the browser's console.
func denied(conn Conn, err *schema.Error) Send {
	return raw(conn, yjs.Message{Kind: yjs.AuthDenied, Payload: []byte(err.Error())})
}

// raw is a message of the Yjs protocols.
func raw(conn Conn, m yjs.Message) Send {
	return Send{Conn: conn, Kind: schema.KindSync, Body: m.Append(nil)}
}

// renew takes over a user's new claims.
func (d *Document) renew(now time.Time, op *Renew, out *Outbox) {
	m := d.conns[op.Conn]
	if m == nil {
		return
	}
	if op.Err != nil {
		d.remove(now, m)
		out.After = append(out.After, Send{Conn: op.Conn, Kind: schema.KindLeft, Error: refusal(op.Err), End: true})
		return
	}
	could := m.Role.CanWrite()
	m.User, m.Role, m.told = op.User, op.Role, false
	if !could && m.Role.CanWrite() && m.synced {
		d.ask(now, m, &out.Now) // for what it could not send before
	}
}

// leave takes a connection out.
func (d *Document) leave(now time.Time, op *Leave, out *Outbox) {
	m := d.conns[op.Conn]
	if m == nil {
		return
	}
	d.remove(now, m)
	if op.Asked {
		left := schema.Errorf(schema.CodeLeft, "")
		out.After = append(out.After, Send{Conn: op.Conn, Kind: schema.KindLeft, Error: left, End: true})
	}
	d.flush(now, out)
}

func (d *Document) remove(now time.Time, m *member) {
	delete(d.conns, m.conn)
	d.order = slices.DeleteFunc(d.order, func(other *member) bool { return other == m })
	d.hide(now, m)
}

// Next implements Machine.
func (d *Document) Next() time.Time {
	var first time.Time
	for _, at := range [...]time.Time{d.flushAt, d.expireAt, d.questionAt, d.repairAt, d.answer.until} {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// tick does what has become due.
func (d *Document) tick(now time.Time, out *Outbox) {
	due := func(at time.Time) bool { return !at.IsZero() && !at.After(now) }
	if due(d.expireAt) {
		d.expire(now)
	}
	if due(d.flushAt) {
		d.flush(now, out)
	}
	if due(d.questionAt) {
		d.answerWaiting(now, out)
	}
	if due(d.repairAt) {
		d.repairWaiting(now, out)
	}
	if due(d.answer.until) {
		d.answer = answer{}
	}
}

// Doc implements Machine.
func (d *Document) Doc() *yjs.Doc { return d.doc }

// Client implements Machine.
func (d *Document) Client() (id, clock uint64) { return d.client, d.doc.Clock(d.client) }

// Stats implements Machine.
func (d *Document) Stats() Stats {
	return Stats{
		Connections: len(d.conns), Shown: len(d.shownBy), Bytes: d.doc.Size(), LogBytes: d.logBytes, SavedBytes: d.saved,
		Updates: d.updates, Refused: d.refused,
	}
}
