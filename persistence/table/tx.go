package table

import (
	"bytes"

	"github.com/parlor-server/parlor/persistence/value"
)

// Tx is one transaction. Its writes show in the set's tables at once, and Undo
// takes them back. A write that returns an error has changed nothing.
//
// Unique indexes are checked by each write, not at the end, so that the caller
// learns at once what collides. Two records that swap their tuples must go over
// a third tuple, or one of them is deleted and inserted again: in the net
// changes that is one change of each.
type Tx struct {
	set     *Set
	seq     uint64
	open    bool
	writes  []write
	changes []Change
	places  map[place]int // of the keys in changes, when there are many
}

// write is one step of a transaction, as Undo needs it.
type write struct {
	table    int
	old, new *Record
}

// place is one key of one table.
type place struct {
	table int
	key   value.Key
}

// Change is the net effect of a transaction on one key.
type Change struct {
	Table    int
	Key      value.Key
	Old, New *Record // nil: there was none; nil: it is removed
}

// fewChanges is up to how many keys a list is searched faster than a map.
const fewChanges = 8

// Seq is the sequence number that Begin was given.
func (tx *Tx) Seq() uint64 { return tx.seq }

// Get returns the record of that key, or nil.
func (tx *Tx) Get(t int, key value.Key) *Record { return tx.set.tables[t].Get(key) }

// Insert adds a row; a [*DuplicateError] says that its key or one of its unique
// tuples is taken. The row belongs to the table from then on.
func (tx *Tx) Insert(t int, row value.Row) error { return tx.put(t, row, false) }

// Put adds a row or replaces that of the same key. The row belongs to the table
// from then on. A row that is equal to the one there writes nothing.
func (tx *Tx) Put(t int, row value.Row) error { return tx.put(t, row, true) }

func (tx *Tx) put(t int, row value.Row, replace bool) error {
	tab := tx.set.tables[t]
	tab.key = tab.collection.AppendKey(tab.key[:0], row)
	s := tab.byKey[value.Key(tab.key)]
	r := &Record{Row: row, Seq: tx.seq}
	var old *Record
	if s != nil {
		old = s.record
		if !replace {
			return tab.duplicate(-1, old.Key)
		}
		if bytes.Equal(old.Row, row) {
			return nil
		}
		r.Key = old.Key
	} else {
		r.Key = value.Key(tab.key)
	}
	if tx.set.limit > 0 {
		if n := tab.growth(old, r); n > 0 && tx.set.Bytes()+n > tx.set.limit {
			return ErrFull
		}
	}
	if len(tab.collection.Indexes) > 0 {
		if e := tab.collision(old, r); e != nil {
			return e
		}
	}
	tx.writes = append(tx.writes, write{t, old, r})
	tab.write(s, r)
	return nil
}

// Delete removes the row of that key, and says whether there was one.
func (tx *Tx) Delete(t int, key value.Key) bool {
	tab := tx.set.tables[t]
	old := tab.Get(key)
	if old == nil {
		return false
	}
	tx.writes = append(tx.writes, write{t, old, nil})
	tab.remove(old)
	return true
}

// Undo takes all writes back and ends the transaction.
func (tx *Tx) Undo() {
	tx.UndoTo(0)
	tx.open = false
}

// Mark names this point of the transaction for UndoTo.
func (tx *Tx) Mark() int { return len(tx.writes) }

// UndoTo takes back the writes since Mark returned m.
func (tx *Tx) UndoTo(m int) {
	for i := len(tx.writes) - 1; i >= m; i-- {
		w := tx.writes[i]
		tx.restore(w.table, w.new, w.old)
	}
	clear(tx.writes[m:])
	tx.writes = tx.writes[:m]
}

// restore puts back what a write replaced.
func (tx *Tx) restore(t int, now, then *Record) {
	tab := tx.set.tables[t]
	switch {
	case then == nil:
		tab.remove(now)
	case now == nil:
		tab.write(nil, then)
	default:
		tab.write(tab.byKey[then.Key], then)
	}
}

// Commit ends the transaction and returns its net changes in the order in which
// their keys were first written. They are valid until the next Begin; the
// records in them stay. Keys that end as they began are left out.
func (tx *Tx) Commit() []Change {
	for _, w := range tx.writes {
		tx.merge(w)
	}
	clear(tx.writes)
	tx.writes, tx.open = tx.writes[:0], false
	if len(tx.changes) > fewChanges {
		clear(tx.places)
	}
	kept := tx.changes[:0]
	for _, c := range tx.changes {
		switch {
		case c.Old == nil && c.New == nil:
		case c.Old != nil && c.New != nil && bytes.Equal(c.Old.Row, c.New.Row):
			// It has its old sequence again too, as in the store.
			tx.restore(c.Table, c.New, c.Old)
		default:
			kept = append(kept, c)
		}
	}
	clear(tx.changes[len(kept):])
	tx.changes = kept
	return kept
}

// merge adds a write to the net changes.
func (tx *Tx) merge(w write) {
	r := w.new
	if r == nil {
		r = w.old
	}
	if i := tx.find(place{w.table, r.Key}); i >= 0 {
		tx.changes[i].New = w.new
		return
	}
	tx.changes = append(tx.changes, Change{Table: w.table, Key: r.Key, Old: w.old, New: w.new})
	if n := len(tx.changes); n > fewChanges {
		if tx.places == nil {
			tx.places = map[place]int{}
		}
		if n == fewChanges+1 {
			for i, c := range tx.changes {
				tx.places[place{c.Table, c.Key}] = i
			}
		}
		tx.places[place{w.table, r.Key}] = n - 1
	}
}

// find returns where a key is in the net changes, or -1.
func (tx *Tx) find(p place) int {
	if len(tx.changes) > fewChanges {
		if i, ok := tx.places[p]; ok {
			return i
		}
		return -1
	}
	for i := range tx.changes {
		if c := &tx.changes[i]; c.Table == p.table && c.Key == p.key {
			return i
		}
	}
	return -1
}
