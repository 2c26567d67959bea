package table

import "github.com/parlor-server/parlor/persistence/query"

// Stats says what a query cost.
type Stats struct {
	Examined int    // rows that were read
	Index    string // that was used; empty: all rows in the order of their keys
	Sorted   bool   // the rows came in no order that the query wants, and were sorted
}

// Select visits the query's records in its order, after its offset and up to
// its limit, until visit returns false. It reads as few rows as the indexes
// allow. Visit may write: the query sees the rows as they were when it began.
func (tx *Tx) Select(t int, b *query.Bound, visit func(*Record) bool) Stats { panic("not yet") }
