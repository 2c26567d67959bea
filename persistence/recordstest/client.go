package recordstest

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Client is one user's connection to the room, with a client ID of its own.
type Client struct {
	// Opened is what the room said when it let the client in, or told it a new
	// role.
	Opened schema.OpenedInfo
	// Cursor is the sequence that the client holds.
	Cursor uint64
	// Left says that the room has put the client out.
	Left bool

	hub      *Hub
	conn     records.Conn
	user     records.User
	id       string
	last     uint64
	nextSub  uint32
	subs     map[uint32]*subscription
	receipts []records.Receipt
	refusals []Refusal
	resets   int
	trace    []string
}

// Refusal is an error that the room sent.
type Refusal struct {
	ID   uint32 // the subscription's, or 0
	Code schema.Code
	Text string
}

// Fields are a record by the names of its fields, for a Put of some of them.
type Fields map[string]any

// Join lets a user in. The test fails if the room refuses.
func (h *Hub) Join(user string) *Client {
	h.t.Helper()
	c, err := h.TryJoin(user)
	if err != nil {
		h.t.Fatalf("failed to join as %s: %v", user, err)
	}
	return c
}

// TryJoin is Join for tests that expect a refusal.
func (h *Hub) TryJoin(user string) (*Client, error) {
	h.t.Helper()
	return h.Attach(records.Attach{User: records.User{ID: user, Name: user}, ClientID: fmt.Sprintf("%s-%d", user, len(h.clients)+1)})
}

// Attach lets somebody in as the op says; its Conn is chosen here.
func (h *Hub) Attach(op records.Attach) (*Client, error) {
	h.t.Helper()
	h.conns++
	op.Conn = h.conns
	c := &Client{hub: h, conn: op.Conn, user: op.User, id: op.ClientID, subs: make(map[uint32]*subscription)}
	h.clients = append(h.clients, c)
	h.Do(&op)
	return c, c.joined()
}

func (c *Client) joined() error {
	if c.Opened.Room != "" {
		c.last = c.Opened.Last
		return nil
	}
	for _, r := range c.Refusals() {
		return &schema.Error{Code: r.Code, Message: r.Text}
	}
	return fmt.Errorf("the room said nothing")
}

// Disconnect cuts the connection.
func (c *Client) Disconnect() {
	if c.conn != 0 {
		c.hub.Do(&records.Detach{Conn: c.conn})
	}
	c.conn = 0
}

// Reconnect comes back with the same client ID, and takes every subscription
// up from where it was.
func (c *Client) Reconnect() {
	c.hub.t.Helper()
	c.Disconnect()
	c.hub.conns++
	c.conn = c.hub.conns
	epoch := c.Opened.Epoch
	c.Opened, c.Left = schema.OpenedInfo{}, false
	c.hub.Do(&records.Attach{Conn: c.conn, User: c.user, ClientID: c.id, Epoch: epoch, Cursor: c.Cursor, SchemaHash: c.hub.machine.Schema().Hash()})
	if err := c.joined(); err != nil {
		c.hub.t.Fatalf("%s failed to come back: %v", c.user.ID, err)
	}
	for _, id := range c.subscriptions() {
		c.resubscribe(c.subs[id])
	}
}

