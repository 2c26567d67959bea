package table

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
)

// Loader fills an empty table with rows in the order of their keys. It builds
// the indexes at the end, all at once, which is much faster than writes.
type Loader struct {
	table   *Table
	last    value.Key
	keys    arena
	records []*slot // in the order of their keys, for the indexes
}

// loaded is the memory of one loaded record: one allocation instead of two.
type loaded struct {
	slot
	record Record
}

// Load begins to fill an empty table with about n rows.
func (t *Table) Load(n int) *Loader {
	t.byKey = make(map[value.Key]*slot, n)
	return &Loader{table: t}
}

// Add takes the next row. It copies key and row, so that they may be parts of a
// buffer that is used again.
func (l *Loader) Add(key, row []byte, seq uint64) error {
	t := l.table
	if len(key) == 0 || value.Key(key) <= l.last {
		return fmt.Errorf("failed to load %s: key %x is not after %x", t.collection.Name, key, l.last)
	}
	m := &loaded{}
	m.record = Record{Key: l.keys.add(key), Row: append(make(value.Row, 0, len(row)), row...), Seq: seq}
	m.slot = slot{record: &m.record, gen: t.now.gen}
	l.last = m.record.Key
	t.now.rows.Load(l.last, &m.slot)
	t.byKey[l.last] = &m.slot
	t.bytes += recordOverhead + len(key) + len(row)
	if len(t.collection.Indexes) > 0 {
		l.records = append(l.records, &m.slot)
	}
	return nil
}

// Done builds the indexes. Two rows with the same tuple of a unique index are a
// [*DuplicateError]; the table is of no use then.
func (l *Loader) Done() error {
	var errs []error
	for i := range l.table.collection.Indexes {
		if e := l.build(i); e != nil {
			errs = append(errs, e)
		}
	}
	l.records = nil
	return errors.Join(errs...)
}

// build fills index i.
func (l *Loader) build(i int) error {
	t := l.table
	tree := t.now.indexes[i]
	entries := make([]entry, len(l.records))
	var keys arena
	var scratch []byte
	for j, s := range l.records {
		scratch, _ = t.entry(scratch[:0], i, s.record)
		entries[j] = entry{key: keys.add(scratch), slot: s}
		t.bytes += entryOverhead + len(scratch)
	}
	sortEntries(entries)
	for j, e := range entries {
		if j > 0 && e.key == entries[j-1].key {
			return t.duplicate(i, entries[j-1].slot.record.Key)
		}
		tree.Load(e.key, e.slot)
	}
	return nil
}

// arenaBytes is the size of the strings that loaded keys are parts of.
const arenaBytes = 4096

// arena makes strings that lie together: fewer allocations, and neighbours in
// order are neighbours in memory.
type arena struct {
	chunk []byte
}

// add copies b.
func (a *arena) add(b []byte) value.Key {
	if len(a.chunk)+len(b) > cap(a.chunk) {
		a.chunk = make([]byte, 0, max(arenaBytes, len(b)))
	}
	n := len(a.chunk)
	a.chunk = append(a.chunk, b...)
	return asKey(a.chunk[n:])
}
