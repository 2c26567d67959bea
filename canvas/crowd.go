package canvas

import (
	"errors"
	"net"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// crowd is a document's awareness: who shows what, and who is to hear of it.
// Changes of all connections are sent together, 30 times a second at most.
type crowd struct {
	awareness *yjs.Awareness
	shownBy   map[uint64]*member // by client
	changed   []uint64           // clients, since the last flush
	flushed   time.Time          // when that was
	flushAt   time.Time          // when the next one is; zero: there is nothing to send
	expireAt  time.Time          // when to look for states that were not renewed; zero: there are none
}

// shower is what a connection shows, and what it has not heard.
type shower struct {
	listens   bool     // takes part in the awareness
	named     bool     // own is known
	own       uint64   // the first client that it showed: its own document
	shows     []uint64 // clients
	missed    []uint64 // clients that changed while it did not read
	missedAll bool     // everyone is sent to it
}

const (
	awarenessEvery = time.Second / 30
	expireEvery    = 5 * time.Second
	maxShown       = 64        // clients by one connection: a browser's tabs speak for each other
	maxShownBytes  = 128 << 10 // of their states
	skipAbove      = 64 << 10  // bytes that a connection has not read: then it hears of the crowd later
)

// show takes what a connection shows.
func (d *Document) show(now time.Time, m *member, update []byte, out *Outbox) {
	if !m.listens {
		m.listens, m.missedAll = true, true
		d.flushSoon(now)
	}
	if !m.Role.CanWrite() && !d.settings.ReadersShow {
		return // every client shows itself, whoever it is for: nothing to complain of
	}
	change, err := d.awareness.ApplyOf(update, now, d.allowance(m))
	switch {
	case errors.Is(err, yjs.ErrCrowded):
		d.warn(m, schema.Errorf(schema.CodeRoomFull, "%v", err), out)
		return
	case errors.Is(err, yjs.ErrTooLarge):
		d.warn(m, schema.Errorf(schema.CodeTooLarge, "%v", err), out)
		return
	case err != nil:
		d.Refuse(m.conn, 0, schema.Errorf(schema.CodeBadMessage, "awareness: %v", err), out)
		return
	}
	if change.Answer != nil {
		out.Now = append(out.Now, raw(m.conn, yjs.Message{Kind: yjs.AwarenessState, Payload: change.Answer}))
	}
	for _, client := range change.Shown {
		d.shown(m, client)
	}
	for _, client := range change.Removed {
		d.hidden(client)
	}
	if len(change.Shown)+len(change.Removed) > 0 {
		d.note(change.Shown)
		d.note(change.Removed)
		if d.expireAt.IsZero() {
			d.expireAt = now.Add(expireEvery)
		}
		d.flushSoon(now)
		d.flush(now, out)
	}
}

// allowance tells of one client after the other in an update whether the
// connection may say what it shows, and has not said too much by then.
func (d *Document) allowance(m *member) func(client uint64, size int) bool {
	clients, bytes := maxShown-len(m.shows), maxShownBytes
	for _, client := range m.shows {
		bytes -= d.awareness.Size(client)
	}
	return func(client uint64, size int) bool {
		if !d.mayShow(m, client) {
			return false
		}
		by := d.shownBy[client]
		if by == m {
			size -= d.awareness.Size(client)
		} else {
			clients--
		}
		bytes -= size
		return clients >= 0 && (bytes >= 0 || size <= 0)
	}
}

// mayShow tells whether a connection may say what a client shows. It may for
// clients that it or nobody shows. y-websocket clients also repeat what others
// show, and what they hear from other tabs of their browser: the tab's own
// connection comes first then. A client that was lost and returns may do so
// before its old connection is known to have ended.
func (d *Document) mayShow(m *member, client uint64) bool {
	if !m.named {
		m.named, m.own = true, client
	}
	by := d.shownBy[client]
	switch {
	case by == nil, by == m:
		return true
	case m.own != client:
		return false
	}
	return by.own != client || by.same(m)
}

// same tells whether two connections are one person's.
func (m *member) same(other *member) bool {
	return m.User.ID == other.User.ID || m.User.Guest && other.User.Guest && m.remote == other.remote && m.remote != ""
}

func (d *Document) shown(m *member, client uint64) {
	by := d.shownBy[client]
	if by == m {
		return
	}
	if by != nil {
		by.forget(client)
	}
	d.shownBy[client] = m
	m.shows = append(m.shows, client)
}

func (d *Document) hidden(client uint64) {
	if by := d.shownBy[client]; by != nil {
		by.forget(client)
		delete(d.shownBy, client)
	}
}

func (m *member) forget(client uint64) {
	m.shows = slices.DeleteFunc(m.shows, func(c uint64) bool { return c == client })
}

// hide removes what a connection showed that has ended.
func (d *Document) hide(now time.Time, m *member) {
	if len(m.shows) == 0 {
		return
	}
	d.awareness.Remove(now, m.shows...)
	for _, client := range m.shows {
		delete(d.shownBy, client)
	}
	d.note(m.shows)
	m.shows = nil
	d.flushSoon(now)
}

// expire removes the states that were not renewed.
func (d *Document) expire(now time.Time) {
	d.expireAt = time.Time{}
	if d.awareness.Expire(now) != nil {
		here := d.awareness.Clients()
		for client := range d.shownBy {
			if _, ok := slices.BinarySearch(here, client); !ok {
				d.hidden(client)
				d.note([]uint64{client})
			}
		}
		d.flushSoon(now)
	}
	if len(d.shownBy) > 0 {
		d.expireAt = now.Add(expireEvery)
	}
}

// note marks clients as changed.
func (c *crowd) note(clients []uint64) { c.changed = union(c.changed, clients) }

func union(list, more []uint64) []uint64 {
	for _, client := range more {
		if at, found := slices.BinarySearch(list, client); !found {
			list = slices.Insert(list, at, client)
		}
	}
	return list
}

// flushSoon sets the time of the next flush.
func (c *crowd) flushSoon(now time.Time) {
	at := later(now, c.flushed.Add(awarenessEvery))
	if c.flushAt.IsZero() || at.Before(c.flushAt) {
		c.flushAt = at
	}
}

// flush tells everyone what has changed, unless that was done just now: then
// soon. Also who made a change hears of it, because a lone y-websocket client
// that hears nothing drops its connection.
func (d *Document) flush(now time.Time, out *Outbox) {
	if d.flushAt.IsZero() || d.flushAt.After(now) {
		return
	}
	d.flushed, d.flushAt = now, time.Time{}
	body := d.encode(d.changed)
	for _, m := range d.order {
		switch {
		case !m.listens:
		case backlog(out, m) > skipAbove:
			m.missed = union(m.missed, d.changed)
		case m.missedAll:
			d.introduce(m, out)
			d.sendAwareness(m, body, out) // those that left
		case len(m.missed) > 0:
			d.sendAwareness(m, d.encode(union(m.missed, d.changed)), out)
			m.missed = nil
		default:
			d.sendAwareness(m, body, out)
		}
		if len(m.missed) > 0 || m.missedAll {
			d.flushAt = now.Add(2 * awarenessEvery)
		}
	}
	d.changed = d.changed[:0]
}

// introduce tells a connection of everyone.
func (d *Document) introduce(m *member, out *Outbox) {
	m.listens, m.missedAll, m.missed = true, false, nil
	if all := d.awareness.Encode(); all != nil {
		d.sendAwareness(m, yjs.Message{Kind: yjs.AwarenessState, Payload: all}.Append(nil), out)
	}
}

func (d *Document) sendAwareness(m *member, body []byte, out *Outbox) {
	if body != nil {
		out.Now = append(out.Now, Send{Conn: m.conn, Kind: schema.KindSync, Body: body})
	}
}

// encode is what clients show now, or that they have left, as a message.
func (d *Document) encode(clients []uint64) []byte {
	if len(clients) == 0 {
		return nil
	}
	return yjs.Message{Kind: yjs.AwarenessState, Payload: d.awareness.EncodeOf(clients)}.Append(nil)
}

// host is an address without its port.
func host(address string) string {
	if h, _, err := net.SplitHostPort(address); err == nil {
		return h
	}
	return address
}
