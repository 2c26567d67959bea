package live

import (
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// reason says what a Subscribe without an earlier one is answered with (R11.2).
// A client that claims to be ahead of the room is of another epoch.
func (h *Hub) reason(r Request) Reason {
	switch {
	case r.Since == 0:
		return First
	case r.Since > h.seq || r.Since+1 < r.Floor:
		return Pruned
	}
	return CaughtUp
}

// begin makes the stream of a result, or of what changed since asked.Since.
func (h *Hub) begin(s *sub, why Reason, asked *Request) *Snapshot {
	n := h.result(s.view)
	n.Reason = why
	if why != CaughtUp {
		n.replace = true
		return n
	}
	n.From = asked.Since + 1
	n.keys = asked.Held
	holds := make(map[value.Key]struct{}, len(asked.Held))
	for _, key := range asked.Held {
		holds[key] = struct{}{}
	}
	n.held = func(r *table.Record) *table.Record {
		if _, ok := holds[r.Key]; ok && r.Seq <= asked.Since {
			return r
		}
		return nil
	}
	return n
}

// result makes a stream of all that a view has.
func (h *Hub) result(v *view) *Snapshot {
	n := &Snapshot{Seq: h.seq, collection: v.collection, flags: v.flags()}
	switch {
	case v.collection.Event || v.query.Never():
		n.member = func(value.Key) bool { return false }
	case v.window != nil:
		n.list = v.window.list()
		members := make(map[value.Key]struct{}, len(n.list))
		for _, r := range n.list {
			members[r.Key] = struct{}{}
		}
		n.member = func(key value.Key) bool {
			_, ok := members[key]
			return ok
		}
	default:
		rows := v.rows.Snapshot()
		n.rows = rows.Cursor(v.query)
		n.rows.Until(v.horizon)
		n.hold(v.rows, rows)
		n.is = v.matches
		n.member = func(key value.Key) bool { return v.matches(rows.Get(key)) }
	}
	return n
}

// difference makes a stream of what takes a client from what it held to the
// result of its view now. Overlay has the old records of what the transaction
// that is being applied has changed; nil: there was none.
func (h *Hub) difference(s *sub, before *holding, overlay map[place]*table.Record) *Snapshot {
	n := h.result(s.view)
	n.Reason, n.From = Difference, s.sent+1
	old := before.view
	switch {
	case old.query.Never():
	case old.window != nil:
		held := make(map[value.Key]*table.Record, len(before.list))
		for _, r := range before.list {
			held[r.Key] = r
			n.keys = append(n.keys, r.Key)
		}
		n.held = func(r *table.Record) *table.Record { return held[r.Key] }
	default:
		for at, r := range overlay {
			if at.table == old.table && old.matches(r) {
				n.keys = append(n.keys, at.key)
			}
		}
		rows := old.rows.Snapshot()
		n.gone = rows.Cursor(old.query)
		n.gone.Until(old.horizon)
		n.hold(old.rows, rows)
		n.was = func(r *table.Record) bool {
			_, changed := overlay[place{old.table, r.Key}]
			return !changed && old.matches(r)
		}
		n.held = func(r *table.Record) *table.Record {
			was, changed := overlay[place{old.table, r.Key}]
			if !changed {
				was = r
			}
			if old.matches(was) {
				return was
			}
			return nil
		}
	}
	return n
}
