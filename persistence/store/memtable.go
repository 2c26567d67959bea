package store

import (
	"cmp"
	"hash/maphash"
	"math"
	"slices"
	"sort"
	"unsafe"
)

// memtable is what was committed to a room since a checkpoint began: the
// entries as the journal has them. Nothing else happens when a commit comes in;
// catchUp finds the operations in them, and the latest one of each key, once
// somebody reads: most memtables are read by a checkpoint only. It belongs to
// its Room, whose lock guards it. One that a checkpoint writes to the B+tree
// does not change any more once it has caught up, and is read without the lock.
type memtable struct {
	entries []entry

	// Of the first caught entries:
	caught int
	pages  [][]ref // of pageRefs each; references never move, so growing copies none
	len    int
	spaces []Space
	latest keyIndex

	wiped   bool   // nothing that is older than this memtable counts: the room was dropped
	wipedAt uint64 // the sequence of that
}

// entry is a batch. Its data never changes.
type entry struct {
	data        []byte // see entry.go
	first, last uint64
}

// ref is where an operation lies. It has no pointers, for there are many.
type ref struct {
	seq            uint64
	entry          uint32
	keyAt, valueAt uint32
	valueLen       uint32
	space          Space
	keyLen         uint16
	removed        bool
	stale          bool // a later operation on the same key is in the same memtable
}

// op is one operation. Key and value are parts of its entry.
type op struct {
	seq     uint64
	key     string
	value   []byte
	space   Space
	removed bool
}

const (
	pageRefs  = 1024
	anyNumber = math.MaxInt32 // of operations: a memtable has fewer
)

// add appends a batch, which follows those before it.
func (m *memtable) add(data []byte, first, last uint64) {
	m.entries = append(m.entries, entry{data, first, last})
}

// at is the operation with that index.
func (m *memtable) at(i int) *ref { return &m.pages[i/pageRefs][i%pageRefs] }

func (m *memtable) key(r *ref) []byte {
	return m.entries[r.entry].data[r.keyAt : r.keyAt+uint32(r.keyLen)]
}

func (m *memtable) op(r *ref) op {
	data, key := m.entries[r.entry].data, m.key(r)
	o := op{seq: r.seq, key: unsafe.String(unsafe.SliceData(key), len(key)), space: r.space, removed: r.removed}
	if !r.removed {
		o.value = data[r.valueAt : r.valueAt+r.valueLen : r.valueAt+r.valueLen]
	}
	return o
}

// catchUp looks through entries until it has found about most operations, and
// reports whether it has seen all. A nil memtable has nothing.
func (m *memtable) catchUp(most int) bool {
	if m == nil {
		return true
	}
	for until := m.len + most; m.caught < len(m.entries); m.caught++ {
		if m.len >= until {
			return false
		}
		e := &m.entries[m.caught]
		err := readOps(e.data[entryHeader:], e.first, e.last, func(o foundOp) {
			m.found(ref{
				seq: o.seq, entry: uint32(m.caught), keyAt: uint32(entryHeader + o.keyAt), keyLen: uint16(o.keyLen),
				valueAt: uint32(entryHeader + o.valueAt), valueLen: uint32(o.valueLen), space: o.space, removed: o.removed,
			})
		})
		if err != nil {
			panic(err) // it was read, or made, before
		}
	}
	return true
}

// found takes an operation that is not older than any before it.
func (m *memtable) found(r ref) {
	if !slices.Contains(m.spaces, r.space) {
		m.spaces = append(m.spaces, r.space)
	}
	if m.len%pageRefs == 0 {
		m.pages = append(m.pages, make([]ref, 0, pageRefs))
	}
	last := len(m.pages) - 1
	m.pages[last] = append(m.pages[last], r)
	m.len++
	if i, ok := m.latest.put(m, r.space, m.key(&r), m.len-1); ok {
		m.at(i).stale = true
	}
}

// get returns the latest operation on a key.
func (m *memtable) get(space Space, key []byte) (op, bool) {
	if m == nil {
		return op{}, false
	}
	i, ok := m.latest.get(m, space, key)
	if !ok {
		return op{}, false
	}
	return m.op(m.at(i)), true
}

