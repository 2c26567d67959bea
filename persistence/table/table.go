package table

import (
	"github.com/tidwall/btree"

	"github.com/parlor-server/parlor/persistence/value"
)

// Record is one row as a transaction left it. It never changes.
type Record struct {
	Key value.Key
	Row value.Row
	Seq uint64 // of the transaction that wrote it
}

// Table is the rows of one collection. Writes go through a [Tx] of its [Set].
type Table struct {
	collection *value.Collection
	now        *version
	byKey      map[value.Key]*slot
	bytes      int
}

// version is one state of a table. The current one is written in place until
// somebody holds on to it; the next write goes to a copy.
type version struct {
	rows    *btree.Map[value.Key, *slot]
	indexes []*btree.Map[value.Key, *slot]
}

// slot is where a table's trees find a record.
type slot struct {
	record *Record
}

// New returns an empty table, as tests want it; a room's tables are in a [Set].
func New(c *value.Collection) *Table { panic("not yet") }

// Collection describes the rows.
func (t *Table) Collection() *value.Collection { return t.collection }

// Get returns the record of that key, or nil.
func (t *Table) Get(key value.Key) *Record { panic("not yet") }

// Len counts the records.
func (t *Table) Len() int { panic("not yet") }

// Bytes is roughly what rows, keys and indexes take in memory.
func (t *Table) Bytes() int { return t.bytes }

// Scan visits the records from <= key < to in the order of their keys until
// visit returns false. An empty to is the end. Visit may write to the table: it
// sees the rows as they were.
func (t *Table) Scan(from, to value.Key, visit func(*Record) bool) { panic("not yet") }

// Snapshot returns the table as it is now.
func (t *Table) Snapshot() *Snapshot { panic("not yet") }
