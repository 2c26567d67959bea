package live

import (
	"maps"
	"slices"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// client is a model of one: a link whose messages wait until it takes them, and
// what it makes of them.
type client struct {
	room    *room
	name    Conn
	role    string
	queries map[uint32]*query.Bound
	queue   []parcelOf
	step    []parcelOf // parts of the step that is coming in
	subs    map[uint32]*held
	cursor  uint64
}

// held is what a client has of one subscription.
type held struct {
	rows  map[value.Key]value.Row
	fresh map[value.Key]value.Row // of a snapshot that is coming in
	known bool                    // on this connection, its first boundary has come
	seq   uint64
	last  uint64 // of the subscription's own messages on this connection
	cap   bool   // the result is said to end at the scan limit
}

// parcelOf is a message, or a stream of them, and what held when it was sent.
type parcelOf struct {
	id        uint32
	from, seq uint64
	flags     uint8
	payload   []byte
	stream    *Snapshot
	role      string
	queries   map[uint32]*query.Bound
}

func (r *room) connect(name Conn, role string) *client {
	c := &client{room: r, name: name, role: role, queries: map[uint32]*query.Bound{}, subs: map[uint32]*held{}}
	r.clients[name] = c
	return c
}

func (c *client) enqueue(p parcelOf) {
	p.role, p.queries = c.role, maps.Clone(c.queries)
	c.queue = append(c.queue, p)
}

// subscribe opens a query or replaces one.
func (c *client) subscribe(id uint32, q *query.Bound) {
	if c.subs[id] == nil {
		c.subs[id] = &held{rows: map[value.Key]value.Row{}}
	}
	c.queries[id] = q
	c.request(Request{ID: id, Query: q})
}

func (c *client) request(r Request) {
	r.Conn, r.Reader = c.name, c.room.reader(c.role)
	if err := c.room.hub.Subscribe(r, c.room); err != nil {
		c.room.tb.Fatalf("subscribe: %v", err)
	}
}

// reconnect leaves what is on its way, and comes back with what it holds.
func (c *client) reconnect(floor uint64) {
	c.room.hub.Drop(c.name)
	c.queue, c.step = nil, nil
	for _, s := range c.subs {
		s.known, s.fresh = false, nil
	}
	for _, id := range slices.Sorted(maps.Keys(c.queries)) {
		c.catchUp(id, floor)
	}
}

func (c *client) catchUp(id uint32, floor uint64) {
	s := c.subs[id]
	c.request(Request{ID: id, Query: c.queries[id], Since: s.seq, Held: slices.Collect(maps.Keys(s.rows)), Floor: floor})
}

// take receives up to n messages; < 0: all.
func (c *client) take(n int) {
	for ; n != 0 && len(c.queue) > 0; n-- {
		p := c.queue[0]
		if p.stream == nil {
			c.queue = c.queue[1:]
			c.receive(p)
			continue
		}
		part := p
		var last bool
		part.payload, part.flags, last = p.stream.Next(64)
		if last {
			c.queue = c.queue[1:]
		}
		c.receive(part)
	}
	if len(c.queue) == 0 && len(c.step) > 0 {
		c.room.tb.Fatalf("client %d: a step has no end", c.name)
	}
}

// receive takes one message; those of a step wait for its last.
func (c *client) receive(p parcelOf) {
	if p.from > c.cursor+1 && p.flags&schema.DeltaSnapshot == 0 && c.cursor > 0 {
		c.room.tb.Fatalf("client %d: a gap: from %d after %d", c.name, p.from, c.cursor)
	}
	if p.seq < c.cursor {
		c.room.tb.Fatalf("client %d: the cursor went back from %d to %d", c.name, c.cursor, p.seq)
	}
	c.step = append(c.step, p)
	if p.flags&(schema.DeltaMore|schema.DeltaPart) != 0 {
		return
	}
	for _, p := range c.step {
		if s := c.subs[p.id]; s != nil {
			if s.known && p.from > s.last+1 {
				c.room.tb.Fatalf("client %d: a gap in subscription %d: from %d after %d", c.name, p.id, p.from, s.last)
			}
			s.last = p.seq
			c.apply(s, p)
		} else if p.id != 0 {
			c.room.tb.Fatalf("client %d: a delta of subscription %d", c.name, p.id)
		}
	}
	c.cursor, c.step = p.seq, nil
	for id, s := range c.subs {
		if s.known {
			s.seq = p.seq
			c.check(id, p)
		}
	}
}

// apply changes what the client holds of one subscription.
func (c *client) apply(s *held, p parcelOf) {
	tb, b := c.room.tb, p.queries[p.id]
	rows := s.rows
	if p.flags&schema.DeltaSnapshot != 0 {
		if s.fresh == nil {
			s.fresh = map[value.Key]value.Row{}
		}
		rows = s.fresh
	}
	most := len(rows)
	if b != nil && b.Limit >= 0 {
		most = max(most, b.Limit+1)
	}
	reader := c.room.reader(p.role)
	r := value.ReadDelta(c.room.items, p.payload)
	var e value.DeltaEntry
	for r.Next(&e) {
		switch e.Op {
		case value.Enter:
			rows[e.Key] = e.Row
		case value.Alter:
			old, ok := rows[e.Key]
			if !ok {
				tb.Fatalf("client %d: a change of %x, which it does not hold", c.name, e.Key)
			}
			rows[e.Key] = c.room.items.ApplyPatch(old, e.Patch)
		case value.Leave:
			if _, ok := rows[e.Key]; !ok {
				tb.Fatalf("R10.2: client %d was told of %x, which it does not hold", c.name, e.Key)
			}
			delete(rows, e.Key)
		}
		if row, ok := rows[e.Key]; ok && !reader.CanRead(0, row) {
			tb.Fatalf("R10.1: client %d (%s) got a row that it may not read", c.name, p.role)
		}
		if b != nil && b.Limit >= 0 && len(rows) > most {
			tb.Fatalf("R9.3: client %d holds %d rows on the way, with a limit of %d", c.name, len(rows), b.Limit)
		}
	}
	if r.Err() != nil {
		tb.Fatalf("a delta: %v", r.Err())
	}
	if p.flags&(schema.DeltaSnapshot|schema.DeltaPart) == schema.DeltaSnapshot {
		s.rows, s.fresh = s.fresh, nil
	}
	s.known, s.cap = true, p.flags&schema.DeltaCapped != 0
}

// check compares what the client holds with the result as of a message.
func (c *client) check(id uint32, p parcelOf) {
	b := p.queries[id]
	if b == nil {
		return
	}
	rows := c.room.history[p.seq]
	want := c.room.result(p.seq, b, p.role)
	got := slices.Sorted(maps.Keys(c.subs[id].rows))
	slices.Sort(want)
	if c.subs[id].cap {
		all := *b
		all.Limit, all.Offset = -1, 0
		want = naive(rows, &all, c.room.reader(p.role))
		want = slices.DeleteFunc(want, func(key value.Key) bool { return !slices.Contains(got, key) })
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		c.room.tb.Fatalf("client %d (%s), subscription %d, %s, as of %d: holds %q, the result is %q\n%v",
			c.name, p.role, id, b.Query().Encode(), p.seq, got, want, c.room.steps)
	}
	for key, row := range c.subs[id].rows {
		if c.room.items.Diff(row, rows[key]).Len() > 0 {
			c.room.tb.Fatalf("client %d, subscription %d: %q is not as of %d", c.name, id, key, p.seq)
		}
	}
}

// upToDate compares what the client holds with the result now.
func (c *client) upToDate() {
	c.take(-1)
	for id, s := range c.subs {
		if s.seq == c.room.seq && s.known {
			continue // receive has checked it
		}
		c.check(id, parcelOf{seq: c.room.seq, role: c.role, queries: c.queries})
	}
}
