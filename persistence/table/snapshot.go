package table

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Snapshot is a table as it was at one moment. Any goroutine may read it, one at
// a time; later writes do not show in it.
type Snapshot struct {
	state *version
}

// Get returns the record of that key, or nil.
func (s *Snapshot) Get(key value.Key) *Record {
	if found, ok := s.state.rows.Get(key); ok {
		return found.record
	}
	return nil
}

// Len counts the records.
func (s *Snapshot) Len() int { return s.state.rows.Len() }

// Scan visits the records from <= key < to in the order of their keys until
// visit returns false. An empty to is the end.
func (s *Snapshot) Scan(from, to value.Key, visit func(*Record) bool) {
	s.state.scan(from, to, visit)
}

// Select visits the query's records: see [Tx.Select].
func (s *Snapshot) Select(b *query.Bound, visit func(*Record) bool) Stats {
	return s.state.search(b, visit)
}

// Cursor reads what the query's condition selects, a part at a time.
func (s *Snapshot) Cursor(b *query.Bound) *Cursor { return s.state.cursor(b) }
