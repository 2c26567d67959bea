package live

import (
	"fmt"
	"slices"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

func public(id, list string, votes int64) item {
	return item{id: id, list: list, votes: votes, due: -1, owner: "ann", public: true}
}

// operations writes a queue's messages as text, such as "1:+a 1:-b": the
// subscription, then enter, change (~) or leave, and the ID.
func (c *client) operations(t *testing.T) []string {
	var all []string
	for _, p := range c.queue {
		if p.stream != nil {
			t.Fatal("a stream")
		}
		r := value.ReadDelta(nil, p.payload)
		var e value.DeltaEntry
		for r.Next(&e) {
			id, err := c.room.items.KeyValue(e.Key)
			if err != nil {
				t.Fatal(err)
			}
			sign := map[value.DeltaOp]string{value.Enter: "+", value.Alter: "~", value.Leave: "-"}[e.Op]
			all = append(all, fmt.Sprintf("%d:%s%s", p.id, sign, id.Text()))
		}
	}
	c.take(-1)
	return all
}

func (c *client) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := c.operations(t); !slices.Equal(got, want) {
		t.Fatalf("client %d got %v, want %v", c.name, got, want)
	}
}

// R4.1: given A and B with B's delta still buffered, when A re-subscribes, then
// B's delta arrives before A's boundary, and the cursor moves once.
func TestR4_1_NothingOvertakesAWaitingDelta(t *testing.T) {
	r := newRoom(t, Limits{})
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.Where(query.Eq("List", "x"))))
	c.subscribe(2, r.bind(query.Where(query.Eq("List", "y"))))
	c.take(-1)
	r.hub.Pause(1)
	r.put(public("b", "y", 1))
	c.subscribe(1, r.bind(query.Where(query.Gt("Votes", 0))))
	if len(c.queue) != 0 {
		t.Fatal("A's boundary left while B's delta waits")
	}
	r.hub.Resume(1, r)
	if n := len(c.queue); n != 2 || c.queue[0].id != 2 || c.queue[1].id != 1 {
		t.Fatalf("%d messages, want B's and then A's", n)
	}
	if c.queue[0].flags&schema.DeltaMore == 0 || c.queue[1].flags&schema.DeltaMore != 0 {
		t.Fatal("the cursor moves before A's boundary")
	}
	c.expect(t, "2:+b", "1:+b")
	c.upToDate()
}

// R4.1: one transaction that touches several subscriptions applies at once.
func TestR4_1_OneTransactionIsOneStep(t *testing.T) {
	r := newRoom(t, Limits{})
	c := r.connect(1, "all")
	for id, list := range []string{"x", "y", "x"} {
		c.subscribe(uint32(id+1), r.bind(query.Where(query.Eq("List", list)).Take(id+1)))
	}
	c.take(-1)
	r.put(public("a", "x", 1), public("b", "y", 1))
	for i, p := range c.queue {
		if more := p.flags&schema.DeltaMore != 0; more != (i < 2) {
			t.Fatalf("message %d: flags %d", i, p.flags)
		}
	}
	c.upToDate()
}

// R4.2 and R8.3: what no subscription matches sends nothing, and the next delta
// begins where the last ended, so that there is no gap.
func TestR4_2_WhatMatchesNothingSendsNothing(t *testing.T) {
	r := newRoom(t, Limits{})
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.Where(query.Eq("List", "x"))))
	c.take(-1)
	r.put(public("a", "y", 1))
	r.put(public("b", "y", 1))
	c.expect(t)
	r.put(public("c", "x", 1))
	if p := c.queue[0]; p.from != 1 || p.seq != 3 {
		t.Fatalf("from %d to %d, want 1 to 3", p.from, p.seq)
	}
}

// R9.2: an update that moves a record out of the condition is a leave, back in an
// enter, and one that stays sends the changed fields alone.
func TestR9_2_EnterChangeLeave(t *testing.T) {
	for _, limited := range []bool{false, true} {
		r := newRoom(t, Limits{}, "votes")
		q := query.Where(query.Gt("Votes", 2))
		if limited {
			q = q.By("Votes").Take(10)
		}
		c := r.connect(1, "all")
		c.subscribe(1, r.bind(q))
		c.take(-1)
		r.put(public("a", "x", 3))
		c.expect(t, "1:+a")
		r.put(public("a", "x", 2))
		c.expect(t, "1:-a")
		r.put(public("a", "x", 5))
		c.expect(t, "1:+a")
		r.put(public("a", "x", 4))
		reader := value.ReadDelta(r.items, c.queue[0].payload)
		var e value.DeltaEntry
		if !reader.Next(&e) || e.Op != value.Alter || e.Patch.Len() != 1 || !r.items.Has(e.Patch, fieldVotes) {
			t.Fatalf("limited %v: a change of Votes is sent as %+v", limited, e)
		}
		c.expect(t, "1:~a")
		r.remove("a")
		c.expect(t, "1:-a")
		c.upToDate()
	}
}