func (c *Client) subscriptions() []uint32 {
	var ids []uint32
	for id := range c.subs {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Pause is a connection that takes nothing more for a while.
func (c *Client) Pause() { c.hub.Do(&records.Pause{Conn: c.conn}) }

// Resume ends a Pause.
func (c *Client) Resume() { c.hub.Do(&records.Resume{Conn: c.conn}) }

// Renew gives the client's user new claims.
func (c *Client) Renew(claims map[string]any) {
	c.user.Claims = claims
	c.hub.Do(&records.Renew{Conn: c.conn, User: c.user})
}

// Call calls a mutation by its arguments, and fails the test if it is refused.
func (c *Client) Call(args any) records.Receipt {
	c.hub.t.Helper()
	r, err := c.TryCall(args)
	if err != nil {
		c.hub.t.Fatalf("%s calls %T: %v", c.user.ID, args, err)
	}
	return r
}

// TryCall is Call for tests that expect a refusal, a *schema.Error.
func (c *Client) TryCall(args any) (records.Receipt, error) {
	c.hub.t.Helper()
	return c.Push(c.mutation(args))
}

// Fire calls a mutation without a receipt.
func (c *Client) Fire(args any) {
	c.hub.t.Helper()
	op := c.mutation(args)
	op.Conn = c.conn
	c.hub.Do(&op)
}

func (c *Client) mutation(args any) records.Mutate {
	c.hub.t.Helper()
	name, row, err := c.hub.machine.EncodeArgs(args)
	if err != nil {
		c.hub.t.Fatal(err)
	}
	return records.Mutate{Name: name, Args: row}
}

// Push sends a mutation as it is, with the next ID if it has none, and returns
// its receipt; the error is a *schema.Error with the receipt's code.
func (c *Client) Push(op records.Mutate) (records.Receipt, error) {
	c.hub.t.Helper()
	op.Conn = c.conn
	if op.ID == 0 {
		op.ID = c.last + 1
	}
	c.receipts = nil
	c.hub.Do(&op)
	if op.ID == c.last+1 {
		c.last++
	}
	for _, r := range c.receipts {
		if r.Mutation == op.ID {
			if r.Code != 0 {
				return r, &schema.Error{Code: r.Code, Message: r.Message}
			}
			return r, nil
		}
	}
	return records.Receipt{}, nil // it waits
}

// Receipts are those that came since the last Push or call of Receipts.
func (c *Client) Receipts() []records.Receipt {
	r := c.receipts
	c.receipts = nil
	return r
}

// Refusals are the errors that came since the last call, other than receipts.
func (c *Client) Refusals() []Refusal {
	r := c.refusals
	c.refusals = nil
	return r
}

// Resets counts the Resets so far.
func (c *Client) Resets() int { return c.resets }

// Trace is what the connection was sent, one line for each message, since the
// last call: "delta 1 enter", "receipt 3".
func (c *Client) Trace() []string {
	t := c.trace
	c.trace = nil
	return t
}

// Create creates a record: a value of the collection's type, of which the
// fields that are not zero are sent, or Fields.
func (c *Client) Create(collection string, record any) error {
	c.hub.t.Helper()
	return c.operate(value.Create, collection, record)
}

// Put creates a record, or changes the fields that are given: Fields, or those
// of a value that are not zero.
func (c *Client) Put(collection string, record any) error {
	c.hub.t.Helper()
	return c.operate(value.Put, collection, record)
}

// Remove removes the record with the key of record.
func (c *Client) Remove(collection string, record any) error {
	c.hub.t.Helper()
	return c.operate(value.Remove, collection, record)
}

func (c *Client) operate(kind value.OperationKind, collection string, record any) error {
	c.hub.t.Helper()
	_, err := c.Operate(c.Operation(kind, collection, record))
	return err
}

// Operation is one built-in operation, for Operate.
func (c *Client) Operation(kind value.OperationKind, collection string, record any) value.Operation {
	c.hub.t.Helper()
	s := c.hub.machine.Schema()
	at := s.CollectionIndex(collection)
	if at < 0 {
		c.hub.t.Fatalf("the room has no collection %s", collection)
	}
	var patch value.Patch
	var err error
	if fields, ok := record.(Fields); ok {
		var data []byte
		if data, err = json.Marshal(fields); err == nil {
			patch, err = s.Collections[at].PatchFromJSON(data)
		}
	} else {
		patch, err = c.hub.machine.EncodePatch(collection, record)
	}
	if err != nil {
		c.hub.t.Fatalf("%s: %v", collection, err)
	}
	op := value.Operation{Kind: kind, Collection: at, Patch: patch}
	op.Key, _ = s.Collections[at].PatchKey(patch)
	return op
}

// Operate makes built-in operations in one mutation.
func (c *Client) Operate(ops ...value.Operation) (records.Receipt, error) {
	c.hub.t.Helper()
	return c.Push(records.Mutate{Args: value.AppendOperations(nil, ops...)})
}

// subscription is a live query as its client has it.
type subscription struct {
	client     *Client
	id         uint32
	collection string
	query      query.Query
	bound      *query.Bound
	rows       map[value.Key]value.Row
	loading    map[value.Key]value.Row // a snapshot that is not complete yet
	seq        uint64
	capped     bool
	most       int // rows that were held at one time
}

// Live is a live query whose records are of type T. It shows what a client
// shows.
type Live[T any] struct {
	*subscription
	codec *value.Codec[T]
}

// Subscribe opens a live query. A refusal is among the client's Refusals.
func Subscribe[T any](c *Client, collection string, q query.Query) *Live[T] {
	c.hub.t.Helper()
	l := &Live[T]{subscription: c.subscribe(collection, q)}
	shape := c.hub.machine.Schema().Collection(collection)
	codec, _, err := value.Bind[T](collection)
	if shape.Event {
		codec, _, err = value.BindEvent[T](collection)
	}
	if err == nil {
		l.codec, err = codec.BindTo(shape)
	}
	if err != nil {
		c.hub.t.Fatal(err)
	}
	return l
}

func (c *Client) subscribe(collection string, q query.Query) *subscription {
	c.hub.t.Helper()
	c.nextSub++
	s := &subscription{client: c, id: c.nextSub, collection: collection, query: q, rows: make(map[value.Key]value.Row)}
	c.subs[s.id] = s
	c.resubscribe(s)
	return s
}

func (c *Client) resubscribe(s *subscription) {
	c.hub.t.Helper()
	shape := c.hub.machine.Schema().Collection(s.collection)
	if shape == nil {
		c.hub.t.Fatalf("the room has no collection %s", s.collection)
	}
	var err error
	if s.bound, err = s.query.Bind(shape); err != nil {
		s.bound = nil
	}
	op := &records.Subscribe{Conn: c.conn, ID: s.id, Collection: s.collection, Query: s.query.Encode(), Since: s.seq}
	for _, key := range s.keys() {
		op.Held = value.AppendHeld(op.Held, key)
	}
	c.hub.Do(op)
}

// Change replaces the query: only the difference is sent.
func (l *Live[T]) Change(q query.Query) {
	l.client.hub.t.Helper()
	l.query = q
	shape := l.client.hub.machine.Schema().Collection(l.collection)
	var err error
	if l.bound, err = q.Bind(shape); err != nil {
		l.client.hub.t.Fatal(err)
	}
	l.client.hub.Do(&records.Subscribe{Conn: l.client.conn, ID: l.id, Collection: l.collection, Query: q.Encode()})
}

// Close ends the live query.
func (l *Live[T]) Close() {
	delete(l.client.subs, l.id)
	l.client.hub.Do(&records.Unsubscribe{Conn: l.client.conn, ID: l.id})
}

// Rows are the records, in the query's order.
func (l *Live[T]) Rows() []T {
	l.client.hub.t.Helper()
	var rows []T
	for _, key := range l.keys() {
		var record T
		if err := l.codec.Decode(l.rows[key], &record); err != nil {
			l.client.hub.t.Fatal(err)
		}
		rows = append(rows, record)
	}
	return rows
}

// Most is how many records the client has held at one time.
func (l *Live[T]) Most() int { return l.most }

// Capped says that the query ended at the room's scan limit.
func (l *Live[T]) Capped() bool { return l.capped }

func (s *subscription) keys() []value.Key {
	keys := make([]value.Key, 0, len(s.rows))
	for key := range s.rows {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b value.Key) int {
		if s.bound == nil {
			return 0
		}
		return s.bound.Compare(s.rows[a], s.rows[b])
	})
	return keys
}
