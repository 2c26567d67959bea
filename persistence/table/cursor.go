package table

import (
	"github.com/tidwall/btree"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Cursor reads the records that match a query's condition, with no regard to
// its window, in the order of the index that it uses. The rows are as they were
// when it began.
type Cursor struct {
	Examined int // rows that were read

	state   *version
	query   *query.Bound
	plan    plan
	iter    btree.MapIter[value.Key, *slot]
	span    int // the next one
	within  bool
	horizon *Horizon
}

// Horizon is how far a query may read. Rows beyond it are no part of its result.
type Horizon struct {
	shape    *shape
	index    int // as in plan
	reversed bool
	key      value.Key // the first entry beyond
}

// cursor begins to read what the query selects.
func (v *version) cursor(b *query.Bound) *Cursor {
	c := &Cursor{state: v, query: b, plan: v.plan(b)}
	c.iter = v.tree(c.plan.index).Iter()
	return c
}

// Ordered says whether records come in the query's order.
func (c *Cursor) Ordered() bool { return c.plan.ordered }

// Next returns the next record that matches, or nil at the end.
func (c *Cursor) Next() *Record {
	r, _ := c.Read(-1)
	return r
}

// Read returns the next record that matches, having read at most most rows, all
// that there are if it is negative. It returns nil and true at the end, nil and
// false when it stopped before.
func (c *Cursor) Read(most int) (r *Record, end bool) {
	for ; most != 0; most-- {
		s := c.step()
		if s == nil {
			return nil, true
		}
		c.Examined++
		if c.plan.exact || c.query.Match(s.record.Row) {
			return s.record, false
		}
	}
	return nil, false
}

// step moves to the next entry within the spans and the horizon.
func (c *Cursor) step() *slot {
	for {
		ok := c.within
		if ok {
			ok = c.move()
		} else {
			if c.span == len(c.plan.spans) {
				return nil
			}
			ok = c.enter(c.current())
		}
		span := c.current()
		if ok && c.holds(span, c.iter.Key()) {
			c.within = true
			if c.horizon != nil && c.horizon.beyond(c.iter.Key()) {
				c.within, c.span = false, len(c.plan.spans)
				return nil
			}
			return c.iter.Value()
		}
		c.within = false
		c.span++
	}
}

// current is the span that is being read: from the last one on in reverse.
func (c *Cursor) current() query.Span {
	if c.plan.reversed {
		return c.plan.spans[len(c.plan.spans)-1-c.span]
	}
	return c.plan.spans[c.span]
}

// move goes to the next entry.
func (c *Cursor) move() bool {
	if c.plan.reversed {
		return c.iter.Prev()
	}
	return c.iter.Next()
}

// enter goes to the first entry of a span.
func (c *Cursor) enter(s query.Span) bool {
	if !c.plan.reversed {
		return c.iter.Seek(value.Key(s.Low))
	}
	if len(s.High) == 0 || !c.iter.Seek(value.Key(s.High)) {
		return c.iter.Last()
	}
	return c.iter.Prev()
}

// holds says whether an entry is in a span that is entered from one side.
func (c *Cursor) holds(s query.Span, key value.Key) bool {
	if c.plan.reversed {
		return key >= value.Key(s.Low)
	}
	return len(s.High) == 0 || key < value.Key(s.High)
}

// Horizon ends the reading after most rows, and returns what later rows can be
// compared with, or nil if there are no more than that. Call it before Next.
func (c *Cursor) Horizon(most int) *Horizon {
	t := c.state.tree(c.plan.index)
	if t.Len() <= most {
		return nil
	}
	for c.span = range c.plan.spans {
		s := c.current()
		low, high := rank(t, s.Low), t.Len()
		if len(s.High) > 0 {
			high = rank(t, s.High)
		}
		if n := high - low; n <= most {
			most -= n
			continue
		}
		at := low + most
		if c.plan.reversed {
			at = high - 1 - most
		}
		key, _, _ := t.GetAt(at)
		c.horizon = &Horizon{shape: c.state.shape, index: c.plan.index, reversed: c.plan.reversed, key: key}
		break
	}
	c.span = 0
	return c.horizon
}

// Until ends the reading at a horizon that another cursor of the same query
// found, if this one reads the same index.
func (c *Cursor) Until(h *Horizon) {
	if h != nil && h.index == c.plan.index && h.reversed == c.plan.reversed {
		c.horizon = h
	}
}

// beyond says whether an entry of the index is past the horizon.
func (h *Horizon) beyond(key value.Key) bool {
	if h.reversed {
		return key <= h.key
	}
	return key >= h.key
}

// Beyond says whether a record of the horizon's table is past it.
func (h *Horizon) Beyond(r *Record) bool {
	if h.index < 0 {
		return h.beyond(r.Key)
	}
	var room [128]byte
	key, _ := h.shape.entry(room[:0], h.index, r)
	return h.beyond(asKey(key))
}

// rank counts the entries before key.
func rank(t *tree, key []byte) int {
	low, high := 0, t.Len()
	for low < high {
		middle := int(uint(low+high) / 2)
		if k, _, _ := t.GetAt(middle); k < value.Key(key) {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
