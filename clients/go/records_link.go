package client

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// recordLink is a record room's place in the session, and how far the client
// knows it. RecordRoom.mu guards it.
type recordLink struct {
	handle        uint16 // 0: not open
	role          string
	epoch, cursor uint64
	queries       map[uint32]*liveQuery // by ID
	lastQuery     uint32                // the last ID used
	step          []delivery            // messages that are applied together
	awaited       int                   // queries that must answer before anything is applied
	attempt       int                   // of opening
	retry         *time.Timer           // of opening; nil: none is due
	pulls         []uint32              // IDs of queries to be replaced, because a delta was missing
}

// delivery is a message whose step is not complete.
type delivery struct {
	query     uint32
	flags     uint8
	from, seq uint64
	payload   []byte
	receipt   *schema.ReceiptInfo // then nothing else counts
}

func newRecordRoom(c *Client, name string, o RecordsOptions) (*RecordRoom, error) {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.QueueLimit <= 0 {
		o.QueueLimit = 10000
	}
	r := &RecordRoom{c: c, name: name, opts: o, opened: make(chan struct{}), gone: make(chan struct{})}
	r.link.queries = make(map[uint32]*liveQuery)
	r.writes.client = NewID()
	if o.Queue == "" {
		return r, nil
	}
	queue, kept, err := openQueue(o.files, o.Queue, name)
	if err != nil {
		return nil, err
	}
	r.queue = queue
	r.writes.restore(kept)
	return r, nil
}

// openRecords makes the room one of the client's, and asks to enter it.
func (c *Client) openRecords(r *RecordRoom) {
	c.mu.Lock()
	ended := c.ctx.Err() != nil
	if !ended {
		c.stores[r] = struct{}{}
	}
	c.mu.Unlock()
	if ended {
		r.end(endOf(ErrClosed))
		return
	}
	r.open()
}

// dropRecords leaves the room at its handle, and forgets it.
func (c *Client) dropRecords(r *RecordRoom, handle uint16) {
	c.mu.Lock()
	delete(c.stores, r)
	c.mu.Unlock()
	if handle != 0 {
		c.forgetRecords(handle)
		_ = c.send.leave(handle, 0)
	}
}

func (c *Client) forgetRecords(handle uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.records, handle)
}

// allRecords are the record rooms that have not ended.
func (c *Client) allRecords() []*RecordRoom {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.stores))
}

// loseRecords takes all record rooms off the lost connection.
func (c *Client) loseRecords() {
	c.mu.Lock()
	clear(c.records)
	clear(c.opens)
	c.mu.Unlock()
	for _, r := range c.allRecords() {
		r.lost()
	}
}

// open asks to enter the room. While the connection is lost nothing happens:
// its return asks for all rooms.
func (r *RecordRoom) open() {
	r.mu.Lock()
	info := schema.OpenInfo{
		Room: r.name, Client: r.writes.client, Version: r.opts.Version,
		Epoch: r.link.epoch, Cursor: r.link.cursor, SchemaHash: r.replica.hash,
	}
	ended := r.ended != nil
	r.mu.Unlock()
	if ended {
		return
	}
	c := r.c
	c.mu.Lock()
	c.requests++
	info.Request = c.requests
	c.opens[info.Request] = r
	c.mu.Unlock()
	if err := c.send.record(schema.KindOpen, 0, func(b *schema.Builder) []byte { return b.Open(info) }); err != nil {
		c.log.Info("opening a record room failed", "room", r.name, "error", err) // the read loop meets the same end
	}
}

// openedRecords puts the room of an Open at its handle, or tells an open one
// its new role.
func (c *Client) openedRecords(head schema.Header, m *fb.Opened) error {
	c.mu.Lock()
	r := c.opens[m.Request()]
	delete(c.opens, m.Request())
	if m.Request() == 0 {
		r = c.records[head.Handle]
	}
	c.mu.Unlock()
	switch {
	case r == nil || head.Handle == 0:
		return schema.Errorf(schema.CodeBadMessage, "Opened for request %d, which is not open", m.Request())
	case m.Request() == 0:
		r.mu.Lock()
		r.link.role = string(m.Role())
		r.mu.Unlock()
		return nil
	}
	r.mu.Lock()
	over := r.ended != nil || r.link.handle != 0 // or asked twice, by a return and a retry
	s, err := r.schemaOf(m)
	r.mu.Unlock()
	if over { // given up while the answer was on its way
		_ = c.send.leave(head.Handle, 0)
		return nil
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.records[head.Handle] = r
	c.mu.Unlock()
	r.enter(head.Handle, m, s)
	return nil
}

// schemaOf is the descriptor that an Opened brings or names; mu is held.
func (r *RecordRoom) schemaOf(m *fb.Opened) (*value.Schema, error) {
	descriptor := m.SchemaBytes()
	if len(descriptor) == 0 {
		if r.replica.schema != nil && r.replica.hash == m.SchemaHash() {
			return r.replica.schema, nil
		}
		return nil, schema.Errorf(schema.CodeBadMessage, "Opened names schema %016x, which this client has not got", m.SchemaHash())
	}
	s, err := value.ParseSchema(descriptor)
	if err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", r.name, err)
	}
	return s, nil
}

