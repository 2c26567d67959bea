package query

import "github.com/parlor-server/parlor/persistence/value"

// Span is a range of index keys k, Low ≤ k < High. Keys with a primary key
// appended to their tuple fall into the same spans.
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

// Range returns how the index answers the query; ok is false if it neither
// narrows the rows nor has their order. The primary key is an index too:
// Collection.KeyIndex.
func (b *Bound) Range(index *value.Index) (s Scan, ok bool) { panic("not yet") }
