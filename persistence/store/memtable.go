package store

import (
	"cmp"
	"slices"
	"sort"
)

// memtable is what was committed to a room since a checkpoint began: all
// operations by sequence, and for each key which one is the latest. It belongs
// to its Room, whose lock guards it. One that is being written to the B+tree
// does not change any more and is read without the lock.
type memtable struct {
	pages [][]op // of pageOps each; operations never move, so growing copies none
	len   int
	index []spaceIndex
	bytes int64

	wiped   bool   // nothing that is older than this memtable counts: the room was dropped
	wipedAt uint64 // the sequence of that
}

// spaceIndex finds the latest operation on a key of one space.
type spaceIndex struct {
	space Space
	ops   map[string]int32
}

const (
	pageOps = 256
	// opBytes is what an operation takes beside its key and value: itself and
	// its place in the index.
	opBytes = 64 + 40
)

// at is the operation with that index.
func (m *memtable) at(i int) *op { return &m.pages[i/pageOps][i%pageOps] }

// of returns the index of a space, or nil.
func (m *memtable) of(space Space) map[string]int32 {
	if m == nil {
		return nil
	}
	for i := range m.index {
		if m.index[i].space == space {
			return m.index[i].ops
		}
	}
	return nil
}

// add appends an operation that is not older than any in the memtable.
func (m *memtable) add(o op) {
	ops := m.of(o.space)
	if ops == nil {
		ops = make(map[string]int32)
		m.index = append(m.index, spaceIndex{o.space, ops})
	}
	if i, ok := ops[o.key]; ok {
		old := m.at(int(i))
		m.bytes -= int64(len(old.key) + len(old.value))
		*old = op{seq: old.seq, stale: true} // lets go of key and value
	}
	ops[o.key] = int32(m.len)
	if m.len%pageOps == 0 {
		m.pages = append(m.pages, make([]op, 0, pageOps))
	}
	last := len(m.pages) - 1
	m.pages[last] = append(m.pages[last], o)
	m.len++
	m.bytes += int64(len(o.key)+len(o.value)) + opBytes
}

// get returns the latest operation on a key.
func (m *memtable) get(space Space, key string) (op, bool) {
	if i, ok := m.of(space)[key]; ok {
		return *m.at(int(i)), true
	}
	return op{}, false
}

// has says whether there is an operation on key, without making a string of it.
func (m *memtable) has(space Space, key []byte) bool {
	_, ok := m.of(space)[string(key)]
	return ok
}

// after appends the latest operations with a greater sequence, in order, of the
// logged spaces.
func (m *memtable) after(since uint64, to []op) []op {
	if m == nil {
		return to
	}
	from := sort.Search(m.len, func(i int) bool { return m.at(i).seq > since })
	for i := from; i < m.len; i++ {
		if o := m.at(i); !o.stale && o.space >= FirstLogged {
			to = append(to, *o)
		}
	}
	return to
}

// live returns the latest operation of each key, by space and key. yield is
// called now and then: this may take long.
func (m *memtable) live(yield func()) []*op {
	list := make([]*op, 0, m.len)
	for _, page := range m.pages {
		for i := range page {
			if !page[i].stale {
				list = append(list, &page[i])
			}
		}
		yield()
	}
	compared := 0
	slices.SortFunc(list, func(a, b *op) int {
		if compared++; compared%1024 == 0 {
			yield()
		}
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.key, b.key))
	})
	return list
}

// overlay are the latest operations on one space of two memtables, by key; the
// newer one counts. Either may be nil.
func overlay(space Space, older, newer *memtable) []op {
	var list []op
	if older.of(space) != nil {
		for key, i := range older.of(space) {
			if _, newest := newer.of(space)[key]; !newest {
				list = append(list, *older.at(int(i)))
			}
		}
	}
	for _, i := range newer.of(space) {
		list = append(list, *newer.at(int(i)))
	}
	slices.SortFunc(list, func(a, b op) int { return cmp.Compare(a.key, b.key) })
	return list
}
