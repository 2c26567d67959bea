package live

import (
	"errors"
	"fmt"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// R11.2: deltas for a client within the change log, at its cutoff exactly, and a
// snapshot below it or from the future; what was deleted and inserted again is an
// upsert; an empty snapshot clears.
func TestR11_2_CatchUp(t *testing.T) {
	r := newRoom(t, Limits{})
	c := r.connect(1, "all")
	r.put(public("a", "x", 1), public("b", "x", 1), public("c", "x", 1))
	c.subscribe(1, r.bind(query.All()))
	c.expect(t, "1:+a", "1:+b", "1:+c")
	away := func(floor uint64, change func()) {
		r.hub.Drop(1)
		change()
		c.catchUp(1, floor)
	}
	away(1, func() { r.remove("a"); r.put(public("a", "x", 1)); r.remove("b"); r.put(public("d", "x", 1)) })
	c.expect(t, "1:-b", "1:+a", "1:+d")
	away(6, func() { r.put(public("c", "x", 2)) }) // since is 5, the floor's cutoff
	c.expect(t, "1:+c")
	away(8, func() { r.put(public("c", "x", 3)) })
	if c.queue[0].flags != schema.DeltaSnapshot {
		t.Fatal("the change log no longer has all since then: a snapshot")
	}
	c.expect(t, "1:+a", "1:+c", "1:+d")
	away(8, func() { r.remove("a", "c", "d") })
	if c.queue[0].flags&schema.DeltaSnapshot != 0 || len(c.operations(t)) != 3 {
		t.Fatal("three deletes")
	}
	r.put(public("a", "x", 1))
	c.take(-1)
	away(99, func() { r.remove("a") })
	if len(c.queue) != 1 || c.queue[0].flags != schema.DeltaSnapshot || len(c.queue[0].payload) != 0 {
		t.Fatal("an empty snapshot")
	}
	c.upToDate()
	r.hub.Drop(1)
	c.request(Request{ID: 1, Query: c.queries[1], Since: r.seq + 1})
	if c.queue[0].flags != schema.DeltaSnapshot {
		t.Fatal("a client ahead of the room is of another epoch")
	}
}

// R11.3: catch-up tells of no key that the client does not hold.
func TestR11_3_CatchUpLeaksNoKeys(t *testing.T) {
	r := newRoom(t, Limits{})
	r.put(item{id: "mine", owner: "bob", due: -1}, item{id: "theirs", owner: "ann", due: -1})
	c := r.connect(1, "own:bob")
	c.subscribe(1, r.bind(query.All()))
	c.expect(t, "1:+mine")
	r.hub.Drop(1)
	r.remove("mine", "theirs")
	c.catchUp(1, 1)
	c.expect(t, "1:-mine")
}

// R14.3: a paused connection's changes coalesce per key; too many end in a
// snapshot, and nobody else waits.
func TestR14_3_SlowReader(t *testing.T) {
	r := newRoom(t, Limits{Pending: 2})
	slow, quick := r.connect(1, "all"), r.connect(2, "all")
	r.put(public("a", "x", 0), public("b", "x", 0))
	for _, c := range []*client{slow, quick} {
		c.subscribe(1, r.bind(query.All()))
		c.take(-1)
	}
	r.hub.Pause(1)
	for i := range 5 {
		r.put(public("a", "x", int64(i+1)))
		quick.expect(t, "1:~a")
	}
	r.remove("b")
	r.hub.Resume(1, r)
	slow.expect(t, "1:-b", "1:~a")
	quick.take(-1)
	r.hub.Pause(1)
	for _, id := range []string{"c", "d", "e"} {
		r.put(public(id, "x", 1))
		quick.expect(t, "1:+"+id)
	}
	r.hub.Resume(1, r)
	if slow.queue[0].flags != schema.DeltaSnapshot {
		t.Fatal("three keys and room for two: a snapshot")
	}
	slow.upToDate()
}

// R14.3: subscriptions are limited, with an error of their own.
func TestR14_3_TooManySubscriptions(t *testing.T) {
	r := newRoom(t, Limits{Subscriptions: 2})
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All()))
	c.subscribe(2, r.bind(query.All()))
	err := r.hub.Subscribe(Request{Conn: 1, ID: 3, Query: r.bind(query.All()), Reader: r.reader("all")}, r)
	if e, ok := errors.AsType[*schema.Error](err); !ok || e.Code != schema.CodeTooManySubscriptions {
		t.Fatalf("the third of two: %v", err)
	}
	r.hub.Unsubscribe(1, 1)
	c.queries, c.subs = map[uint32]*query.Bound{}, map[uint32]*held{}
	c.subscribe(3, r.bind(query.All()))
	if n := r.hub.Subscriptions(); n != 2 {
		t.Fatalf("%d subscriptions", n)
	}
	r.hub.Drop(1)
	if r.hub.Subscriptions() != 0 || r.hub.Views() != 0 {
		t.Fatal("a dropped connection leaves something behind")
	}
}

