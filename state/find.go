package state

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
)

// changeFinder compares the rows touched in a tick with what they were when it
// began: first their memory, in units of 32 bits, then the cells of the columns
// in which a unit differs. It works column by column, so that the column's
// type is looked at once for all rows of a page. Its buffers are reused.
type changeFinder struct {
	out     changes  // of this tick
	pages   []*page  // of this table, with rows that stayed
	dirty   []uint32 // for each of pages, for each unit: which of its rows differ
	deleted []uint32
	created []uint32
}

// probe is what must be known of a column to find out whether and how it
// changed. The probes of a table lie close together, apart from all else that
// is known of its columns: rows that are compared find them out of the cache.
type probe struct {
	first, last uint16 // where in a row the column lies, in units of 32 bits
	off         uint32 // the same in bytes
	cells       uint32 // where its cells begin in a block, if it is public
	how         probing
	public      uint16  // its index among the public columns
	step        float64 // of a quantised float32
}

// probing is how the changed cells of a column are taken in.
type probing uint8

const (
	asHidden probing = iota // not all clients hold it
	asPublic
	asSteps // what moves most: a public quantised float32 that does not snap
)

// layProbes makes the probes of a table whose grid is there.
func (r *rows) layProbes() {
	for i := range r.columns {
		c := &r.columns[i]
		size := uintptr(c.size)
		if c.isText() {
			size = unsafe.Sizeof("")
		}
		p := probe{first: uint16(c.off / 4), last: uint16((c.off + size - 1) / 4), off: uint32(c.off)}
		if r.grid != nil && c.public >= 0 {
			p.how, p.public = asPublic, uint16(c.public)
			p.cells = uint32(r.grid.columns[c.public].first)
			if c.Kind == schema.Float32 && c.Quant > 0 && !c.Has(schema.Snap) {
				p.how, p.step = asSteps, c.Quant
			}
		}
		r.probes = append(r.probes, p)
	}
	if r.rowType.Align()%4 == 0 {
		r.whole = r.size
	}
}

// find writes the tick's changes to the ring and brings grids and hashes up to date.
func (f *changeFinder) find(s *Store) (changed bool) {
	f.out = s.ring.open()
	for _, r := range s.tables {
		f.table(s, r)
	}
	changed = len(f.out) > 0
	s.ring.push(s.tick, f.out)
	f.out = nil
	return changed
}

func (f *changeFinder) table(s *Store, r *rows) {
	f.pages, f.dirty = f.pages[:0], f.dirty[:0]
	f.deleted, f.created = f.deleted[:0], f.created[:0]
	edited := false
	for w, word := range r.edited {
		for ; word != 0; word &= word - 1 {
			p := r.pages[w*64+bits.TrailingZeros64(word)]
			if stayed := f.slots(s, r, p); stayed != 0 {
				f.units(r, p, stayed)
			}
			p.edited, edited = 0, true
		}
		r.edited[w] = 0
	}
	if !edited {
		return
	}
	at := len(f.out)
	if r.grid != nil {
		at = f.out.openTable(r.public, f.deleted, f.created)
	}
	for n := range r.probes {
		f.column(s, r, n)
	}
	if r.grid != nil {
		f.out.closeTable(at)
	}
}

// slots takes in the rows that came and went, and returns those that stayed.
func (f *changeFinder) slots(s *Store, r *rows, p *page) (stayed uint32) {
	for edited := p.edited; edited != 0; edited &= edited - 1 {
		i := uint32(bits.TrailingZeros32(edited))
		slot := uint32(p.number*pageRows) + i
		was, is := p.start.live>>i&1 != 0, p.live>>i&1 != 0
		if was && is && p.start.gen[i] == p.gen[i] {
			stayed |= 1 << i
			continue
		}
		r.full -= r.slotHash(p.start.rows, i, makeID(slot, p.start.gen[i]), was)
		if was {
			f.deleted = append(f.deleted, slot)
			if r.grid != nil {
				r.grid.leave(slot)
			}
		}
		if is {
			f.created = append(f.created, slot)
			r.admit(p, i)
			s.ownRow(r, p, i)
		}
		r.full += r.slotHash(p.rows, i, p.id(i), is)
	}
	return stayed
}

// units finds out where the memory of rows differs from the start of the tick.
func (f *changeFinder) units(r *rows, p *page, rows uint32) {
	n := len(f.dirty)
	for range (r.size + 3) / 4 {
		f.dirty = append(f.dirty, 0)
	}
	f.pages = append(f.pages, p)
	dirty := f.dirty[n:]
	for ; rows != 0; rows &= rows - 1 {
		i := uint32(bits.TrailingZeros32(rows))
		now, was := r.at(p.rows, i), r.at(p.start.rows, i)
		off := uintptr(0)
		for ; off+8 <= r.whole; off += 8 {
			if *(*uint64)(unsafe.Add(now, off)) == *(*uint64)(unsafe.Add(was, off)) {
				continue
			}
			if *(*uint32)(unsafe.Add(now, off)) != *(*uint32)(unsafe.Add(was, off)) {
				dirty[off/4] |= 1 << i
			}
			if *(*uint32)(unsafe.Add(now, off+4)) != *(*uint32)(unsafe.Add(was, off+4)) {
				dirty[off/4+1] |= 1 << i
			}
		}
		for ; off < r.size; off++ {
			if *(*uint8)(unsafe.Add(now, off)) != *(*uint8)(unsafe.Add(was, off)) {
				dirty[off/4] |= 1 << i
			}
		}
	}
}

