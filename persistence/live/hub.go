package live

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Conn names a connection of the room.
type Conn uint32

// Reader says what one role or user may read. It must depend on its class and
// the row alone, always with the same answer, and may be asked on the goroutine
// that reads a [Snapshot]. When the answer changes, because a role did, the
// connection gets another reader with Regrant.
type Reader interface {
	// Class is equal for readers that may read the same rows of a table. They
	// share results and encodings.
	Class(table int) string
	CanRead(table int, row value.Row) bool
}

// Out takes what goes to connections. All that a connection is given leaves in
// that order, receipts in between included (R4.1).
type Out interface {
	// Delta is a message; payload is shared with other connections. From is the
	// sequence after the last that was sent of the subscription.
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
	Spare         int // rows that a window keeps beyond its end, to take the places of those that leave; 64
	Kept          int // rows that the windows of one connection keep; 1,000,000
}

// Request is one Subscribe.
type Request struct {
	Conn   Conn
	ID     uint32
	Table  int
	Query  *query.Bound
	Reader Reader
	// Since is the sequence that Held is as of; 0: the client holds nothing.
	// Both are of no account for an ID that the connection has open: what is
	// still on its way to the client is known here alone.
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
	seq    uint64 // of the last transaction that was applied
	limits Limits
	conns  map[Conn]*conn
	views  map[viewKey]*view
	routes []routes // of each table

	read uint64 // rows, to begin windows

	touched   []*view // by the transaction that is being applied
	regranted []*conn // since the last Apply or Settle

	before, after []byte // scratch for values that views are found by
}

// New returns a hub over a room's tables, whose last transaction was seq.
func New(set *table.Set, seq uint64, l Limits) *Hub {
	if l.Subscriptions == 0 {
		l.Subscriptions = 256
	}
	if l.Scan == 0 {
		l.Scan = 1_000_000
	}
	if l.Pending == 0 {
		l.Pending = 1024
	}
	if l.Spare == 0 {
		l.Spare = 64
	}
	if l.Kept == 0 {
		l.Kept = 1_000_000
	}
	return &Hub{
		set: set, seq: seq, limits: l,
		conns: map[Conn]*conn{}, views: map[viewKey]*view{}, routes: make([]routes, set.Len()),
	}
}

// Subscribe opens a query. One that the connection has under the same ID is
// replaced, and only the difference is sent (R9.4). Errors are *schema.Error, for
// this connection only.
func (h *Hub) Subscribe(r Request, out Out) error {
	c := h.conn(r.Conn)
	s := c.subs[r.ID]
	if s == nil && len(c.subs) >= h.limits.Subscriptions {
		return schema.Errorf(schema.CodeTooManySubscriptions,
			"a connection may have %d subscriptions in a room: unsubscribe from one first", h.limits.Subscriptions)
	}
	var before *holding
	if s != nil {
		if !s.stale && !c.paused && s.view.table == r.Table {
			before = s.view.holding()
		}
		r.Since, r.Held = 0, nil
		h.detach(s)
	} else {
		s = &sub{conn: c, id: r.ID}
		c.add(s)
	}
	h.attach(s, h.view(r.Table, r.Query, r.Reader))
	if n := c.kept(); n > h.limits.Kept {
		h.Unsubscribe(r.Conn, r.ID)
		return schema.Errorf(schema.CodeTooManySubscriptions,
			"the windows of a connection's subscriptions in a room may keep %d rows, not %d: use an index that has the order, or smaller windows", h.limits.Kept, n)
	}
	if c.paused {
		s.postpone(h.reason(r), &r)
		return nil
	}
	n := h.begin(s, h.reason(r), &r)
	if before != nil {
		n = h.difference(s, before, nil)
	}
	h.deliver(c, []parcel{{sub: s, stream: n, boundary: true}}, out)
	return nil
}

// conn finds a connection, or begins to know it.
func (h *Hub) conn(name Conn) *conn {
	c := h.conns[name]
	if c == nil {
		c = &conn{name: name, subs: map[uint32]*sub{}, cursor: h.seq}
		h.conns[name] = c
	}
	return c
}

// Unsubscribe ends a query. An unknown one is no error.
func (h *Hub) Unsubscribe(name Conn, id uint32) {
	c := h.conns[name]
	if c == nil || c.subs[id] == nil {
		return
	}
	h.detach(c.subs[id])
	c.remove(id)
}

// Drop ends all queries of a connection that is gone.
func (h *Hub) Drop(name Conn) {
	c := h.conns[name]
	if c == nil {
		return
	}
	for _, s := range c.order {
		h.detach(s)
	}
	c.gone = true
	delete(h.conns, name)
}

// Subscriptions counts the open queries.
func (h *Hub) Subscriptions() int {
	n := 0
	for _, c := range h.conns {
		n += len(c.order)
	}
	return n
}

// Read counts the rows that were read to begin windows: the work of Subscribe.
func (h *Hub) Read() uint64 { return h.read }

// Views counts the different results that are kept up to date.
func (h *Hub) Views() int { return len(h.views) }
