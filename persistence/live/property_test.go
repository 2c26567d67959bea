package live

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/table"
)

// TestR9_1_SnapshotDeltaAndCatchUpAgree runs clients that are fed by deltas,
// that read snapshots, and that go away and catch up, on slow links, with
// changing queries and roles: what each holds after every step of its own is
// what a naive computation gives for that sequence; no limit is exceeded on the
// way, and nothing is sent that may not be read (R9.2, R9.3, R9.4, R10.1, R10.2,
// R10.3, R11.2, R11.3, R14.3).
func TestR9_1_SnapshotDeltaAndCatchUpAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var indexes []string
		for _, name := range []string{"list", "votes", "listVotes"} {
			if rapid.Bool().Draw(t, name) {
				indexes = append(indexes, name)
			}
		}
		limits := Limits{Pending: 4, Spare: 1}
		if rapid.IntRange(0, 3).Draw(t, "capped") == 0 {
			limits.Scan = rapid.IntRange(1, 12).Draw(t, "scan")
		}
		m := &model{t: t, room: newRoom(t, limits, indexes...)}
		for name := Conn(1); name <= 3; name++ {
			m.room.connect(name, rapid.SampledFrom(roles).Draw(t, "role"))
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			m.act()
		}
		for _, c := range m.room.clients {
			m.room.hub.Resume(c.name, m.room)
			c.upToDate()
		}
	})
}

var roles = []string{"all", "none", "own:ann", "seen:ann", "seen:bob"}

type model struct {
	t    *rapid.T
	room *room
}

func (m *model) client() *client {
	return m.room.clients[Conn(rapid.IntRange(1, 3).Draw(m.t, "client"))]
}

func (m *model) note(format string, args ...any) {
	m.room.steps = append(m.room.steps, fmt.Sprintf(format, args...))
}

// act does one thing at random.
func (m *model) act() {
	t, r := m.t, m.room
	switch n := rapid.IntRange(0, 13).Draw(t, "act"); n {
	case 0, 1, 2, 3:
		m.write(nil)
	case 4, 5:
		c, id := m.client(), uint32(rapid.IntRange(1, 3).Draw(t, "id"))
		q := drawQuery(t, r.items)
		m.note("%d subscribes %d to %s", c.name, id, q.Query().Encode())
		c.subscribe(id, q)
	case 6:
		c := m.client()
		m.note("%d is paused", c.name)
		r.hub.Pause(c.name)
	case 7:
		c := m.client()
		m.note("%d is flushed", c.name)
		r.hub.Flush(c.name, r)
	case 8:
		c := m.client()
		m.note("%d goes on", c.name)
		r.hub.Resume(c.name, r)
	case 9, 10:
		m.regrant(n == 9)
	case 11:
		c := m.client()
		c.role = rapid.SampledFrom(append(roles, c.role, c.role)).Draw(t, "role")
		floor := uint64(rapid.IntRange(0, int(r.seq)+2).Draw(t, "floor"))
		m.note("%d comes back as %s", c.name, c.role)
		c.reconnect(floor)
	case 12:
		m.late()
	default:
		m.client().take(rapid.IntRange(1, 5).Draw(t, "messages"))
	}
	m.settled()
}

// settled checks clients that nothing keeps from being up to date.
func (m *model) settled() {
	if !rapid.Bool().Draw(m.t, "check") {
		return
	}
	if c := m.client(); !m.room.hub.Paused(c.name) {
		c.upToDate()
	}
}

// write runs one transaction of several operations.
func (m *model) write(regrant func()) {
	t := m.t
	removing := rapid.IntRange(0, 4).Draw(t, "removing")
	m.room.write(func(tx *table.Tx) {
		for range rapid.IntRange(1, 6).Draw(t, "operations") {
			i := drawItem(t)
			if rapid.IntRange(0, 4).Draw(t, "remove") < removing {
				m.note("remove %s", i.id)
				tx.Delete(0, key(i.id))
				continue
			}
			m.note("put %v", i)
			if err := tx.Put(0, i.row(m.room.items)); err != nil {
				t.Fatalf("put: %v", err)
			}
		}
		m.note("commit %d", tx.Seq())
	}, regrant)
}

// regrant changes a client's role, within a transaction or on its own.
func (m *model) regrant(within bool) {
	c := m.client()
	name := rapid.SampledFrom(roles).Draw(m.t, "role")
	change := func() {
		m.note("%d becomes %s", c.name, name)
		c.role = name
		m.room.hub.Regrant(c.name, m.room.reader(name))
	}
	if within {
		m.write(change)
		return
	}
	change()
	m.room.hub.Settle(m.room)
}

// late is a client that comes, reads a snapshot and goes.
func (m *model) late() {
	c := m.room.connect(9, rapid.SampledFrom(roles).Draw(m.t, "role"))
	c.subscribe(1, drawQuery(m.t, m.room.items))
	if rapid.Bool().Draw(m.t, "meanwhile") {
		m.write(nil)
	}
	c.upToDate()
	m.room.hub.Drop(9)
	delete(m.room.clients, 9)
}
