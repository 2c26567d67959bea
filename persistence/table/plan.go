package table

import "github.com/parlor-server/parlor/persistence/query"

// plan is how a query reads a table.
type plan struct {
	index    int // of the collection; -1: the primary key
	spans    []query.Span
	exact    bool // all rows in the spans match
	ordered  bool // they come in the query's order
	reversed bool // read from the end
	narrow   int  // how many leading fields the spans narrow
}

// What the planner assumes: of rows that a condition is asked about, one in
// unlikely matches; a row that must be sorted costs sorting rows more.
const (
	unlikely = 8
	sorting  = 2
	sampled  = 8 // spans of a long list that are counted
)

// name of the index that the plan uses.
func (p *plan) name(v *version) string {
	switch {
	case p.index >= 0:
		return v.collection.Indexes[p.index].Name
	case p.narrow > 0:
		return v.primary.Name
	}
	return ""
}

func (v *version) tree(index int) *tree {
	if index < 0 {
		return v.rows
	}
	return v.indexes[index]
}

// plan chooses the index that reads the fewest rows. One row of a unique index
// is best; among the others the entries in their spans are counted, if there is
// a choice.
func (v *version) plan(b *query.Bound) plan {
	all := plan{index: -1, spans: []query.Span{{}}, exact: b.Query().Where == nil}
	candidates := make([]plan, 0, 8)
	if s, ok := b.Range(&v.primary); ok {
		p := planned(-1, s)
		if s.Fixed == 1 {
			return p
		}
		candidates = append(candidates, p)
	} else {
		candidates = append(candidates, all)
	}
	for i := range v.collection.Indexes {
		x := &v.collection.Indexes[i]
		s, ok := b.Range(x)
		if !ok {
			continue
		}
		p := planned(i, s)
		if x.Unique && s.Fixed == len(x.Fields) {
			return p
		}
		candidates = append(candidates, p)
	}
	if len(candidates) == 1 {
		return candidates[0]
	}
	best, least := 0, -1
	for i := range candidates {
		if n := v.cost(&candidates[i], b); least < 0 || n < least {
			best, least = i, n
		}
	}
	return candidates[best]
}

func planned(index int, s query.Scan) plan {
	return plan{
		index: index, spans: s.Spans, exact: s.Exact, narrow: s.Used,
		ordered: s.Ordered || s.Reversed, reversed: s.Reversed && !s.Ordered,
	}
}

// cost estimates how many rows a plan reads.
func (v *version) cost(p *plan, b *query.Bound) int {
	n := v.count(p)
	if !p.ordered {
		return n * sorting
	}
	if b.Limit < 0 {
		return n
	}
	wanted := b.Offset + b.Limit
	if !p.exact {
		wanted *= unlikely
	}
	return min(n, wanted)
}

// count estimates the entries in a plan's spans.
func (v *version) count(p *plan) int {
	t := v.tree(p.index)
	if p.narrow == 0 {
		return t.Len()
	}
	n := 0
	some := p.spans[:min(len(p.spans), sampled)]
	for _, s := range some {
		high := t.Len()
		if len(s.High) > 0 {
			high = rank(t, s.High)
		}
		n += max(high-rank(t, s.Low), 0)
	}
	if len(some) > 0 {
		n = n * len(p.spans) / len(some)
	}
	return n
}
