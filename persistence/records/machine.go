package records

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"reflect"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Loader gives what was made durable of a room, in the order of the keys.
// Key and value are valid during the call only.
type Loader interface {
	Each(space uint32, f func(key, value []byte, seq uint64) error) error
}

// OpenOptions are what a machine must know besides its data.
type OpenOptions struct {
	Room  string // "kind/name"
	Epoch uint64 // of the room in the store (R3.5); not 0
	Seq   uint64 // the last durable sequence number; 0: a new room
	Now   int64  // microseconds since 1970
	Seed  uint64 // of the room's random numbers
	Log   *slog.Logger
}

// Machine is one room: a deterministic state machine. Only its runner calls it,
// one call at a time.
type Machine struct {
	def   *definition
	room  string
	epoch uint64
	log   *slog.Logger

	world      *world
	schema     value.Schema // with the fields in the order of the stored rows
	descriptor []byte       // schema, encoded
	hash       uint64
	catalogue  catalogue

	set    *table.Set
	hub    *live.Hub
	tables []tableInfo // as schema.Collections

	seq    uint64
	now    int64 // of the op at work; it never goes back
	random tick.Rand

	conns   map[Conn]*conn
	clients map[string]*client
	waiting map[uint64]*waiting // for their preparation, by token
	token   uint64
	plans   map[string]*plan
	due     planQueue
	forget  int64 // when clients are looked through next

	// The transaction at work.
	ctx       Ctx
	tx        *table.Tx
	reading   bool // a Role hook runs: it may read, not write
	migrating bool // fields that never change may
	writes    int
	limit     int // of writes; 0: none
	bytes     int // of writes
	events    []live.Event
	planned   []planChange
	read      []bool // the tables that a Role hook has read
	key       []byte // see Collection.find
	sink      sink
	outcasts  []Conn // who lost every role in this transaction
	stored    storedReceipt
	stats     Stats
}

// tableInfo is what a machine knows of one collection.
type tableInfo struct {
	collection *value.Collection
	space      uint32 // 0: events
	event      bool
	auto       bool // the key counts up
	next       uint64
	counted    bool                      // next has changed in this transaction
	owner      int                       // the field that Own is about
	user       int                       // the field tagged `user`, or -1
	immutable  bool                      // some field is
	fits       func(row value.Row) error // nil: every row that passes its checks does
	rights     map[string]*rights
	others     rights // of roles that are not in rights
}

