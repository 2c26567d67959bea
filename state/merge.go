package state

import (
	"math/bits"
	"slices"
)

// merge sums up the last n ticks' changes of some tables, in a buffer that the
// next call overwrites: what a client lacks that has the state of n ticks ago. A cell
// went by the sum of what it went by in each tick.
func (s *Store) merge(tables Tables, n int) changes {
	f := &s.frames
	out := f.merged[:0]
	for table, r := range s.public {
		if !tables.has(r.reliable) {
			continue
		}
		f.history = f.history[:0]
		for i := range n { // newest first
			f.history = append(f.history, s.ring.changes(i).of(table))
		}
		f.mergeRows(len(r.grid.pages))
		f.slots = f.deleted.list(f.slots[:0])
		gone := len(f.slots)
		f.slots = f.created.list(f.slots)
		at := out.openTable(table, f.slots[:gone], f.slots[gone:])
		for c := range r.grid.columns {
			f.mergeColumn(&out, r.grid, c)
		}
		out.closeTable(at)
	}
	f.merged = out
	return out
}

// mergeRows finds the rows that came and went. One that did both is in neither set.
func (f *frameEncoder) mergeRows(pages int) {
	f.created.empty(pages)
	f.deleted.empty(pages)
	for i := len(f.history) - 1; i >= 0; i-- {
		for _, slot := range f.history[i].deleted {
			if f.created.has(slot) {
				f.created.remove(slot)
			} else {
				f.deleted.add(slot)
			}
		}
		for _, slot := range f.history[i].created {
			f.created.add(slot)
		}
	}
}

// mergeColumn takes the column's next parts off all ticks of the history and
// sums them up for the rows that stayed.
func (f *frameEncoder) mergeColumn(out *changes, g *grid, column int) {
	c := &g.columns[column]
	f.subset.empty(len(g.pages))
	f.sums = slices.Grow(f.sums[:0], len(g.pages)*pageRows)[:len(g.pages)*pageRows]
	for i := range f.history {
		parts := f.history[i].parts
		for len(parts) > 0 && int(parts[0]) == column {
			var p columnPart
			p, parts = g.nextPart(parts)
			f.sum(c, &p)
		}
		f.history[i].parts = parts
	}
	for page, rows := range f.subset.words {
		if rows == 0 {
			continue
		}
		// Live at both ends, and not another row at each.
		rows &= g.pages[page].live &^ f.created.words[page] &^ f.deleted.words[page]
		part, length, changed := out.openPart(), partHead, uint32(0)
		for ; rows != 0; rows &= rows - 1 {
			i := uint32(bits.TrailingZeros32(rows))
			diff := c.form.diff(f.sums[uint32(page*pageRows)+i], 0)
			if c.form != spelled { // a text may be back, but was not compared
				if diff == 0 {
					continue
				}
				part[length] = uint32(diff)
				if length++; c.wide {
					part[length] = uint32(diff >> 32)
					length++
				}
			}
			changed |= 1 << i
		}
		out.closePart(part, column, page, changed, length)
	}
}

// sum adds one tick's part to the sums.
func (f *frameEncoder) sum(c *gridColumn, p *columnPart) {
	sums := f.sums[p.page*pageRows : (p.page+1)*pageRows]
	for fresh := p.rows &^ f.subset.words[p.page]; fresh != 0; fresh &= fresh - 1 {
		sums[bits.TrailingZeros32(fresh)] = 0
	}
	f.subset.words[p.page] |= p.rows
	if c.form == spelled {
		return
	}
	for rows, cells := p.rows, p.cells; rows != 0; rows &= rows - 1 {
		i := bits.TrailingZeros32(rows)
		diff := uint64(cells[0])
		if cells = cells[1:]; c.wide {
			diff |= uint64(cells[0]) << 32
			cells = cells[1:]
		}
		sums[i] = c.form.patch(sums[i], diff)
	}
}
