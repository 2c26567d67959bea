package state

import "unsafe"

// page is 32 rows that never move (one, in a Value), and all that is kept of them.
type page struct {
	number  int
	live    uint32
	touched uint32 // in this call
	edited  uint32 // in this tick
	fresh   uint32 // touched in this call, and never before in this tick
	rows    unsafe.Pointer
	next    *page  // the next one with rows touched in this call
	undo    *image // what touched slots that are not fresh were when the call began
	gen     [pageRows]uint16
	start   image // what edited slots were when the tick began
	held    block // what clients hold, in the table's grid; unused if all is local
}

// image holds what some slots of a page were.
type image struct {
	live uint32
	rows unsafe.Pointer // made when the first live row is saved
	gen  [pageRows]uint16
}

func (p *page) id(i uint32) ID { return makeID(uint32(p.number*pageRows)+i, p.gen[i]) }

// save takes a slot as it is into an image.
func (r *rows) save(m *image, p *page, i uint32) {
	m.gen[i] = p.gen[i]
	if p.live>>i&1 == 0 {
		m.live &^= 1 << i
		return
	}
	m.live |= 1 << i
	if m.rows == nil {
		m.rows = r.alloc(r.perPage())
	}
	r.copy(r.at(m.rows, i), r.at(p.rows, i))
}

// restore brings a slot back to what it was in an image.
func (r *rows) restore(m *image, p *page, i uint32) {
	p.gen[i] = m.gen[i]
	if m.live>>i&1 == 0 {
		p.live &^= 1 << i
		r.zero(r.at(p.rows, i))
		return
	}
	p.live |= 1 << i
	r.copy(r.at(p.rows, i), r.at(m.rows, i))
}

// pageSet is a set of a table's pages, a bit each.
type pageSet []uint64

// reach makes the set able to hold page n.
func (x *pageSet) reach(n int) {
	for len(*x) <= n/64 {
		*x = append(*x, 0)
	}
}

func (x pageSet) add(n int) { x[n/64] |= 1 << (n % 64) }