// R9.3: 5,000 records, limit 50, 400 updates: after every delta the client holds
// the true top 50, and never more than 51 on the way; with and without an index.
func TestR9_3_WindowIsExactUnderChurn(t *testing.T) {
	for _, indexes := range [][]string{nil, {"votes"}} {
		r := newRoom(t, Limits{}, indexes...)
		var all []item
		for i := range 5000 {
			all = append(all, public(fmt.Sprintf("%04d", i), "x", int64(i*7919%997)))
		}
		r.put(all...)
		c := r.connect(1, "all")
		c.subscribe(1, r.bind(query.All().By("Votes", query.Desc).Take(50)))
		c.upToDate()
		for i := range 400 {
			switch top := r.result(r.seq, c.queries[1], "all"); i % 4 {
			case 0: // the top record goes
				r.write(func(tx *table.Tx) { tx.Delete(0, top[0]) }, nil)
			case 1: // the last of the window falls to the bottom
				r.write(func(tx *table.Tx) {
					row := tx.Get(0, top[49]).Row
					if err := tx.Put(0, r.items.With(row, fieldVotes, value.OfInt(-1))); err != nil {
						t.Fatal(err)
					}
				}, nil)
			case 2: // one from far below rises
				r.put(public(fmt.Sprintf("%04d", i*31%5000), "x", int64(1000+i)))
			default: // many fall at once
				r.write(func(tx *table.Tx) {
					for _, key := range top[10:30] {
						tx.Delete(0, key)
					}
				}, nil)
			}
			c.upToDate()
		}
	}
}

// R9.3: all ties, a limit of 0, an offset past the end.
func TestR9_3_TiesNoLimitAndPastTheEnd(t *testing.T) {
	r := newRoom(t, Limits{Spare: 1})
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All().By("Votes").Take(3)))
	c.subscribe(2, r.bind(query.All().By("Votes").Take(0)))
	c.subscribe(3, r.bind(query.All().By("Votes").Take(3).Skip(100)))
	c.subscribe(4, r.bind(query.All().By("Votes").Skip(5)))
	for i := range 12 {
		r.put(public(fmt.Sprintf("%02d", 11-i), "x", 1))
		c.upToDate()
	}
	for i := range 12 {
		r.remove(fmt.Sprintf("%02d", i))
		c.upToDate()
	}
}

// R9.3: when the rows that a window keeps are used up, it reads the table again,
// and a row that stays and has changed is a change.
func TestR9_3_RefillSendsChanges(t *testing.T) {
	r := newRoom(t, Limits{Spare: 1})
	for i, id := range []string{"a", "b", "c", "d", "e", "f"} {
		r.put(public(id, "x", int64(i)))
	}
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All().By("Votes").Take(2)))
	c.expect(t, "1:+a", "1:+b")
	r.write(func(tx *table.Tx) {
		for _, id := range []string{"b", "c", "d"} {
			tx.Delete(0, key(id))
		}
		if err := tx.Put(0, public("a", "y", 0).row(r.items)); err != nil {
			t.Fatal(err)
		}
	}, nil)
	c.expect(t, "1:-b", "1:~a", "1:+e")
	c.upToDate()
}

// R10.3: a row that falls beyond the scan limit when the table is read again is
// a leave, though it has not changed.
func TestR10_3_RowsBeyondTheScanLimitLeave(t *testing.T) {
	r := newRoom(t, Limits{Spare: 1, Scan: 6})
	for i, id := range []string{"f", "e", "d", "c", "b", "a", "g", "h"} {
		r.put(public(id, "x", int64(i)))
	}
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All().By("Votes").Take(2)))
	c.expect(t, "1:+f", "1:+e")
	r.put(public("aa", "x", 9), public("ab", "x", 9), public("ac", "x", 9), public("ad", "x", 9))
	c.expect(t)
	r.remove("e", "d", "c")
	c.expect(t, "1:-e", "1:-f", "1:+b", "1:+a")
}

