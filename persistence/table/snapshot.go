package table

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Snapshot is a table as it was at one moment. Any goroutine may read it, one at
// a time; later writes do not show in it.
type Snapshot struct {
	collection *value.Collection
	state      *version
}

// Get returns the record of that key, or nil.
func (s *Snapshot) Get(key value.Key) *Record { panic("not yet") }

// Len counts the records.
func (s *Snapshot) Len() int { panic("not yet") }

// Scan visits the records from <= key < to in the order of their keys until
// visit returns false. An empty to is the end.
func (s *Snapshot) Scan(from, to value.Key, visit func(*Record) bool) { panic("not yet") }

// Select visits the query's records: see [Tx.Select].
func (s *Snapshot) Select(b *query.Bound, visit func(*Record) bool) Stats { panic("not yet") }
