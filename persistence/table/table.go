package table

import (
	"bytes"

	"github.com/tidwall/btree"

	"github.com/parlor-server/parlor/persistence/value"
)

// What a record and an index entry take beside their bytes: headers, tree and
// map nodes at their usual fill.
const (
	recordOverhead = 176
	entryOverhead  = 56
)

// Record is one row as a transaction left it. It never changes.
type Record struct {
	Key value.Key
	Row value.Row
	Seq uint64 // of the transaction that wrote it
}

// Table is the rows of one collection. Writes go through a [Tx] of its [Set].
type Table struct {
	*shape
	now   *version
	byKey map[value.Key]*slot // what now.rows has, found faster
	bytes int

	readers int // visits and snapshots that have now

	key, before, after []byte // scratch for encoded keys
}

// shape is what a table's versions have in common.
type shape struct {
	collection *value.Collection
	primary    value.Index
}

// version is one state of a table. The current one is written in place until
// somebody holds on to it; the next write goes to a copy.
type version struct {
	*shape
	gen     uint64
	rows    *tree
	indexes []*tree
}

// tree finds records by primary key, or by the tuple of an index. Entries of an
// index end with the primary key; in unique indexes only where the tuple has a
// null, which never collides.
type tree = btree.Map[value.Key, *slot]

// slot is where all trees of a table find a record, so that a write which moves
// nothing in them changes the slot alone. A slot of an older version than the
// current one may be in use by a snapshot, and stays.
type slot struct {
	record *Record
	gen    uint64
}

// New returns an empty table, as tests want it; a room's tables are in a [Set].
func New(c *value.Collection) *Table {
	s := &shape{collection: c, primary: c.KeyIndex()}
	t := &Table{shape: s, byKey: map[value.Key]*slot{}, now: &version{shape: s, rows: new(tree)}}
	for range c.Indexes {
		t.now.indexes = append(t.now.indexes, new(tree))
	}
	return t
}

// Collection describes the rows.
func (t *Table) Collection() *value.Collection { return t.collection }

// Get returns the record of that key, or nil.
func (t *Table) Get(key value.Key) *Record {
	if s := t.byKey[key]; s != nil {
		return s.record
	}
	return nil
}

// Len counts the records.
func (t *Table) Len() int { return t.now.rows.Len() }

// Bytes is roughly what rows, keys and indexes take in memory.
func (t *Table) Bytes() int { return t.bytes }

// Scan visits the records from <= key < to in the order of their keys until
// visit returns false. An empty to is the end. Visit may write to the table: it
// sees the rows as they were.
func (t *Table) Scan(from, to value.Key, visit func(*Record) bool) {
	v := t.hold()
	defer t.release(v)
	v.scan(from, to, visit)
}

// Snapshot returns the table as it is now.
func (t *Table) Snapshot() *Snapshot { return &Snapshot{state: t.hold()} }

// Release says that a snapshot will not be read again. It is no duty, but saves
// the copies that the next writes would make for it.
func (t *Table) Release(s *Snapshot) { t.release(s.state) }

// hold keeps the current version as it is for a visit.
func (t *Table) hold() *version {
	t.readers++
	return t.now
}

// release ends what hold began.
func (t *Table) release(v *version) {
	if v == t.now {
		t.readers--
	}
}

// fork leaves the current version to those who hold it, and goes on with a copy,
// whose nodes are copied as they are written.
func (t *Table) fork() {
	if t.readers == 0 {
		return
	}
	next := &version{shape: t.shape, gen: t.now.gen + 1, rows: t.now.rows.Copy()}
	for _, x := range t.now.indexes {
		next.indexes = append(next.indexes, x.Copy())
	}
	t.now, t.readers = next, 0
}

// scan visits a range of primary keys.
func (v *version) scan(from, to value.Key, visit func(*Record) bool) {
	v.rows.Ascend(from, func(key value.Key, s *slot) bool {
		return (to == "" || key < to) && visit(s.record)
	})
}

