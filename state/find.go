package state

import (
	"math/bits"
	"unsafe"
)

// changeFinder compares the rows touched in a tick with what they were when it
// began. It works column by column, so that the column's type is looked at
// once for all rows. Its buffers are reused.
type changeFinder struct {
	updates []rowUpdate
	unseen  tableChange // of tables that clients do not have
}

// rowUpdate is a touched row that was there before and still is.
type rowUpdate struct {
	row, start unsafe.Pointer
	page       *page
	slot       uint32
	changed    bool // a public cell did
}

// find fills the tick's record and brings grids and hashes up to date.
func (f *changeFinder) find(s *Store, record *tickRecord) (changed bool) {
	for _, r := range s.tables {
		change := &f.unseen
		if r.grid != nil {
			change = &record.tables[r.public]
		}
		f.updates = f.updates[:0]
		for w, word := range r.edited {
			for ; word != 0; word &= word - 1 {
				f.page(s, r, r.pages[w*64+bits.TrailingZeros64(word)], change)
			}
			r.edited[w] = 0
		}
		if len(f.updates) > 0 {
			f.compare(s, r, change)
		}
		changed = changed || r.grid != nil && !change.empty()
	}
	f.unseen.reset()
	return changed
}

func (f *changeFinder) page(s *Store, r *rows, p *page, change *tableChange) {
	for edited := p.edited; edited != 0; edited &= edited - 1 {
		i := uint32(bits.TrailingZeros64(edited))
		bit := uint64(1) << i
		was, is := p.startLive&bit != 0, p.live&bit != 0
		if was && is && p.startGen[i] == p.gen[i] {
			f.updates = append(f.updates, rowUpdate{r.at(p.rows, i), r.at(p.start, i), p, uint32(p.number*pageRows) + i, false})
			continue
		}
		r.full -= r.slotHash(p.start, i, makeID(uint32(p.number*pageRows)+i, p.startGen[i]), was)
		if was {
			change.deleted = append(change.deleted, uint32(p.number*pageRows)+i)
			if r.grid != nil {
				r.grid.leave(uint32(p.number*pageRows) + i)
			}
		}
		if is {
			change.created = append(change.created, uint32(p.number*pageRows)+i)
			r.admit(p, i)
			s.ownRow(r, p, i)
		}
		r.full += r.slotHash(p.rows, i, p.id(i), is)
	}
	p.edited = 0
}

// compare looks for changed cells in the rows that stayed.
func (f *changeFinder) compare(s *Store, r *rows, change *tableChange) {
	for i := range r.columns {
		c := &r.columns[i]
		switch c.size {
		case 0:
			compareCells[string](s, r, c, f.updates, change)
		case 1:
			compareCells[uint8](s, r, c, f.updates, change)
		case 2:
			compareCells[uint16](s, r, c, f.updates, change)
		case 4:
			compareCells[uint32](s, r, c, f.updates, change)
		default:
			compareCells[uint64](s, r, c, f.updates, change)
		}
	}
	for i := range f.updates {
		if f.updates[i].changed {
			change.updated = append(change.updated, f.updates[i].slot)
		}
	}
}

func compareCells[M comparable](s *Store, r *rows, c *column, updates []rowUpdate, change *tableChange) {
	for i := range updates {
		u := &updates[i]
		if *(*M)(unsafe.Add(u.row, c.off)) != *(*M)(unsafe.Add(u.start, c.off)) {
			s.cellChanged(r, c, u, change)
		}
	}
}

// cellChanged takes in one cell whose memory differs.
func (s *Store) cellChanged(r *rows, c *column, u *rowUpdate, change *tableChange) {
	was, now := c.load(u.start), c.settle(u.row)
	if was == now && !c.isText() {
		return
	}
	id := u.page.id(u.slot % pageRows)
	key := fullKey(uint32(id), r.index)
	r.full += fullCell(key, c.number, now) - fullCell(key, c.number, was)
	if c.owned {
		s.ownRow(r, u.page, u.slot%pageRows)
	}
	switch {
	case c.owner >= 0:
		if c.isText() || toWire(&c.Column, was) != toWire(&c.Column, now) {
			s.ownCell(r, u.page, u.slot%pageRows, c)
		}
	case c.public >= 0:
		if r.grid.change(id, c, u.row, toWire(&c.Column, now), &change.columns[c.public]) {
			u.changed = true
		}
	}
}

// change sets a cell of a live row and notes what it was; false if it is the same on the wire.
func (g *grid) change(id ID, c *column, row unsafe.Pointer, now uint64, changed *columnChange) bool {
	slot := id.slot()
	b := g.pages[slot/pageRows]
	held := g.cell(b, c.public, slot)
	old := *held
	form := &g.columns[c.public]
	if form.form == spelled {
		*g.text(b, form.text, slot) = *c.text(row)
	} else if old == now {
		return false
	}
	changed.add(slot, old)
	*held = now
	b.stale |= 1 << (slot % pageRows)
	return true
}

// admit settles a new row and enters its public cells.
func (r *rows) admit(p *page, i uint32) {
	row, id := r.at(p.rows, i), p.id(i)
	var b *block
	if r.grid != nil {
		b = r.grid.enter(id)
	}
	for n := range r.columns {
		c := &r.columns[n]
		exact := c.settle(row)
		if r.grid == nil || c.public < 0 {
			continue
		}
		*r.grid.cell(b, c.public, id.slot()) = toWire(&c.Column, exact)
		if c.isText() {
			*r.grid.text(b, r.grid.columns[c.public].text, id.slot()) = *c.text(row)
		}
	}
}

// sync makes grid and hash anew from the rows, which no call has touched.
func (r *rows) sync() {
	if r.grid != nil {
		r.grid.clear()
	}
	for slot := uint32(0); ; slot++ {
		p, i, ok := r.next(slot)
		if !ok {
			break
		}
		slot = uint32(p.number*pageRows) + i
		r.admit(p, i)
	}
	r.full = r.fullHash()
}
