package state

import (
	"math/bits"
	"reflect"
	"unsafe"
)

// rows is the part of a Table or Value that does not depend on its row type:
// where rows lie, which are live, and which were touched. It belongs to one
// Store and is used by that Store's goroutine. What every tick reads stands first.
type rows struct {
	store    *Store
	pages    []*page // nil where no row was yet
	size     uintptr
	copy     func(dst, src unsafe.Pointer)
	touched  *page     // the first page with rows touched in this call; nil: none
	sibling  *rows     // the next table that was touched in this call
	edited   pageSet   // pages with rows touched in this tick
	indexes  []indexer // kept up as rows change
	grid     *grid     // what clients hold; nil if all is local
	columns  []column  // all leaves
	probes   []probe   // of each column
	whole    uintptr   // bytes of a row that may be read 8 at a time: all, or none if rows are not aligned
	live     int
	room     int // no page below this one has a free slot
	index    int // among the world's parts
	number   int // among Store.tables
	public   int // among the schema's tables, or -1 if all of it is local
	owned    int // the column that names a row's owner, or -1: the row's own ID
	owners   int // how many owner columns
	single   bool
	reliable bool
	full     fullSum // of all slots as of the last EndTick

	name     string
	rowType  reflect.Type
	alloc    func(n int) unsafe.Pointer
	zero     func(dst unsafe.Pointer)
	copyPage func(dst, src unsafe.Pointer) // of a table, not a value
	history  *history                      // nil unless tagged rewind
}

func newRows[T any]() *rows {
	return &rows{
		owned: -1, public: -1,
		size:  reflect.TypeFor[T]().Size(),
		alloc: func(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]T, n))) },
		copy:  func(dst, src unsafe.Pointer) { *(*T)(dst) = *(*T)(src) },
		copyPage: func(dst, src unsafe.Pointer) {
			copy(unsafe.Slice((*T)(dst), pageRows), unsafe.Slice((*T)(src), pageRows))
		},
		zero: func(dst unsafe.Pointer) { var none T; *(*T)(dst) = none },
	}
}

// find returns the page and place of a live row, or nil.
func (r *rows) find(id ID) (*page, uint32) {
	slot := id.slot()
	n, i := int(slot/pageRows), slot%pageRows
	if n < len(r.pages) {
		if p := r.pages[n]; p != nil && p.gen[i] == id.gen() && p.live>>i&1 != 0 {
			return p, i
		}
	}
	return nil, 0
}

func (r *rows) at(base unsafe.Pointer, i uint32) unsafe.Pointer {
	return unsafe.Add(base, uintptr(i)*r.size)
}

func (r *rows) perPage() int {
	if r.single {
		return 1
	}
	return pageRows
}

// grow returns the page of a slot, made if need be.
func (r *rows) grow(slot uint32) *page {
	n := int(slot / pageRows)
	for len(r.pages) <= n {
		r.pages = append(r.pages, nil)
	}
	if r.pages[n] == nil {
		r.edited.reach(n)
		r.pages[n] = &page{number: n, rows: r.alloc(r.perPage())}
		if r.grid != nil {
			r.grid.adopt(n, &r.pages[n].held)
		}
	}
	return r.pages[n]
}

// edit returns a live row for writing, or nil.
func (r *rows) edit(id ID) unsafe.Pointer {
	p, i := r.find(id)
	if p == nil {
		return nil
	}
	if p.touched>>i&1 == 0 {
		r.touch(p, i)
	}
	return r.at(p.rows, i)
}

// take claims the lowest free slot for a new row.
func (r *rows) take() (ID, unsafe.Pointer) {
	for ; r.room < len(r.pages); r.room++ {
		if p := r.pages[r.room]; p == nil || p.live != ^uint32(0) {
			break
		}
	}
	if r.room == maxSlots/pageRows {
		panic("state: World." + r.name + " is full: a table has at most 2^20 rows")
	}
	p := r.grow(uint32(r.room * pageRows))
	i := uint32(bits.TrailingZeros32(^p.live))
	return r.claim(p, i, nextGen(p.gen[i]))
}

// place makes the slot of id hold the row id, instead of any other.
func (r *rows) place(id ID) unsafe.Pointer {
	if id.gen() == 0 {
		panic("state: World." + r.name + ".Put needs an ID that was given out")
	}
	if row := r.edit(id); row != nil {
		return row
	}
	p, i := r.grow(id.slot()), id.slot()%pageRows
	if p.live>>i&1 != 0 {
		r.remove(p, i)
	}
	_, row := r.claim(p, i, id.gen())
	return row
}

func (r *rows) claim(p *page, i uint32, gen uint16) (ID, unsafe.Pointer) {
	if p.touched>>i&1 == 0 {
		r.touch(p, i)
	}
	p.gen[i] = gen
	p.live |= 1 << i
	r.live++
	return makeID(uint32(p.number*pageRows)+i, gen), r.at(p.rows, i)
}

func (r *rows) delete(id ID) bool {
	p, i := r.find(id)
	if p == nil {
		return false
	}
	r.remove(p, i)
	return true
}

func (r *rows) remove(p *page, i uint32) {
	if p.touched>>i&1 == 0 {
		r.touch(p, i)
	}
	p.live &^= 1 << i
	r.live--
	r.zero(r.at(p.rows, i))
	r.room = min(r.room, p.number)
}

// next returns the first live slot from slot on, and its ID; ok is false behind the last.
func (r *rows) next(slot uint32) (p *page, i uint32, ok bool) {
	for n := int(slot / pageRows); n < len(r.pages); n++ {
		if p := r.pages[n]; p != nil {
			if live := p.live >> (slot % pageRows) << (slot % pageRows); live != 0 {
				return p, uint32(bits.TrailingZeros32(live)), true
			}
		}
		slot = 0
	}
	return nil, 0, false
}
