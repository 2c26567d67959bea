package state

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
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
	block      *block // nil if clients do not have the table
	key        uint64 // of its full hash
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
			f.update(r, p, i)
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

func (f *changeFinder) update(r *rows, p *page, i uint32) {
	u := rowUpdate{row: r.at(p.rows, i), start: r.at(p.start, i), page: p, slot: uint32(p.number*pageRows) + i}
	u.key = fullKey(uint32(p.id(i)), r.index)
	if r.grid != nil {
		u.block = r.grid.pages[p.number]
	}
	f.updates = append(f.updates, u)
}

// compare looks for changed cells in the rows that stayed.
func (f *changeFinder) compare(s *Store, r *rows, change *tableChange) {
	for i := range r.columns {
		c := &r.columns[i]
		if c.public >= 0 && c.Kind == schema.Float32 && c.Quant > 0 && !c.Has(schema.Snap) {
			r.full += compareSteps(r.grid, c, f.updates, &change.columns[c.public])
			continue
		}
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
		if u := &f.updates[i]; u.changed {
			change.updated = append(change.updated, u.slot)
			u.block.stale |= 1 << (u.slot % pageRows)
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

// compareSteps is compareCells for what moves most: public quantised float32
// columns. It returns the change of the full hash.
func compareSteps(g *grid, c *column, updates []rowUpdate, changed *columnChange) (sum fullSum) {
	off, number, step, column := c.off, c.number, c.Quant, c.public*g.stride
	for i := range updates {
		u := &updates[i]
		memory := (*uint32)(unsafe.Add(u.row, off))
		was, now := *(*uint32)(unsafe.Add(u.start, off)), *memory
		if was == now {
			continue
		}
		if now = canonical32(now); now != *memory {
			*memory = now
		}
		sum += fullCell(u.key, number, uint64(now)) - fullCell(u.key, number, uint64(was))
		held := &u.block.cells[column+int(u.slot%pageRows)]
		wire := uint64(uint32(quantise(float64(math.Float32frombits(now)), step)))
		if *held != wire {
			changed.add(u.slot, *held)
			*held = wire
			u.changed = true
		}
	}
	return sum
}

// cellChanged takes in one cell whose memory differs.
func (s *Store) cellChanged(r *rows, c *column, u *rowUpdate, change *tableChange) {
	was, now := c.load(u.start), c.settle(u.row)
	if was == now && !c.isText() {
		return
	}
	r.full += fullCell(u.key, c.number, now) - fullCell(u.key, c.number, was)
	if c.owned {
		s.ownRow(r, u.page, u.slot%pageRows)
	}
	switch {
	case c.owner >= 0:
		if c.isText() || toWire(&c.Column, was) != toWire(&c.Column, now) {
			s.ownCell(r, u.page, u.slot%pageRows, c)
		}
	case c.public >= 0:
		wire := toWire(&c.Column, now)
		held := r.grid.cell(u.block, c.public, u.slot)
		if c.isText() {
			*r.grid.text(u.block, r.grid.columns[c.public].text, u.slot) = *c.text(u.row)
		} else if *held == wire {
			return
		}
		change.columns[c.public].add(u.slot, *held)
		*held = wire
		u.changed = true
	}
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