// enter begins to follow the room at its handle. It runs on the client's
// goroutine.
func (r *RecordRoom) enter(handle uint16, m *fb.Opened, s *value.Schema) {
	r.order.Lock()
	r.mu.Lock()
	l := &r.link
	l.handle, l.role, l.attempt = handle, string(m.Role()), 0
	if !m.Known() && r.writes.forgotten(m.Epoch(), time.Now()) {
		r.writes.unknown = true
		r.mu.Unlock()
		r.order.Unlock()
		r.push()
		return
	}
	err := r.follow(m, s)
	if err == nil {
		r.writes.opened(m.Last())
		r.tellStatus()
	}
	r.mu.Unlock()
	r.order.Unlock()
	if err != nil {
		r.end(&schema.Error{Code: schema.CodeSchemaMismatch, Message: err.Error()})
		return
	}
	r.setup.Do(func() {
		if r.opts.Setup != nil {
			err = r.opts.Setup(r)
		}
		if err == nil {
			close(r.opened)
		}
	})
	if err != nil {
		r.end(&schema.Error{Code: schema.CodeLeft, Message: err.Error()})
		return
	}
	r.mu.Lock()
	r.heard = true
	r.mu.Unlock()
	r.push()
}

// follow takes on what an Opened says, and asks for what live queries miss.
// order and mu are held.
func (r *RecordRoom) follow(m *fb.Opened, s *value.Schema) error {
	l := &r.link
	changed := r.replica.use(s, m.SchemaHash())
	if changed {
		for _, bind := range r.bindings {
			if err := bind(s); err != nil {
				return err
			}
		}
	}
	again := l.epoch == m.Epoch() && !changed
	if !again {
		l.cursor = 0
	}
	l.epoch, l.step, l.awaited = m.Epoch(), nil, 0
	for _, q := range l.queries {
		if changed {
			if err := r.moved(q); err != nil {
				return err
			}
		}
		if !again {
			q.at = 0
		}
		r.ask(q)
	}
	if l.awaited == 0 {
		l.cursor = max(l.cursor, m.Seq())
	}
	return nil
}

// moved fits a query to another schema: what it shows stays until it is
// replaced. mu is held.
func (r *RecordRoom) moved(q *liveQuery) error {
	at := r.replica.schema.CollectionIndex(q.collection)
	if at < 0 {
		return fmt.Errorf("%s no longer has the collection %q", r.name, q.collection)
	}
	q.stale, q.at = true, 0
	clear(q.members)
	return q.rebind(r.replica.tables[at])
}

// lost takes the room off a connection that is lost.
func (r *RecordRoom) lost() {
	r.mu.Lock()
	l := &r.link
	if l.handle != 0 {
		l.handle, l.step, l.awaited = 0, nil, 0
		for _, q := range l.queries {
			q.fresh, q.awaiting = nil, false
		}
		r.writes.lost()
		r.rebase()
		r.tellStatus()
	}
	r.unlock()
}

// openRefused ends the room, or asks again later when the reason may pass.
func (r *RecordRoom) openRefused(e *schema.Error) {
	if !passing(e.Code) {
		r.end(e)
		return
	}
	r.c.log.Info("the record room does not open yet", "room", r.name, "error", e)
	r.lost()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil || r.link.retry != nil {
		return
	}
	pause := r.c.opts.Reconnect.wait(max(r.link.attempt, 1), shortOutage, rand.Float64())
	r.link.attempt++
	r.link.retry = time.AfterFunc(pause, func() {
		r.mu.Lock()
		r.link.retry = nil
		again := r.link.handle == 0
		r.mu.Unlock()
		if again {
			r.open()
		}
	})
}

// passing reports whether a room that was refused for this reason may open later.
func passing(code schema.Code) bool {
	return slices.Contains([]schema.Code{
		schema.CodeRateLimited, schema.CodeGoingAway, schema.CodeInternal, schema.CodeStoreFailed,
		schema.CodeRoomClosed, schema.CodeRoomFaulted, schema.CodeTooManyRooms, schema.CodeRoomTooLarge,
		schema.CodeSlowClient,
	}, code)
}

// end closes the room for good, once.
func (r *RecordRoom) end(why *schema.Error) {
	r.order.Lock()
	r.mu.Lock()
	if r.ended != nil {
		r.mu.Unlock()
		r.order.Unlock()
		return
	}
	handle := r.link.handle
	r.ended, r.link.handle, r.heard = why, 0, true
	if r.link.retry != nil {
		r.link.retry.Stop()
	}
	r.writes.end(why)
	for _, q := range r.link.queries {
		if q.err == nil {
			q.err = why
		}
	}
	r.tellStatus()
	r.mu.Unlock()
	r.c.dropRecords(r, handle)
	if r.queue != nil {
		r.queue.close()
	}
	r.order.Unlock()
	close(r.gone)
	r.mu.Lock()
	r.unlock()
}