// after appends the latest operations with a greater sequence, in order, of the
// logged spaces.
func (m *memtable) after(since uint64, to []op) []op {
	if m == nil {
		return to
	}
	from := sort.Search(m.len, func(i int) bool { return m.at(i).seq > since })
	for i := from; i < m.len; i++ {
		if r := m.at(i); !r.stale && r.space >= FirstLogged {
			to = append(to, m.op(r))
		}
	}
	return to
}

// live returns the latest operation of each key, by space and key. yield is
// called now and then: this may take long.
func (m *memtable) live(yield func()) []op {
	var list []op
	for _, page := range m.pages {
		for i := range page {
			if !page[i].stale {
				list = append(list, m.op(&page[i]))
			}
		}
		yield()
	}
	compared := 0
	slices.SortFunc(list, func(a, b op) int {
		if compared++; compared%1024 == 0 {
			yield()
		}
		return cmp.Or(cmp.Compare(a.space, b.space), cmp.Compare(a.key, b.key))
	})
	return list
}

// of appends the latest operations on a space, in no order.
func (m *memtable) of(space Space, to []op) []op {
	if m == nil || !slices.Contains(m.spaces, space) {
		return to
	}
	for _, page := range m.pages {
		for i := range page {
			if r := &page[i]; !r.stale && r.space == space {
				to = append(to, m.op(r))
			}
		}
	}
	return to
}

// overlay are the latest operations on one space of two memtables, by key; the
// newer one counts. Either may be nil.
func overlay(space Space, older, newer *memtable) []op {
	list := older.without(newer, older.of(space, nil))
	list = newer.of(space, list)
	slices.SortFunc(list, func(a, b op) int { return cmp.Compare(a.key, b.key) })
	return list
}

// without drops operations that a newer memtable has later ones for.
func (m *memtable) without(newer *memtable, list []op) []op {
	if newer == nil {
		return list
	}
	return slices.DeleteFunc(list, func(o op) bool {
		_, newest := newer.get(o.space, bytesOf(o.key))
		return newest
	})
}

// bytesOf is a key without a copy; nobody changes it.
func bytesOf(key string) []byte { return unsafe.Slice(unsafe.StringData(key), len(key)) }

// keyIndex finds the latest operation on a key: a hash table with open
// addressing, whose slots hold half of the key's hash and, counted from 1, the
// operation's index. It has no pointers either.
type keyIndex struct {
	seed  maphash.Seed
	slots []uint64 // a power of two of them, half of which are used at most
	used  int
}

const leastSlots = 64

func (x *keyIndex) hash(space Space, key []byte) uint64 {
	return maphash.Bytes(x.seed, key) ^ uint64(space)*0x9e3779b97f4a7c15
}

// find returns the slot of a key, and the operation there, or -1.
func (x *keyIndex) find(m *memtable, space Space, key []byte) (slot, hash uint64, at int) {
	hash = x.hash(space, key) >> 32
	mask := uint64(len(x.slots) - 1)
	for slot = hash & mask; ; slot = (slot + 1) & mask {
		s := x.slots[slot]
		if s == 0 {
			return slot, hash, -1
		}
		if s>>32 != hash {
			continue
		}
		i := int(uint32(s)) - 1
		if r := m.at(i); r.space == space && string(m.key(r)) == string(key) {
			return slot, hash, i
		}
	}
}

func (x *keyIndex) get(m *memtable, space Space, key []byte) (at int, ok bool) {
	if x.used == 0 {
		return 0, false
	}
	_, _, at = x.find(m, space, key)
	return at, at >= 0
}

// put enters an operation, and returns the one that had its place.
func (x *keyIndex) put(m *memtable, space Space, key []byte, i int) (before int, ok bool) {
	if 2*x.used >= len(x.slots) {
		x.grow()
	}
	slot, hash, before := x.find(m, space, key)
	x.slots[slot] = hash<<32 | uint64(i+1)
	if before < 0 {
		x.used++
	}
	return before, before >= 0
}

func (x *keyIndex) grow() {
	old := x.slots
	if old == nil {
		x.seed = maphash.MakeSeed()
	}
	x.slots = make([]uint64, max(leastSlots, 2*len(old)))
	mask := uint64(len(x.slots) - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		slot := s >> 32 & mask
		for x.slots[slot] != 0 {
			slot = (slot + 1) & mask
		}
		x.slots[slot] = s
	}
}
