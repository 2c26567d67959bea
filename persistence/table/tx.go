package table

import "github.com/parlor-server/parlor/persistence/value"

// Tx is one transaction. Its writes show in the set's tables at once, and Undo
// takes them back. A write that returns an error has changed nothing.
//
// Unique indexes are checked by each write, not at the end, so that the caller
// learns at once what collides. Two records that swap their tuples must go over
// a third tuple, or one of them is deleted and inserted again: in the net
// changes that is one change of each.
type Tx struct {
	set *Set
	seq uint64
}

// Change is the net effect of a transaction on one key.
type Change struct {
	Table    int
	Key      value.Key
	Old, New *Record // nil: there was none; nil: it is removed
}

// Seq is the sequence number that Begin was given.
func (tx *Tx) Seq() uint64 { return tx.seq }

// Get returns the record of that key, or nil.
func (tx *Tx) Get(t int, key value.Key) *Record { panic("not yet") }

// Insert adds a row; a [*DuplicateError] says that its key or one of its unique
// tuples is taken. The row belongs to the table from then on.
func (tx *Tx) Insert(t int, row value.Row) error { panic("not yet") }

// Put adds a row or replaces that of the same key. The row belongs to the table
// from then on. A row that is equal to the one there writes nothing.
func (tx *Tx) Put(t int, row value.Row) error { panic("not yet") }

// Delete removes the row of that key, and says whether there was one.
func (tx *Tx) Delete(t int, key value.Key) bool { panic("not yet") }

// Undo takes all writes back and ends the transaction.
func (tx *Tx) Undo() { panic("not yet") }

// Mark and UndoTo take back the writes since a point of the transaction.
func (tx *Tx) Mark() int { panic("not yet") }

// UndoTo takes back the writes since Mark returned m.
func (tx *Tx) UndoTo(m int) { panic("not yet") }

// Commit ends the transaction and returns its net changes in the order in which
// their keys were first written. They are valid until the next Begin; the
// records in them stay. Keys that end as they began are left out.
func (tx *Tx) Commit() []Change { panic("not yet") }