// column looks for changed cells of a column in the rows whose memory differs there.
func (f *changeFinder) column(s *Store, r *rows, n int) {
	probe, each := &r.probes[n], int(r.size+3)/4
	for e, p := range f.pages {
		rows := uint32(0)
		for _, unit := range f.dirty[e*each+int(probe.first) : e*each+int(probe.last)+1] {
			rows |= unit
		}
		switch {
		case rows == 0:
		case probe.how == asSteps:
			f.steps(r, n, p, rows)
		case probe.how == asPublic:
			f.cells(s, r, &r.columns[n], p, rows)
		default:
			s.hiddenCells(r, &r.columns[n], p, rows)
		}
	}
}

// cells takes in changed cells of a public column.
func (f *changeFinder) cells(s *Store, r *rows, c *column, p *page, rows uint32) {
	g, b := r.grid, &p.held
	held := &g.columns[c.public]
	part, length, changed := f.out.openPart(), partHead, uint32(0)
	for ; rows != 0; rows &= rows - 1 {
		i := uint32(bits.TrailingZeros32(rows))
		now, differs := s.cell(r, c, p, i)
		if !differs {
			continue
		}
		wire, was := toWire(&c.Column, now), held.load(b, i)
		switch {
		case c.isText():
			b.texts[held.text*g.stride+int(i)] = *c.text(r.at(p.rows, i))
		case wire == was:
			continue
		default:
			diff := held.form.diff(wire, was)
			part[length] = uint32(diff)
			if length++; held.wide {
				part[length] = uint32(diff >> 32)
				length++
			}
		}
		held.store(b, i, wire)
		changed |= 1 << i
	}
	b.stale |= changed
	f.out.closePart(part, c.public, p.number, changed, length)
}

// steps is cells for columns probed asSteps, which are the n-th of the row and
// public ones; it reads nothing of them but the probe.
func (f *changeFinder) steps(r *rows, n int, p *page, rows uint32) {
	probe, b := &r.probes[n], &p.held
	cells, step, sum := b.cells[probe.cells:], probe.step, fullSum(0)
	isColumn, wasColumn := unsafe.Add(p.rows, probe.off), unsafe.Add(p.start.rows, probe.off)
	part, length, changed := f.out.openPart(), partHead, uint32(0)
	for ; rows != 0; rows &= rows - 1 {
		i := uint32(bits.TrailingZeros32(rows))
		memory := (*uint32)(r.at(isColumn, i))
		was, now := *(*uint32)(r.at(wasColumn, i)), canonical32(*memory)
		*memory = now
		key := fullKey(uint32(p.id(i)), r.index)
		sum += fullCell(key, n, uint64(now)) - fullCell(key, n, uint64(was))
		wire := uint32(quantise(float64(math.Float32frombits(now)), step))
		held := &cells[i]
		if *held == wire {
			continue
		}
		part[length] = uint32(stepped.diff(uint64(wire), uint64(*held)))
		length++
		*held = wire
		changed |= 1 << i
	}
	r.full += sum
	b.stale |= changed
	f.out.closePart(part, int(probe.public), p.number, changed, length)
}

// hiddenCells takes in changed cells of a column that not all clients hold.
func (s *Store) hiddenCells(r *rows, c *column, p *page, rows uint32) {
	for ; rows != 0; rows &= rows - 1 {
		i := uint32(bits.TrailingZeros32(rows))
		if now, differs := s.cell(r, c, p, i); differs && c.owner >= 0 {
			if c.isText() || toWire(&c.Column, c.load(r.at(p.start.rows, i))) != toWire(&c.Column, now) {
				s.ownCell(r, p, i, c)
			}
		}
	}
}

// cell settles a cell whose memory may differ and brings the full hash up to date.
func (s *Store) cell(r *rows, c *column, p *page, i uint32) (now uint64, differs bool) {
	row, start := r.at(p.rows, i), r.at(p.start.rows, i)
	if c.isText() && *c.text(row) == *c.text(start) {
		return 0, false
	}
	was, now := c.load(start), c.settle(row)
	if was == now && !c.isText() {
		return now, false
	}
	key := fullKey(uint32(p.id(i)), r.index)
	r.full += fullCell(key, c.number, now) - fullCell(key, c.number, was)
	if c.owned {
		s.ownRow(r, p, i)
	}
	return now, true
}
