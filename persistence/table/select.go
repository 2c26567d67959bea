package table

import "github.com/parlor-server/parlor/persistence/query"

// Stats says what a query cost.
type Stats struct {
	Examined int    // rows that were read
	Index    string // that was used; empty: all rows in the order of their keys
	Sorted   bool   // they came in another order than the query's, and were sorted
}

// Select visits the query's records in its order, after its offset and up to
// its limit, until visit returns false. It reads as few rows as the indexes
// allow. Visit may write: the query sees the rows as they were when it began.
func (tx *Tx) Select(t int, b *query.Bound, visit func(*Record) bool) Stats {
	return tx.set.tables[t].Select(b, visit)
}

// Select visits the query's records: see [Tx.Select].
func (t *Table) Select(b *query.Bound, visit func(*Record) bool) Stats {
	v := t.hold()
	defer t.release(v)
	return v.search(b, visit)
}

// Cursor reads what the query's condition selects, a part at a time, until the
// next write. That of a [Snapshot] lasts.
func (t *Table) Cursor(b *query.Bound) *Cursor { return t.now.cursor(b) }

func (v *version) search(b *query.Bound, visit func(*Record) bool) Stats {
	if b.Never() || b.Limit == 0 {
		return Stats{}
	}
	c := v.cursor(b)
	stats := Stats{Index: c.plan.name(v), Sorted: !c.plan.ordered}
	if c.plan.ordered {
		c.window(b, visit)
	} else {
		c.sorted(b, visit)
	}
	stats.Examined = c.Examined
	return stats
}

// window visits what lies in the query's window of a cursor that has its order.
func (c *Cursor) window(b *query.Bound, visit func(*Record) bool) {
	for n := 0; b.Limit < 0 || n < b.Offset+b.Limit; n++ {
		r := c.Next()
		if r == nil || n >= b.Offset && !visit(r) {
			return
		}
	}
}

// sorted visits what lies in the query's window of a cursor that does not.
func (c *Cursor) sorted(b *query.Bound, visit func(*Record) bool) {
	most := -1
	if b.Limit >= 0 {
		most = b.Offset + b.Limit
	}
	ranking := NewRanking(b, most)
	for r := c.Next(); r != nil; r = c.Next() {
		ranking.Add(r)
	}
	all := ranking.Take()
	for _, r := range all[min(b.Offset, len(all)):] {
		if !visit(r.Record) {
			return
		}
	}
}
