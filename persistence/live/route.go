package live

import (
	"slices"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// routes lead the changes of a table to the views that they may concern. A view
// whose condition fixes a field is found by a hash of that field's value: those
// that want another value cost nothing.
type routes struct {
	fixed []fixed
	rest  []*view
}

// fixed is the views that want one value of a field.
type fixed struct {
	field int
	views map[string][]*view // by value.AppendKeyValue
}

// route enters a view.
func (h *Hub) route(v *view) {
	if v.query.Never() {
		return
	}
	r := &h.routes[v.table]
	e := v.equality()
	if e == nil {
		r.rest = append(r.rest, v)
		return
	}
	v.route = e.Field
	at := slices.IndexFunc(r.fixed, func(f fixed) bool { return f.field == e.Field })
	if at < 0 {
		at = len(r.fixed)
		r.fixed = append(r.fixed, fixed{field: e.Field, views: map[string][]*view{}})
	}
	key := string(value.AppendKeyValue(nil, e.Value))
	r.fixed[at].views[key] = append(r.fixed[at].views[key], v)
}

// unroute takes a view out.
func (h *Hub) unroute(v *view) {
	if v.query.Never() {
		return
	}
	r := &h.routes[v.table]
	if v.route < 0 {
		r.rest = without(r.rest, v)
		return
	}
	at := slices.IndexFunc(r.fixed, func(f fixed) bool { return f.field == v.route })
	key := string(value.AppendKeyValue(nil, v.equality().Value))
	views := r.fixed[at].views
	if views[key] = without(views[key], v); len(views[key]) == 0 {
		delete(views, key)
	}
	if len(views) == 0 {
		r.fixed = slices.Delete(r.fixed, at, at+1)
	}
}

func without(views []*view, v *view) []*view {
	at := slices.Index(views, v)
	return slices.Delete(views, at, at+1)
}

// equality returns what a view is found by: the primary key, a field that
// begins an index, or another field; nil if its condition fixes none.
func (v *view) equality() *query.Equality {
	all := v.query.Equalities()
	var best *query.Equality
	rank := 0
	for i := range all {
		e := &all[i]
		n := 1
		if slices.ContainsFunc(v.collection.Indexes, func(x value.Index) bool { return x.Fields[0] == e.Field }) {
			n = 2
		}
		if e.Field == v.collection.Key {
			n = 3
		}
		if n > rank {
			best, rank = e, n
		}
	}
	return best
}

// dispatch leads one change to its views.
func (h *Hub) dispatch(c *table.Change) {
	r := &h.routes[c.Table]
	for i := range r.fixed {
		f := &r.fixed[i]
		h.before = h.cell(h.before[:0], c, c.Old, f.field)
		h.after = h.cell(h.after[:0], c, c.New, f.field)
		if c.Old != nil {
			for _, v := range f.views[string(h.before)] {
				h.touch(v, c)
			}
		}
		if c.New != nil && (c.Old == nil || string(h.before) != string(h.after)) {
			for _, v := range f.views[string(h.after)] {
				h.touch(v, c)
			}
		}
	}
	for _, v := range r.rest {
		h.touch(v, c)
	}
}

// cell appends the value by which a record's views are found.
func (h *Hub) cell(dst []byte, c *table.Change, r *table.Record, field int) []byte {
	if r == nil {
		return dst
	}
	return value.AppendKeyValue(dst, h.set.Table(c.Table).Collection().Get(r.Row, field))
}

func (h *Hub) touch(v *view, c *table.Change) {
	if !v.touched {
		v.touched = true
		h.touched = append(h.touched, v)
	}
	v.change(c)
}