// TestR14_3_WindowsKeepSoMuch: large windows take memory of the room's.
func TestR14_3_WindowsKeepSoMuch(t *testing.T) {
	r := newRoom(t, Limits{Kept: 25})
	for i := range 20 {
		r.put(public(fmt.Sprint(i), "a", int64(i)))
	}
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All().By("Votes").Take(20)))
	wide := Request{Conn: 1, ID: 2, Query: r.bind(query.All().By("Votes", query.Desc).Take(20)), Reader: r.reader("all")}
	if e, ok := errors.AsType[*schema.Error](r.hub.Subscribe(wide, r)); !ok || e.Code != schema.CodeTooManySubscriptions {
		t.Fatalf("40 rows of 25: %v", e)
	}
	if n, views := r.hub.Subscriptions(), r.hub.Views(); n != 1 || views != 1 {
		t.Fatalf("%d subscriptions, %d views", n, views)
	}
	r.hub.Drop(1)
}

// R12.1: events reach those who have a query open that they match, and are not
// kept for those who come later.
func TestR12_1_EventsAreSentOnce(t *testing.T) {
	r := newRoom(t, Limits{Pending: 2})
	c, none := r.connect(1, "all"), r.connect(2, "none")
	pings := r.set.Table(1).Collection()
	ping := func(list string) Event {
		row, err := pings.Make([]value.Value{
			value.OfString("ann"), value.OfMicros(1), value.OfMicros(1), value.OfString(list), value.OfString("ann")})
		if err != nil {
			t.Fatal(err)
		}
		return Event{Table: 1, Row: row}
	}
	b, err := query.Where(query.Eq("List", "x")).Bind(pings)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*client{c, none} {
		c.request(Request{ID: 1, Table: 1, Query: b})
		c.queue = nil
	}
	count := func(c *client) (n int) {
		for _, p := range c.queue {
			r := value.ReadDelta(nil, p.payload)
			for e := (value.DeltaEntry{}); r.Next(&e); n++ {
				if e.Op != value.Enter {
					t.Fatalf("an event as %d", e.Op)
				}
			}
		}
		c.queue = nil
		return n
	}
	nothing := func(*table.Tx) {}
	r.write(nothing, nil, ping("x"), ping("y"))
	if n := count(c); n != 1 {
		t.Fatalf("%d events, want 1", n)
	}
	r.hub.Pause(1)
	for range 5 {
		r.write(nothing, nil, ping("x"))
	}
	r.hub.Resume(1, r)
	if n := count(c); n != 2 {
		t.Fatalf("%d events after a pause, want the last 2", n)
	}
	if count(none) != 0 {
		t.Fatal("an event for someone who may not read it")
	}
}

// All who have a query open share one encoding, and a change leads to no view
// that wants another value.
func TestOneEncodingForAll(t *testing.T) {
	r := newRoom(t, Limits{}, "list")
	for i := range 10 {
		c := r.connect(Conn(i), "all")
		c.subscribe(1, r.bind(query.Where(query.Eq("List", "x"))))
		c.subscribe(2, r.bind(query.Where(query.Eq("List", fmt.Sprint(i)))))
		c.take(-1)
	}
	if n := r.hub.Views(); n != 11 {
		t.Fatalf("%d views, want 11", n)
	}
	r.put(public("a", "x", 1))
	first := r.clients[0].queue[0].payload
	for _, c := range r.clients {
		if len(c.queue) != 1 || &c.queue[0].payload[0] != &first[0] {
			t.Fatal("an encoding of its own")
		}
	}
}
