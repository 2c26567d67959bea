package live

import (
	"math"

	"github.com/tidwall/btree"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// window is what a limit and an offset leave of a view's members. It keeps the
// first of them in order, some more than it needs: what leaves is replaced from
// there, and the table is read again only when that is used up.
type window struct {
	bounds
	query    *query.Bound
	need     int // members up to the end of the window
	keep     int // how many fill keeps
	rows     btree.Map[value.Key, *table.Record]
	ordered  bool      // it was read in the order of an index
	complete bool      // rows are all members
	edge     value.Key // if not: those up to here
	scratch  []byte
}

// bounds are the places of a window's first and last row.
type bounds struct {
	some        bool
	first, last value.Key
}

func newWindow(q *query.Bound) *window {
	w := &window{query: q, need: math.MaxInt}
	if q.Limit >= 0 && q.Offset < math.MaxInt-q.Limit {
		w.need = q.Offset + q.Limit
	}
	return w
}

// holds says whether a place is in the window.
func (b *bounds) holds(place []byte) bool {
	return b.some && string(b.first) <= string(place) && string(place) <= string(b.last)
}

// place is where a record is in the order; it is valid until the next call.
func (w *window) place(r *table.Record) []byte {
	w.scratch = w.query.AppendSortKey(w.scratch[:0], r.Row)
	return w.scratch
}

// within says whether a record that the window may keep is in it.
func (w *window) within(r *table.Record) bool { return r != nil && w.holds(w.place(r)) }

// keeps says whether a member at that place is one of the rows.
func (w *window) keeps(place []byte) bool { return w.complete || string(place) <= string(w.edge) }

// measure finds the bounds anew.
func (w *window) measure() {
	w.bounds = bounds{}
	n := min(w.rows.Len(), w.need)
	if w.query.Offset >= n {
		return
	}
	w.some = true
	w.first, _, _ = w.rows.GetAt(w.query.Offset)
	w.last, _, _ = w.rows.GetAt(n - 1)
}

// each visits the rows of bounds in order.
func (w *window) each(b bounds, visit func(*table.Record)) {
	if !b.some {
		return
	}
	w.rows.Ascend(b.first, func(place value.Key, r *table.Record) bool {
		if place > b.last {
			return false
		}
		visit(r)
		return true
	})
}

// outside visits the rows of a that are not in b.
func (w *window) outside(a, b bounds, visit func(*table.Record)) {
	switch {
	case !a.some:
	case !b.some || b.last < a.first || a.last < b.first:
		w.each(a, visit)
	default:
		w.rows.Ascend(a.first, func(place value.Key, r *table.Record) bool {
			if place >= b.first {
				return false
			}
			visit(r)
			return true
		})
		w.rows.Ascend(b.last, func(place value.Key, r *table.Record) bool {
			if place > a.last {
				return false
			}
			if place > b.last {
				visit(r)
			}
			return true
		})
	}
}

// list returns the rows of the window in order.
func (w *window) list() []*table.Record {
	var all []*table.Record
	w.each(w.bounds, func(r *table.Record) { all = append(all, r) })
	return all
}

// trim lets rows go that are many more than needed.
func (w *window) trim() {
	if w.keep < 0 || w.rows.Len() <= 2*w.keep {
		return
	}
	for w.rows.Len() > w.keep {
		w.rows.PopMax()
	}
	w.edge, _, _ = w.rows.Max()
	w.complete = false
}

// fill reads the view's first members from its table. Where no index has their
// order, that reads all that match, so many are kept that it is rarely done. It
// returns how many rows it read.
func (v *view) fill(l *Limits) int {
	w := v.window
	w.rows.Clear()
	w.complete, w.edge, v.horizon = true, "", nil
	if v.query.Never() {
		return 0
	}
	cursor := v.rows.Cursor(v.query)
	horizon := cursor.Horizon(l.Scan)
	w.keep = -1
	if w.need < math.MaxInt-v.rows.Len()-l.Spare {
		w.keep = w.need + max(l.Spare, min(w.need, v.rows.Len()))
		if !cursor.Ordered() {
			w.keep = max(w.keep, v.rows.Len()/16)
		}
	}
	if w.ordered = cursor.Ordered(); w.ordered {
		w.complete = v.fillOrdered(cursor)
	} else {
		w.complete = v.fillRanked(cursor)
	}
	if w.complete || !cursor.Ordered() {
		v.horizon = horizon
	}
	if !w.complete {
		w.edge, _, _ = w.rows.Max()
	}
	w.measure()
	return cursor.Examined
}

// fillOrdered reads from a cursor with the query's order, and says whether it
// came to the end.
func (v *view) fillOrdered(c *table.Cursor) bool {
	w := v.window
	for w.keep < 0 || w.rows.Len() < w.keep {
		r := c.Next()
		if r == nil {
			return true
		}
		if v.reader.CanRead(v.table, r.Row) {
			w.rows.Load(value.Key(w.place(r)), r)
		}
	}
	return false
}

// fillRanked reads all that a cursor without order has, and says whether all of
// it is kept.
func (v *view) fillRanked(c *table.Cursor) bool {
	w := v.window
	ranking := table.NewRanking(v.query, w.keep)
	n := 0
	for r := c.Next(); r != nil; r = c.Next() {
		if v.reader.CanRead(v.table, r.Row) {
			ranking.Add(r)
			n++
		}
	}
	for _, r := range ranking.Take() {
		w.rows.Load(r.Sort, r.Record)
	}
	return w.keep < 0 || n <= w.keep
}

// settle brings a window up to date with the changes of transaction seq, and
// notes what that did to the rows in it.
func (v *view) settle(seq uint64, l *Limits) {
	w := v.window
	before, capped := w.bounds, v.capped()
	held, any := v.apply(before)
	switch {
	case !any:
		return
	case !w.complete && w.rows.Len() < w.need:
		v.refill(seq, before, held, l)
	default:
		w.measure()
		v.compare(seq, before, held)
		w.trim()
	}
	v.reflag = capped != v.capped()
}

// compare notes what differs between the window as it was and as it is.
func (v *view) compare(seq uint64, before bounds, held []bool) {
	w := v.window
	for i, c := range v.changes {
		now := c.New
		if !w.within(now) {
			now = nil
		}
		if held[i] || now != nil {
			o := op{key: c.Key, new: now}
			if held[i] {
				o.old = c.Old
			}
			v.ops = append(v.ops, o)
		}
	}
	w.outside(before, w.bounds, func(r *table.Record) {
		if r.Seq != seq {
			v.ops = append(v.ops, op{r.Key, r, nil})
		}
	})
	w.outside(w.bounds, before, func(r *table.Record) {
		if r.Seq != seq {
			v.ops = append(v.ops, op{r.Key, nil, r})
		}
	})
}

// apply makes the changes to the rows that are kept. It says of each whether its
// old record was in the window, and whether any concerned those rows.
func (v *view) apply(before bounds) (held []bool, any bool) {
	w := v.window
	held = v.held[:0]
	for _, c := range v.changes {
		was := false
		if c.Old != nil {
			if place := w.place(c.Old); w.keeps(place) {
				was, any = before.holds(place), true
				w.rows.Delete(value.Key(place))
			}
		}
		held = append(held, was)
	}
	for _, c := range v.changes {
		if c.New == nil {
			continue
		}
		if place := w.place(c.New); w.keeps(place) {
			any = true
			w.rows.Set(value.Key(place), c.New)
		}
	}
	v.held = held
	return held, any
}

// refill reads the table again, and compares the window row by row: what the
// scan limit leaves of it may be another part.
func (v *view) refill(seq uint64, before bounds, changed []bool, l *Limits) {
	w := v.window
	held := map[value.Key]*table.Record{}
	w.each(before, func(r *table.Record) {
		if r.Seq != seq {
			held[r.Key] = r
		}
	})
	for i, c := range v.changes {
		if changed[i] {
			held[c.Key] = c.Old
		}
	}
	old := make([]*table.Record, 0, len(held))
	w.each(before, func(r *table.Record) {
		if r.Seq != seq {
			old = append(old, r)
		}
	})
	v.fill(l)
	w.each(w.bounds, func(r *table.Record) {
		if was := held[r.Key]; was != r {
			v.ops = append(v.ops, op{r.Key, was, r})
		}
		delete(held, r.Key)
	})
	for _, c := range v.changes {
		if r := held[c.Key]; r != nil {
			v.ops = append(v.ops, op{c.Key, r, nil})
			delete(held, c.Key)
		}
	}
	for _, r := range old {
		if held[r.Key] != nil {
			v.ops = append(v.ops, op{r.Key, r, nil})
		}
	}
}