// newMachine makes a machine without data for a schema that has the world's
// fields, in any order.
func newMachine(d *definition, w *world, s value.Schema, o OpenOptions) (*Machine, error) {
	m := &Machine{
		def: d, room: o.Room, epoch: o.Epoch, log: o.Log, world: w, schema: s,
		seq: o.Seq, now: o.Now, random: tick.NewRand(o.Seed),
		conns: make(map[Conn]*conn), clients: make(map[string]*client),
		waiting: make(map[uint64]*waiting), plans: make(map[string]*plan),
	}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	m.ctx.m = m
	m.descriptor, m.hash = m.schema.Encode(), m.schema.Hash()
	m.set = table.NewSet(&m.schema)
	m.tables = make([]tableInfo, len(m.schema.Collections))
	m.read = make([]bool, len(m.tables))
	for i := range m.tables {
		m.tables[i].describe(&m.schema.Collections[i])
	}
	for i, field := range w.fields {
		if err := field.bind(m, m.schema.CollectionIndex(w.names[i])); err != nil {
			return nil, err
		}
	}
	for _, a := range w.access {
		if err := m.tables[m.schema.CollectionIndex(a.name)].bindAccess(d.roles, a.grants); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (t *tableInfo) describe(c *value.Collection) {
	t.collection, t.event = c, c.Event
	t.owner, t.user = value.CreatedBy, -1
	t.others.read.scope = All
	for i, f := range c.Fields {
		if f.User && !f.Retired {
			t.owner, t.user = i, i
		}
		t.immutable = t.immutable || f.Immutable
		if f.Auto {
			t.auto, t.next = true, 1
		}
	}
}

// serve starts what needs the loaded data.
func (m *Machine) serve() {
	m.set.SetLimit(m.def.limits.Bytes)
	m.hub = live.New(m.set, m.seq, live.Limits{Subscriptions: m.def.limits.Subscriptions, Scan: m.def.limits.Scan})
}

// Apply runs one op, at a time in microseconds since 1970, and adds what came
// of it to out.
func (m *Machine) Apply(now int64, op Op, out *Outbox) {
	m.now = max(m.now, now)
	m.sink.out = out
	op.apply(m, out)
}

// NextDue is when a Due is wanted next, in microseconds since 1970. It may be
// another after every Apply.
func (m *Machine) NextDue() (at int64, ok bool) {
	if p := m.nextPlan(); p != nil {
		at, ok = p.at, true
	}
	if len(m.clients) > 0 && (!ok || m.forget < at) {
		at, ok = m.forget, true
	}
	return at, ok
}

// Room is the room's name.
func (m *Machine) Room() string { return m.room }

// Schema describes the room's collections and mutations.
func (m *Machine) Schema() *value.Schema { return &m.schema }

// EncodeArgs is the Mutate's name and Args for a value of a mutation's type.
func (m *Machine) EncodeArgs(args any) (name string, row []byte, err error) {
	name = reflect.TypeOf(args).Name()
	f := m.world.mutations[name]
	if f == nil {
		return "", nil, fmt.Errorf("the room has no mutation %s", name)
	}
	row, err = f.encode(args)
	return name, row, err
}

// EncodePatch is the patch of a built-in operation for a record of the
// collection's type: the fields that are not zero, and the key.
func (m *Machine) EncodePatch(collection string, record any) (value.Patch, error) {
	for i, name := range m.world.names {
		if c, ok := m.world.fields[i].(interface {
			encode(record any) (value.Patch, error)
		}); ok && name == collection {
			return c.encode(record)
		}
	}
	return nil, fmt.Errorf("the room keeps no records of %q", collection)
}

// Seq is the sequence number of the last transaction.
func (m *Machine) Seq() uint64 { return m.seq }

// Bytes is roughly what the room's records take in memory.
func (m *Machine) Bytes() int { return m.set.Bytes() }

// Busy says that the machine must stay in memory: there are connections, or
// preparations under way.
func (m *Machine) Busy() bool { return len(m.conns) > 0 || len(m.waiting) > 0 }

// Stats counts what a machine has and did.
type Stats struct {
	Records, Bytes, Connections, Subscriptions, Clients int
	Transactions, Refused                               uint64
}

// Stats returns the machine's counts.
func (m *Machine) Stats() Stats {
	s := m.stats
	for i := range m.tables {
		s.Records += m.set.Table(i).Len()
	}
	s.Bytes, s.Connections, s.Clients = m.set.Bytes(), len(m.conns), len(m.clients)
	s.Subscriptions = m.hub.Subscriptions()
	return s
}

// Preparation is a Prepare hook to run outside of the room, in a bounded pool.
// What comes of it goes back as a Prepared with the token, a panic as an error.
type Preparation struct {
	Token uint64
	Run   func(ctx context.Context) (any, error)
}

// mustRead panics when a hook's world is used outside of a hook. A table below
// 0 is none.
func (m *Machine) mustRead(name string, at int) {
	if m == nil || m.tx == nil && !m.reading {
		panic("records: World." + name + " is used outside of a hook of its room")
	}
	if m.reading && at >= 0 {
		m.read[at] = true
	}
}

func (m *Machine) mustWrite(name string) {
	if m == nil || m.tx == nil {
		panic("records: World." + name + " is written outside of a transaction of its room")
	}
}

// selectRows visits what a query finds, inside a transaction or a Role hook.
func (m *Machine) selectRows(at int, b *query.Bound, visit func(*table.Record) bool) {
	if m.tx != nil {
		m.tx.Select(at, b, visit)
		return
	}
	rows := m.set.Table(at).Snapshot()
	defer m.set.Table(at).Release(rows)
	rows.Select(b, visit)
}

// sink is the live.Out that adds to the outbox at hand.
type sink struct{ out *Outbox }

// Delta adds a live query's change.
func (s *sink) Delta(c live.Conn, id uint32, from, seq uint64, flags uint8, payload []byte) {
	s.out.After = append(s.out.After, Send{Kind: SendDelta, Conn: c, ID: id, From: from, Seq: seq, Flags: flags, Payload: payload})
}

// Stream adds a snapshot.
func (s *sink) Stream(c live.Conn, id uint32, snapshot *live.Snapshot) {
	s.out.After = append(s.out.After, Send{Kind: SendStream, Conn: c, ID: id, Stream: snapshot})
}

// Receipt answers a mutation.
type Receipt = schema.ReceiptInfo

// rows walks all records of a table.
func (m *Machine) rows(at int) iter.Seq[*table.Record] {
	return func(yield func(*table.Record) bool) { m.set.Table(at).Scan("", "", yield) }
}
