package query

import (
	"bytes"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
)

// span is a range of one field's part of an index key; the lists of spans here
// are rising and disjoint.
type span struct {
	low, high []byte
	point     bool // one value only: high is after(low)
}

// counted says how many conjuncts concern a field alone, and how many of them
// its spans express completely.
type counted struct{ conjuncts, exact int }

// fieldSpans returns what the conjuncts that concern the field alone leave of
// it.
func (b *Bound) fieldSpans(field int) ([]span, counted) {
	spans := []span{{low: nil, high: []byte{3}}}
	var n counted
	for i := range b.conjuncts {
		if f, single := b.conjuncts[i].only(); !single || f != field {
			continue
		}
		s, exact := b.conjuncts[i].spans()
		spans = intersect(spans, s)
		n.conjuncts++
		if exact {
			n.exact++
		}
	}
	return spans, n
}

// spans returns where the condition on one field may hold; exact says that it
// holds there everywhere.
func (n *node) spans() (s []span, exact bool) {
	switch n.op {
	case isAnd:
		s, exact = []span{{low: nil, high: []byte{3}}}, true
		for i := range n.kids {
			kid, ok := n.kids[i].spans()
			s, exact = intersect(s, kid), exact && ok
		}
		return s, exact
	case isOr:
		exact = true
		for i := range n.kids {
			kid, ok := n.kids[i].spans()
			s, exact = append(s, kid...), exact && ok
		}
		return unite(s), exact
	}
	return n.leafSpans()
}

// Parts of keys begin with 0 for null, with 1 for all else.
func nulls() span { return span{low: []byte{0}, high: []byte{1}, point: true} }

func values() span { return span{low: []byte{1}, high: []byte{2}} }

func (n *node) leafSpans() (s []span, exact bool) {
	all := values()
	part := value.AppendKeyValue(nil, n.value)
	switch n.op {
	case isEq:
		return []span{pointAt(n.value)}, true
	case isNe:
		return without(all, []span{pointAt(n.value)}), true
	case isGt:
		return []span{{low: after(part), high: all.high}}, true
	case isGte:
		return []span{{low: part, high: all.high}}, true
	case isLt:
		return []span{{low: all.low, high: part}}, true
	case isLte:
		return []span{{low: all.low, high: after(part)}}, true
	case isIn:
		for _, v := range n.values {
			s = append(s, pointAt(v))
		}
		if n.not {
			return without(all, s), true
		}
		return s, true
	case isNull:
		if n.not {
			return []span{all}, true
		}
		return []span{nulls()}, true
	case isKnown:
		if n.not {
			return nil, true
		}
		return []span{all}, true
	case isLike:
		return n.likeSpans()
	}
	return nil, true // isUnknown
}

// likeSpans is the range of the pattern's beginning.
func (n *node) likeSpans() (s []span, exact bool) {
	text, whole := n.pattern.prefix()
	if n.not || text == "" {
		return []span{values()}, whole && !n.not
	}
	part := value.AppendKeyValue(nil, value.OfString(text))
	part = part[:len(part)-2] // without the end of the text
	return []span{{low: part, high: after(part)}}, whole
}

func pointAt(v value.Value) span {
	part := value.AppendKeyValue(nil, v)
	return span{low: part, high: after(part), point: true}
}

// after is the least key above all that begin with part; nil for no part.
func after(part []byte) []byte {
	next := bytes.Clone(part)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			return next[:i+1]
		}
	}
	return nil
}

func allPoints(spans []span) bool {
	return !slices.ContainsFunc(spans, func(s span) bool { return !s.point })
}

func intersect(a, b []span) (out []span) {
	for len(a) > 0 && len(b) > 0 {
		s := a[0]
		if bytes.Compare(s.low, b[0].low) < 0 {
			s.low = b[0].low
		}
		if bytes.Compare(b[0].high, s.high) < 0 {
			s.high = b[0].high
		}
		s.point = a[0].point || b[0].point
		if bytes.Compare(s.low, s.high) < 0 {
			out = append(out, s)
		}
		if bytes.Compare(a[0].high, b[0].high) < 0 {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return out
}

// unite sorts spans and joins those that overlap. Points stay points.
func unite(s []span) (out []span) {
	slices.SortFunc(s, func(a, b span) int {
		if c := bytes.Compare(a.low, b.low); c != 0 {
			return c
		}
		return bytes.Compare(b.high, a.high)
	})
	for _, next := range s {
		if n := len(out); n > 0 && bytes.Compare(next.low, out[n-1].high) < 0 {
			if bytes.Compare(next.high, out[n-1].high) > 0 {
				out[n-1].high = next.high
			}
			continue
		}
		out = append(out, next)
	}
	return out
}

// without is all but the spans, which are points within it.
func without(all span, spans []span) (out []span) {
	low := all.low
	for _, s := range spans {
		if bytes.Compare(low, s.low) < 0 {
			out = append(out, span{low: low, high: s.low})
		}
		low = s.high
	}
	if bytes.Compare(low, all.high) < 0 {
		out = append(out, span{low: low, high: all.high})
	}
	return out
}
