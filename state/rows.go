package state

import (
	"math/bits"
	"reflect"
	"unsafe"
)

// rows is the part of a Table or Value that does not depend on its row type:
// where rows lie, which are live, and what they were when the call and the
// tick began. It belongs to one Store and is used by that Store's goroutine.
type rows struct {
	store   *Store
	name    string
	rowType reflect.Type
	index   int       // among the world's parts
	number  int       // among Store.tables
	public  int       // among the schema's tables, or -1 if all of it is local
	columns []column  // all leaves
	owned   int       // the column that names a row's owner, or -1: the row's own ID
	owners  int       // how many owner columns
	single  bool      // a Value
	grid    *grid     // what clients hold; nil if all is local
	indexes []indexer // kept up as rows change

	pages []*page // nil where no row was yet
	live  int
	room  int // no page below this one has a free slot

	touched []*page  // pages with rows touched in this call
	edited  []uint64 // bitmap: pages with rows touched in this tick
	full    fullSum  // of all slots as of the last EndTick

	// What only the row type knows.
	size  uintptr
	alloc func(n int) unsafe.Pointer
	copy  func(dst, src unsafe.Pointer)
	zero  func(dst unsafe.Pointer)
}

// page is 64 rows that never move (one, in a Value). The images hold what a
// touched row was when the call (undo) and the tick (start) began; they are
// made when the first live row is touched.
type page struct {
	number  int
	live    uint64
	touched uint64 // in this call
	edited  uint64 // in this tick
	gen     [pageRows]uint16
	rows    unsafe.Pointer

	undoLive  uint64
	undoGen   [pageRows]uint16
	undo      unsafe.Pointer
	startLive uint64
	startGen  [pageRows]uint16
	start     unsafe.Pointer
}

func newRows[T any]() *rows {
	return &rows{
		owned: -1, public: -1,
		size:  reflect.TypeFor[T]().Size(),
		alloc: func(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]T, n))) },
		copy:  func(dst, src unsafe.Pointer) { *(*T)(dst) = *(*T)(src) },
		zero:  func(dst unsafe.Pointer) { var none T; *(*T)(dst) = none },
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
	if len(r.edited) <= n/64 {
		r.edited = append(r.edited, make([]uint64, n/64+1-len(r.edited))...)
	}
	if r.pages[n] == nil {
		r.pages[n] = &page{number: n, rows: r.alloc(r.perPage())}
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

// touch saves a slot before its first change in this call, and in this tick.
func (r *rows) touch(p *page, i uint32) {
	if !r.store.inCall {
		panic("state: World." + r.name + " is changed outside of a call; between Store.Begin and Commit it may be")
	}
	bit := uint64(1) << i
	if p.touched == 0 {
		if len(r.touched) == 0 {
			r.store.touched = append(r.store.touched, r)
		}
		r.touched = append(r.touched, p)
	}
	p.touched |= bit
	p.undoGen[i] = p.gen[i]
	p.undoLive = p.undoLive&^bit | p.live&bit
	if p.live&bit != 0 {
		if p.undo == nil {
			p.undo, p.start = r.alloc(r.perPage()), r.alloc(r.perPage())
		}
		r.copy(r.at(p.undo, i), r.at(p.rows, i))
	}
	if p.edited&bit != 0 {
		return
	}
	r.edited[p.number/64] |= 1 << (p.number % 64)
	p.edited |= bit
	p.startGen[i] = p.gen[i]
	p.startLive = p.startLive&^bit | p.live&bit
	if p.live&bit != 0 {
		r.copy(r.at(p.start, i), r.at(p.rows, i))
	}
}

// take claims the lowest free slot for a new row.
func (r *rows) take() (ID, unsafe.Pointer) {
	for ; r.room < len(r.pages); r.room++ {
		if p := r.pages[r.room]; p == nil || p.live != ^uint64(0) {
			break
		}
	}
	if r.room == maxSlots/pageRows {
		panic("state: World." + r.name + " is full: a table has at most 2^20 rows")
	}
	p := r.grow(uint32(r.room * pageRows))
	i := uint32(bits.TrailingZeros64(^p.live))
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

// commit ends a call that succeeded.
func (r *rows) commit() {
	r.reindex()
	for _, p := range r.touched {
		p.touched = 0
	}
	r.touched = r.touched[:0]
}

// rollback brings all touched slots back to what they were when the call began.
func (r *rows) rollback() {
	for _, p := range r.touched {
		for touched := p.touched; touched != 0; touched &= touched - 1 {
			i := uint32(bits.TrailingZeros64(touched))
			p.gen[i] = p.undoGen[i]
			if p.undoLive>>i&1 != 0 {
				r.copy(r.at(p.rows, i), r.at(p.undo, i))
			} else {
				r.zero(r.at(p.rows, i))
			}
		}
		r.live -= bits.OnesCount64(p.live)
		p.live = p.live&^p.touched | p.undoLive&p.touched
		r.live += bits.OnesCount64(p.live)
		r.room = min(r.room, p.number)
	}
	r.commit()
}

// reindex brings the indexes up to the rows touched in this call.
func (r *rows) reindex() {
	if len(r.indexes) == 0 {
		return
	}
	for _, p := range r.touched {
		for touched := p.touched; touched != 0; touched &= touched - 1 {
			i := uint32(bits.TrailingZeros64(touched))
			for _, x := range r.indexes {
				x.update(p, i)
			}
		}
	}
}

// next returns the first live slot from slot on, and its ID; ok is false behind the last.
func (r *rows) next(slot uint32) (p *page, i uint32, ok bool) {
	for n := int(slot / pageRows); n < len(r.pages); n++ {
		if p := r.pages[n]; p != nil {
			if live := p.live >> (slot % pageRows) << (slot % pageRows); live != 0 {
				return p, uint32(bits.TrailingZeros64(live)), true
			}
		}
		slot = 0
	}
	return nil, 0, false
}

func (p *page) id(i uint32) ID { return makeID(uint32(p.number*pageRows)+i, p.gen[i]) }
