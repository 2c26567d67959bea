package table

import (
	"slices"
	"strings"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Ranked is a record with its place in a query's order.
type Ranked struct {
	Sort   value.Key // query.Bound.AppendSortKey
	Record *Record
}

// Ranking collects records and keeps the first of them in a query's order. It
// holds at most twice as many as it keeps.
type Ranking struct {
	query   *query.Bound
	most    int // to keep; < 0: all
	found   []Ranked
	beyond  value.Key // nothing from here on is kept; empty: not known yet
	keys    arena
	scratch []byte
}

// NewRanking keeps the first most records, all if it is negative.
func NewRanking(b *query.Bound, most int) *Ranking { return &Ranking{query: b, most: most} }

// Add takes one record.
func (k *Ranking) Add(r *Record) {
	if k.most == 0 {
		return
	}
	k.scratch = k.query.AppendSortKey(k.scratch[:0], r.Row)
	if k.beyond != "" && value.Key(k.scratch) >= k.beyond {
		return
	}
	k.found = append(k.found, Ranked{k.keys.add(k.scratch), r})
	if k.most > 0 && len(k.found) >= 2*k.most+32 {
		k.prune()
		k.beyond = k.found[k.most-1].Sort
	}
}

// Take returns what was kept, in order.
func (k *Ranking) Take() []Ranked {
	k.prune()
	return k.found
}

func (k *Ranking) prune() {
	slices.SortFunc(k.found, func(a, b Ranked) int { return strings.Compare(string(a.Sort), string(b.Sort)) })
	if k.most >= 0 && len(k.found) > k.most {
		clear(k.found[k.most:])
		k.found = k.found[:k.most]
	}
}
