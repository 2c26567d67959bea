package query

import (
	"bytes"

	"github.com/parlor-server/parlor/persistence/value"
)

// Span is a range of index keys k, Low ≤ k < High; a nil High is the index's
// end. Keys with a primary key appended to their tuple fall into the same spans.
type Span struct{ Low, High []byte }

// Scan is how an index answers a query. Every row that matches has its tuple
// in one of the spans.
type Scan struct {
	Spans    []Span // rising, disjoint; none at all: no row matches
	Fixed    int    // how many leading fields of the index have one value only
	Used     int    // how many leading fields of the index the spans narrow; 0: the whole index
	Exact    bool   // all rows in the spans match: Match need not be asked
	Ordered  bool   // ascending by tuple and primary key is the query's order
	Reversed bool   // descending is
}

// maxSpans is how many spans several lists of values together may give; with
// more, only the leading fields of the index narrow the scan.
const maxSpans = MaxValues

// Range returns how the index answers the query; ok is false if it neither
// narrows the rows nor has their order. The primary key is an index too:
// Collection.KeyIndex.
func (b *Bound) Range(index *value.Index) (s Scan, ok bool) {
	prefixes := [][]byte{nil}
	exact := 0 // how many conjuncts the spans stand for
	for i, f := range index.Fields {
		spans, n := b.fieldSpans(f)
		if n.conjuncts == 0 || len(prefixes)*len(spans) > maxSpans {
			break
		}
		s.Used, exact = i+1, exact+n.exact
		if len(spans) == 0 {
			return Scan{Used: s.Used, Exact: true, Ordered: true, Reversed: true}, true
		}
		if !allPoints(spans) {
			s.Spans = product(prefixes, spans)
			break
		}
		if len(spans) == 1 && s.Fixed == i {
			s.Fixed++
		}
		next := make([][]byte, 0, len(prefixes)*len(spans))
		for _, p := range prefixes {
			for _, sp := range spans {
				next = append(next, join(p, sp.low))
			}
		}
		prefixes = next
	}
	if s.Spans == nil {
		for _, p := range prefixes {
			s.Spans = append(s.Spans, Span{Low: p, High: after(p)})
		}
	}
	s.Exact = exact == len(b.conjuncts)
	s.Ordered, s.Reversed = b.ordered(index, false), b.ordered(index, true)
	return s, s.Used > 0 || s.Ordered || s.Reversed
}

func product(prefixes [][]byte, spans []span) []Span {
	out := make([]Span, 0, len(prefixes)*len(spans))
	for _, p := range prefixes {
		for _, sp := range spans {
			out = append(out, Span{Low: join(p, sp.low), High: join(p, sp.high)})
		}
	}
	return out
}

func join(a, b []byte) []byte { return append(bytes.Clone(a), b...) }

// ordered reports whether the index, read in one direction, has the query's
// order. Fields that the condition fixes do not count in either.
func (b *Bound) ordered(index *value.Index, desc bool) bool {
	orders := b.orders
	for _, f := range index.Fields {
		for len(orders) > 0 && b.fixes(orders[0].field) {
			orders = orders[1:]
		}
		if b.fixes(f) {
			continue
		}
		if len(orders) == 0 {
			// Only the primary key may be left: rows come in its order.
			return f == b.c.Key && b.tieDesc == desc
		}
		o := orders[0]
		if o.field != f || o.desc != desc || b.nullable(f) && o.nullsFirst == desc {
			return false
		}
		if f == b.c.Key {
			return true
		}
		orders = orders[1:]
	}
	for len(orders) > 0 && b.fixes(orders[0].field) {
		orders = orders[1:]
	}
	if len(orders) > 0 {
		return len(orders) == 1 && orders[0].field == b.c.Key && orders[0].desc == desc
	}
	return b.tieDesc == desc
}

// nullable reports whether a row that matches may have null in the field.
func (b *Bound) nullable(field int) bool {
	if !b.c.Fields[field].Optional {
		return false
	}
	spans, _ := b.fieldSpans(field)
	return len(spans) > 0 && (len(spans[0].low) == 0 || spans[0].low[0] == 0)
}