// entry appends the key that a row has in index i, and says whether it is the
// tuple alone, so that an equal one collides.
func (s *shape) entry(dst []byte, i int, r *Record) (key []byte, unique bool) {
	x := &s.collection.Indexes[i]
	dst = s.collection.AppendIndexKey(dst, x, r.Row)
	if x.Unique && !s.collection.NullIn(x, r.Row) {
		return dst, true
	}
	return append(dst, r.Key...), false
}

// collision returns the index in which a row, to be written in place of old, has
// a tuple that another record has.
func (t *Table) collision(old, r *Record) *DuplicateError {
	for i := range t.collection.Indexes {
		if !t.collection.Indexes[i].Unique {
			continue
		}
		key, unique := t.entry(t.after[:0], i, r)
		t.after = key
		if !unique {
			continue
		}
		there, taken := t.now.indexes[i].Get(value.Key(key))
		if taken && (old == nil || there.record.Key != old.Key) {
			return t.duplicate(i, there.record.Key)
		}
	}
	return nil
}

// duplicate is the error of index i; -1 is the primary key.
func (t *Table) duplicate(i int, there value.Key) *DuplicateError {
	e := &DuplicateError{Collection: t.collection.Name, Key: there}
	fields := []int{t.collection.Key}
	if i >= 0 {
		e.Index, fields = t.collection.Indexes[i].Name, t.collection.Indexes[i].Fields
	}
	for _, f := range fields {
		e.Fields = append(e.Fields, t.collection.Fields[f].Name)
	}
	return e
}

// write puts a record where s is; nil: it is new. The caller has looked for
// collisions.
func (t *Table) write(s *slot, r *Record) {
	t.fork()
	if s == nil {
		t.insert(r)
		return
	}
	old := s.record
	moved := s.gen != t.now.gen
	if moved {
		s = &slot{gen: t.now.gen}
		t.now.rows.Set(r.Key, s)
		t.byKey[r.Key] = s
	}
	s.record = r
	t.bytes += len(r.Row) - len(old.Row)
	for i, x := range t.now.indexes {
		t.before, _ = t.entry(t.before[:0], i, old)
		t.after, _ = t.entry(t.after[:0], i, r)
		same := bytes.Equal(t.before, t.after)
		if same && !moved {
			continue
		}
		if !same {
			x.Delete(value.Key(t.before))
			t.bytes += len(t.after) - len(t.before)
		}
		x.Set(value.Key(t.after), s)
	}
}

// insert adds a record whose key is free.
func (t *Table) insert(r *Record) {
	s := &slot{record: r, gen: t.now.gen}
	t.now.rows.Set(r.Key, s)
	t.byKey[r.Key] = s
	t.bytes += recordOverhead + len(r.Key) + len(r.Row)
	for i, x := range t.now.indexes {
		t.after, _ = t.entry(t.after[:0], i, r)
		x.Set(value.Key(t.after), s)
		t.bytes += entryOverhead + len(t.after)
	}
}

// remove takes a record out.
func (t *Table) remove(r *Record) {
	t.fork()
	t.now.rows.Delete(r.Key)
	delete(t.byKey, r.Key)
	t.bytes -= recordOverhead + len(r.Key) + len(r.Row)
	for i, x := range t.now.indexes {
		t.before, _ = t.entry(t.before[:0], i, r)
		x.Delete(value.Key(t.before))
		t.bytes -= entryOverhead + len(t.before)
	}
}

// growth is how many bytes more a table takes with r in the place of old, which
// may be nil, without what the tuples of its indexes differ.
func (t *Table) growth(old, r *Record) int {
	if old != nil {
		return len(r.Row) - len(old.Row)
	}
	n := recordOverhead + len(r.Key) + len(r.Row)
	for i := range t.collection.Indexes {
		t.after, _ = t.entry(t.after[:0], i, r)
		n += entryOverhead + len(t.after)
	}
	return n
}
