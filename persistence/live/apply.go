package live

import (
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/schema"
)

// Apply tells every query what one transaction did. Call it once for each, in
// order, right after its Commit, and send the transaction's receipt after it.
// All that one connection gets for it is one step: every delta but the last has
// DeltaMore.
func (h *Hub) Apply(seq uint64, changes []table.Change, events []Event, out Out) {
	h.seq = seq
	moved := h.unseat()
	for i := range changes {
		h.dispatch(&changes[i])
	}
	for i := range events {
		h.raise(&events[i])
	}
	for _, v := range h.touched {
		if v.window != nil {
			v.settle(seq, &h.limits)
		}
	}
	h.tell(out)
	h.reseat(moved, changes, out)
}

// raise leads an event to its queries.
func (h *Hub) raise(e *Event) {
	r := &table.Record{Row: e.Row, Seq: h.seq}
	if c := h.set.Table(e.Table).Collection(); c.Key >= 0 {
		r.Key = c.KeyOf(e.Row)
	}
	h.dispatch(&table.Change{Table: e.Table, Key: r.Key, New: r})
}

// tell sends what the touched views have to say, to all who have them open and
// take it; for those who do not, it is kept.
func (h *Hub) tell(out Out) {
	for _, v := range h.touched {
		if len(v.ops) == 0 && !v.reflag {
			continue
		}
		for _, s := range v.subs {
			switch {
			case s.stale:
			case s.conn.paused:
				h.merge(s)
			default:
				s.conn.waiting++
				v.open = true
			}
		}
	}
	for _, v := range h.touched {
		if !v.open {
			continue
		}
		v.payload = v.encode()
		if v.open = len(v.payload) > 0 || v.reflag; v.open {
			continue
		}
		for _, s := range v.subs {
			if !s.stale && !s.conn.paused {
				s.conn.waiting--
			}
		}
	}
	for _, v := range h.touched {
		if v.open {
			h.share(v, out)
		}
		v.reset()
	}
	clear(h.touched)
	h.touched = h.touched[:0]
}

// share gives one encoding to all who have a view open.
func (h *Hub) share(v *view, out Out) {
	capped := v.flags()
	for _, s := range v.subs {
		c := s.conn
		if s.stale || c.paused {
			continue
		}
		flags := capped
		if c.waiting--; c.waiting > 0 || c.moving {
			flags |= schema.DeltaMore
		}
		out.Delta(c.name, s.id, s.sent+1, h.seq, flags, v.payload)
		s.sent = h.seq
		if c.waiting > 0 {
			continue
		}
		if c.partial = c.moving; !c.moving {
			c.cursor = h.seq
		}
	}
}

// capped says that the result may lack rows beyond the scan limit. A window in
// an index's order lacks none once it is full.
func (v *view) capped() bool {
	return v.horizon != nil && (v.window == nil || !v.window.ordered || v.window.rows.Len() < v.window.need)
}

// flags are those of all deltas of a view.
func (v *view) flags() uint8 {
	if v.capped() {
		return schema.DeltaCapped
	}
	return 0
}
