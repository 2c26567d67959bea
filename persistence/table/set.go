package table

import "github.com/parlor-server/parlor/persistence/value"

// Set is all tables of a room, in the order of the schema's collections.
type Set struct {
	tables []*Table
	limit  int
	tx     Tx
}

// NewSet returns the empty tables of a schema. Event collections have a table
// too, which stays empty.
func NewSet(s *value.Schema) *Set {
	set := &Set{}
	for i := range s.Collections {
		set.tables = append(set.tables, New(&s.Collections[i]))
	}
	set.tx.set = set
	return set
}

// Table returns the table of that collection.
func (s *Set) Table(i int) *Table { return s.tables[i] }

// Len counts the tables.
func (s *Set) Len() int { return len(s.tables) }

// Bytes is roughly what all tables take in memory.
func (s *Set) Bytes() int {
	n := 0
	for _, t := range s.tables {
		n += t.bytes
	}
	return n
}

// SetLimit sets how many bytes the tables may take; 0 is no limit. Writes that
// would grow them beyond it end with [ErrFull].
func (s *Set) SetLimit(bytes int) { s.limit = bytes }

// Begin starts the transaction of that sequence number. There is one at a time:
// it ends with Commit or Undo, and the next Begin uses its memory again.
func (s *Set) Begin(seq uint64) *Tx {
	if s.tx.open {
		panic("table: a transaction is open: end it with Commit or Undo")
	}
	clear(s.tx.changes)
	s.tx.seq, s.tx.open, s.tx.changes = seq, true, s.tx.changes[:0]
	return &s.tx
}
