package board

import (
	"encoding/binary"
	"log/slog"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Board is the machine of one room. One goroutine at a time calls it.
//
// All that changes shapes goes through its edit, one at a time: typed edits,
// ends of drags, undo, restored versions, and what Yjs clients wrote, which the
// document has already when the edit begins.
type Board struct {
	*canvas.Document
	def     *definition
	room    string
	log     *slog.Logger
	builder *schema.Builder

	model
	hidden map[string]bool // what the document has but cannot be shown, by ID
	// partial: shapes were loaded of which something is not valid any more. The
	// document still has it.
	partial bool
	edit    edit

	seq      uint64 // of the last Delta; from 1
	epoch    uint64
	stored   uint64   // epoch of the store's room
	renewals uint64   // how often the board was compacted
	seed     uint64   // of the next document's client ID
	lately   lately   // Deltas, for who comes back
	snapshot [][]byte // the parts for who joins, as of seq; nil: not made
	scratch  []byte   // for payloads

	presence *presence.Machine
	people   map[canvas.Conn]*person
	order    []*person // as they came
	drags
	clients  map[string]*client
	undos    map[string]*history
	versions []*version // the oldest first
	// undoBytes is what all steps of undos take.
	undoBytes int
	tickAt    time.Time // not before it the next volatile frames leave
}

// person is a connection of an own session.
type person struct {
	conn   canvas.Conn
	user   canvas.User
	role   canvas.Role
	member uint32
	client *client // nil: it has no ID, nothing is remembered
	// typed: gets Deltas; until it sends sync step 1 and so holds the document.
	typed  bool
	drag   drag
	behind bool   // it has not taken a Drags: the next one is whole
	warned uint32 // gesture of which it was told what is wrong
}

// spaceSeq of the store: key "seq" has seq and renewals, u64 each.
const spaceSeq = canvas.SpaceOwn

// Apply implements canvas.Machine.
func (b *Board) Apply(now time.Time, op canvas.Op, out *canvas.Outbox) {
	switch op := op.(type) {
	case *canvas.Receive:
		b.receive(now, op, out)
	case *canvas.Enter:
		b.enter(now, op, out)
	case *canvas.Renew:
		b.Document.Apply(now, op, out)
		b.renew(now, op, out)
	case *canvas.Leave:
		b.Document.Apply(now, op, out)
		b.leave(now, op.Conn, out)
	case *canvas.SyncMessage:
		if p := b.people[op.Conn]; p != nil && p.typed {
			m, err := yjs.ParseMessage(op.Message)
			p.typed = err != nil || m.Kind != yjs.SyncStep1
		}
		b.Document.Apply(now, op, out)
	case *canvas.Tick:
		b.Document.Apply(now, op, out)
		b.tick(now, out)
	case *canvas.Rest:
		b.compact(out)
		b.Document.Apply(now, op, out)
	}
}

// Next implements canvas.Machine.
func (b *Board) Next() time.Time {
	next := b.Document.Next()
	if b.presence.Busy() || b.stirred() {
		next = earlier(next, b.tickAt)
	}
	if due := b.presence.Next(); !due.IsZero() {
		if due.Before(b.tickAt) {
			due = b.tickAt
		}
		next = earlier(next, due)
	}
	return earlier(next, b.nextRest())
}

// earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Transact implements canvas.Machine. What f writes is checked as what a Yjs
// client writes, but for locks.
func (b *Board) Transact(now time.Time, out *canvas.Outbox, f func(*yjs.Tx) error) error {
	if err := b.Document.Transact(now, out, f); err != nil {
		return err
	}
	b.follow(b.begin(now, 0, "", canvas.Owner), b.Doc().Changes(), b.transact(now, out), out)
	return nil
}

// transact is the document's Transact.
func (b *Board) transact(now time.Time, out *canvas.Outbox) transact {
	return func(f func(*yjs.Tx) error) error { return b.Document.Transact(now, out, f) }
}

// receive takes a message of an own session.
func (b *Board) receive(now time.Time, op *canvas.Receive, out *canvas.Outbox) {
	p := b.people[op.Conn]
	if p == nil {
		return
	}
	var err error
	switch op.Head.Kind {
	case schema.KindDrag:
		err = b.dragged(now, p, fb.GetRootAsDrag(op.Body, 0), out)
	case schema.KindMutate:
		b.mutate(now, p, fb.GetRootAsMutate(op.Body, 0), out)
	default:
		err = b.presence.Receive(now, uint32(p.conn), op.Head, op.Body)
	}
	if err != nil {
		b.refuse(p, err, out)
	}
}

// refuse tells a person that a message was not taken.
func (b *Board) refuse(p *person, err error, out *canvas.Outbox) {
	coded := code(err)
	b.Document.Refuse(p.conn, coded.Request, coded, out)
}

// enter brings a connection in.
func (b *Board) enter(now time.Time, op *canvas.Enter, out *canvas.Outbox) {
	if op.Stock {
		b.Document.Apply(now, op, out)
		return
	}
	member, err := b.presence.Join(now, uint32(op.Conn), op.User)
	if err != nil {
		coded := code(err)
		coded = &schema.Error{Code: coded.Code, Request: op.Request, Message: coded.Message}
		out.Now = append(out.Now, canvas.Send{Conn: op.Conn, Kind: schema.KindError, Error: coded, End: true})
		return
	}
	b.Document.Attach(now, op, out)
	p := &person{conn: op.Conn, user: op.User, role: op.Role, member: member, typed: true, behind: len(b.dragging) > 0}
	p.drag.p = p
	b.people[op.Conn] = p
	b.order = append(b.order, p)
	known, last := b.know(p, op.Client)
	info := schema.OpenedInfo{
		Request: op.Request, Room: b.room, Epoch: b.epoch, Seq: b.seq, Known: known, Last: last,
		Role: string(op.Role), SchemaHash: b.def.hash, Member: member, Hz: uint16(b.def.presence.Hz()),
	}
	if op.SchemaHash != b.def.hash {
		info.Schema = b.def.schema
	}
	later := b.Later(out)
	*later = append(*later, canvas.Send{Conn: op.Conn, Kind: schema.KindOpened, Body: slices.Clone(b.builder.Opened(info))})
	if op.Epoch == b.epoch && b.sendSince(p, op.Cursor, out) {
		return
	}
	b.sendSnapshot(p, out)
}

func (b *Board) renew(now time.Time, op *canvas.Renew, out *canvas.Outbox) {
	p := b.people[op.Conn]
	if p == nil {
		return
	}
	if op.Err != nil {
		b.leave(now, op.Conn, out)
		return
	}
	p.user, p.role = op.User, op.Role
	b.presence.Renew(now, uint32(op.Conn), op.User)
	if !p.role.CanWrite() {
		b.cancel(p, out)
	}
}

// leave forgets a connection. What it was dragging is rolled back.
func (b *Board) leave(now time.Time, conn canvas.Conn, out *canvas.Outbox) {
	p := b.people[conn]
	if p == nil {
		return
	}
	b.cancel(p, out)
	b.presence.Leave(now, uint32(conn))
	delete(b.people, conn)
	b.order = slices.DeleteFunc(b.order, func(o *person) bool { return o == p })
}

// tick sends what is volatile, and ends what rests.
func (b *Board) tick(now time.Time, out *canvas.Outbox) {
	b.rest(now, out)
	if now.Before(b.tickAt) {
		return
	}
	b.tickAt = now.Add(time.Second / time.Duration(b.def.presence.Hz()))
	if b.presence.Busy() {
		b.presence.Tick(now, func(conn uint32, head schema.Header, body []byte) bool {
			return out.Offer(canvas.Conn(conn), head, body)
		})
	}
	b.sendDrags(out)
}

// putSeq makes the number of the last Delta durable.
func (b *Board) putSeq(out *canvas.Outbox) {
	value := binary.BigEndian.AppendUint64(make([]byte, 0, 16), b.seq)
	out.Put(spaceSeq, "seq", binary.BigEndian.AppendUint64(value, b.renewals))
}
