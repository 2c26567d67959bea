package live

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// view is the result of one query for one class of readers, shared by all who
// have it open.
//
// Without a window, whether a row is a member follows from the row alone, so
// nothing is kept: the old row of a change says whether clients hold it.
type view struct {
	key        viewKey
	table      int
	collection *value.Collection
	rows       *table.Table
	query      *query.Bound
	reader     Reader
	window     *window        // nil: all that match
	horizon    *table.Horizon // nil: the scan limit was not met
	subs       []*sub

	route int // the field by whose value changes find the view; -1: all do
	// Of the transaction that is being applied:
	touched bool
	changes []table.Change
	held    []bool // of changes, whether the old record was in the window
	ops     []op
	reflag  bool // it met the scan limit, or no longer does
	open    bool // somebody is to be told at once
	payload []byte
}

// viewKey is equal for subscriptions that have the same result.
type viewKey struct {
	table int
	class string
	query string
}

// op is what a transaction did to one key of a view: old is what clients hold,
// nil if nothing, and new what they are to hold.
type op struct {
	key      value.Key
	old, new *table.Record
}

// view finds or makes the view of a query.
func (h *Hub) view(t int, q *query.Bound, r Reader) *view {
	key := viewKey{table: t, class: r.Class(t), query: string(q.Query().Encode())}
	if v := h.views[key]; v != nil {
		return v
	}
	rows := h.set.Table(t)
	v := &view{key: key, table: t, collection: rows.Collection(), rows: rows, query: q, reader: r, route: -1}
	h.views[key] = v
	if v.collection.Event {
		h.route(v)
		return v
	}
	if q.Limit >= 0 || q.Offset > 0 {
		v.window = newWindow(q)
		h.read += uint64(v.fill(&h.limits))
	} else {
		v.horizon = rows.Cursor(q).Horizon(h.limits.Scan)
	}
	h.route(v)
	return v
}

// attach gives a subscription its view.
func (h *Hub) attach(s *sub, v *view) {
	s.view, s.place = v, len(v.subs)
	v.subs = append(v.subs, s)
}

// detach takes it away, and forgets what the client holds.
func (h *Hub) detach(s *sub) {
	h.lift(s)
	s.current()
}

// lift takes a subscription off its view; a view without subscriptions ends.
func (h *Hub) lift(s *sub) {
	v := s.view
	last := v.subs[len(v.subs)-1]
	v.subs[s.place], last.place = last, s.place
	v.subs[len(v.subs)-1] = nil
	v.subs = v.subs[:len(v.subs)-1]
	if len(v.subs) == 0 {
		h.unroute(v)
		delete(h.views, v.key)
	}
}

// matches says whether a record is one of those that the window is laid over,
// or without a window, whether it is a member. A nil record is not.
func (v *view) matches(r *table.Record) bool {
	return r != nil && v.query.Match(r.Row) &&
		(v.horizon == nil || !v.horizon.Beyond(r)) && v.reader.CanRead(v.table, r.Row)
}

// member says whether a record, as it is in the table now, is in the result.
func (v *view) member(r *table.Record) bool {
	return v.matches(r) && (v.window == nil || v.window.within(r))
}

// current returns the record of a key if it is in the result.
func (v *view) current(key value.Key) *table.Record {
	if r := v.rows.Get(key); v.member(r) {
		return r
	}
	return nil
}

// change notes what a transaction did to one key.
func (v *view) change(c *table.Change) {
	old, now := v.matches(c.Old), v.matches(c.New)
	switch {
	case !old && !now:
	case v.window != nil:
		noted := *c
		if !old {
			noted.Old = nil
		}
		if !now {
			noted.New = nil
		}
		v.changes = append(v.changes, noted)
	case !old:
		v.ops = append(v.ops, op{c.Key, nil, c.New})
	case !now:
		v.ops = append(v.ops, op{c.Key, c.Old, nil})
	default:
		v.ops = append(v.ops, op{c.Key, c.Old, c.New})
	}
}

// encode returns the delta of a transaction: what leaves first, so that no
// client holds more than its limit (R9.3).
func (v *view) encode() []byte {
	var payload []byte
	for i := range v.ops {
		if o := &v.ops[i]; o.new == nil {
			payload = value.AppendLeave(payload, o.key)
		}
	}
	for i := range v.ops {
		if o := &v.ops[i]; o.new != nil {
			payload = v.upsert(payload, o.old, o.new)
		}
	}
	return payload
}

// upsert appends what takes a client from one record, nil for none, to another.
func (v *view) upsert(payload []byte, old, now *table.Record) []byte {
	if old == nil {
		return value.AppendEnter(payload, now.Key, now.Row)
	}
	if patch := v.collection.Diff(old.Row, now.Row); patch.Len() > 0 {
		return value.AppendChange(payload, now.Key, patch)
	}
	return payload
}

// reset ends what a transaction did to the view.
func (v *view) reset() {
	clear(v.ops)
	clear(v.changes)
	v.ops, v.changes = v.ops[:0], v.changes[:0]
	v.touched, v.reflag, v.open, v.payload = false, false, false, nil
}