// R9.4: growing a window, scrolling it and changing the condition send only the
// difference, also while a delete lands.
func TestR9_4_OnlyTheDifference(t *testing.T) {
	r := newRoom(t, Limits{})
	for i := range 9 {
		r.put(public(fmt.Sprint(i), "x", int64(i)))
	}
	c := r.connect(1, "all")
	page := func(limit, offset int) { c.subscribe(1, r.bind(query.All().By("Votes").Take(limit).Skip(offset))) }
	page(2, 0)
	c.expect(t, "1:+0", "1:+1")
	page(4, 0)
	c.expect(t, "1:+2", "1:+3")
	r.remove("1")
	page(4, 2)
	c.expect(t, "1:-1", "1:+4", "1:-0", "1:-2", "1:+5", "1:+6")
	page(1, 2)
	c.expect(t, "1:-4", "1:-5", "1:-6")
	c.subscribe(1, r.bind(query.Where(query.Lt("Votes", 5))))
	c.expect(t, "1:+0", "1:+2", "1:+4")
	c.subscribe(1, r.bind(query.Where(query.Gt("Votes", 3))))
	c.expect(t, "1:-0", "1:-2", "1:-3", "1:+5", "1:+6", "1:+7", "1:+8")
	c.upToDate()
}

// R10.2: a public record that becomes private leaves those who lose it, with its
// key only, and enters for those who gain it; a delete reaches only holders.
func TestR10_2_PermissionFollowsTheRecord(t *testing.T) {
	r := newRoom(t, Limits{})
	ann, bob, none := r.connect(1, "seen:ann"), r.connect(2, "seen:bob"), r.connect(3, "none")
	for _, c := range []*client{ann, bob, none} {
		c.subscribe(1, r.bind(query.All()))
		c.take(-1)
	}
	doc := item{id: "d", owner: "ann", due: -1, public: true}
	r.put(doc)
	ann.expect(t, "1:+d")
	bob.expect(t, "1:+d")
	doc.public = false
	r.put(doc)
	ann.expect(t, "1:~d")
	bob.expect(t, "1:-d")
	doc.owner = "bob"
	r.put(doc)
	ann.expect(t, "1:-d")
	bob.expect(t, "1:+d")
	r.remove("d")
	ann.expect(t)
	bob.expect(t, "1:-d")
	none.expect(t)
}

// R10.2: a role change re-evaluates the user's subscriptions, and nothing of the
// transaction that takes the role away is shown by the old one.
func TestR10_2_RoleChange(t *testing.T) {
	r := newRoom(t, Limits{})
	r.put(item{id: "a", owner: "ann", due: -1}, item{id: "b", owner: "bob", due: -1})
	c := r.connect(1, "all")
	c.subscribe(1, r.bind(query.All()))
	c.expect(t, "1:+a", "1:+b")
	r.write(func(tx *table.Tx) {
		secret := item{id: "s", owner: "ann", due: -1}
		if err := tx.Insert(0, secret.row(r.items)); err != nil {
			t.Fatal(err)
		}
	}, func() {
		c.role = "own:bob"
		r.hub.Regrant(1, r.reader("own:bob"))
	})
	c.expect(t, "1:-a")
	c.role = "all"
	r.hub.Regrant(1, r.reader("all"))
	r.hub.Settle(r)
	c.expect(t, "1:+a", "1:+s")
	c.upToDate()
}

// R10.3: a limit counts readable records; where the scan limit ends the search,
// the result says so.
func TestR10_3_LimitCountsReadableRecords(t *testing.T) {
	r := newRoom(t, Limits{Scan: 10}, "votes")
	for i := range 20 {
		owner := "ann"
		if i%4 == 3 {
			owner = "bob"
		}
		r.put(item{id: fmt.Sprintf("%02d", i), votes: int64(i), due: -1, owner: owner})
	}
	c := r.connect(1, "own:bob")
	c.subscribe(1, r.bind(query.All().By("Votes").Take(3)))
	if c.queue[0].flags&schema.DeltaCapped == 0 {
		t.Fatal("ten rows were read, a third may be among the others: that is capped")
	}
	c.expect(t, "1:+03", "1:+07")
	all := r.connect(2, "all")
	all.subscribe(1, r.bind(query.All().By("Votes").Take(2)))
	if all.queue[0].flags&schema.DeltaCapped != 0 {
		t.Fatal("the window is full: nothing is missing")
	}
	all.expect(t, "1:+00", "1:+01")
	all.subscribe(2, r.bind(query.All()))
	if all.queue[0].flags&schema.DeltaCapped == 0 {
		t.Fatal("the first ten of twenty are capped")
	}
	if n := len(all.operations(t)); n != 10 {
		t.Fatalf("%d rows, want the ten that may be read", n)
	}
}
