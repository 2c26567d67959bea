package live

import (
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// Regrant gives a connection another reader (R10.2). When a transaction is the
// cause, call it after the transaction's Commit and before Apply, which sends
// the difference: nothing of the transaction is shown by the old rights.
// Without a transaction, call Settle after it.
func (h *Hub) Regrant(name Conn, r Reader) {
	c := h.conns[name]
	if c == nil {
		return
	}
	if c.regrant == nil {
		h.regranted = append(h.regranted, c)
	}
	c.regrant = r
}

// Settle sends what Regrant changed when no transaction is at hand.
func (h *Hub) Settle(out Out) { h.reseat(h.unseat(), nil, out) }

// seat is a subscription between two readers, and what its client holds.
type seat struct {
	sub    *sub
	before *holding
}

// unseat takes the subscriptions of regranted connections off their views, as
// they were before the transaction that is being applied.
func (h *Hub) unseat() []seat {
	var moved []seat
	for _, c := range h.regranted {
		r := c.regrant
		c.regrant = nil
		if c.gone {
			continue
		}
		for _, s := range c.order {
			old := s.view
			if old.reader.Class(old.table) == r.Class(old.table) {
				continue
			}
			if old.collection.Event {
				h.lift(s)
				h.attach(s, h.view(old.table, old.query, r))
				continue
			}
			moved = append(moved, seat{s, old.holding()})
			c.moving = true
			s.reader = r
		}
	}
	clear(h.regranted)
	h.regranted = h.regranted[:0]
	for _, m := range moved {
		h.lift(m.sub)
	}
	return moved
}

// reseat gives them their new views, and sends the difference.
func (h *Hub) reseat(moved []seat, changes []table.Change, out Out) {
	if len(moved) == 0 {
		return
	}
	overlay := make(map[place]*table.Record, len(changes))
	for _, c := range changes {
		overlay[place{c.Table, c.Key}] = c.Old
	}
	for len(moved) > 0 {
		c := moved[0].sub.conn
		var parcels []parcel
		for len(moved) > 0 && moved[0].sub.conn == c {
			s, before := moved[0].sub, moved[0].before
			moved = moved[1:]
			h.attach(s, h.view(before.view.table, before.view.query, s.reader))
			switch {
			case s.stale:
			case c.paused:
				s.postpone(Slow, nil)
			default:
				parcels = append(parcels, parcel{
					sub: s, stream: h.difference(s, before, overlay), boundary: before.flags != s.view.flags(),
				})
			}
		}
		c.moving = false
		h.deliver(c, parcels, out)
	}
}

// place is one key of one table.
type place struct {
	table int
	key   value.Key
}

// holding is what the clients of a view hold at one moment.
type holding struct {
	view  *view
	list  []*table.Record // of a window, in order
	flags uint8
}

func (v *view) holding() *holding {
	b := &holding{view: v, flags: v.flags()}
	if v.window != nil {
		b.list = v.window.list()
	}
	return b
}
