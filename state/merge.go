package state

import "math/bits"

// slotSet is a set of a table's slots, a bit each, with a word for every page.
type slotSet struct{ words []uint64 }

// empty makes the set one of no slots of so many pages.
func (x *slotSet) empty(pages int) {
	if cap(x.words) < pages {
		x.words = make([]uint64, pages, 2*pages)
	}
	x.words = x.words[:pages]
	clear(x.words)
}

func (x *slotSet) fill(pages int, slots []uint32) {
	x.empty(pages)
	for _, slot := range slots {
		x.add(slot)
	}
}

func (x *slotSet) add(slot uint32)      { x.words[slot/pageRows] |= 1 << (slot % pageRows) }
func (x *slotSet) remove(slot uint32)   { x.words[slot/pageRows] &^= 1 << (slot % pageRows) }
func (x *slotSet) has(slot uint32) bool { return x.words[slot/pageRows]>>(slot%pageRows)&1 != 0 }

// slots yields the set in order.
func (x *slotSet) slots(yield func(uint32) bool) {
	for i, word := range x.words {
		for ; word != 0; word &= word - 1 {
			if !yield(uint32(i*pageRows + bits.TrailingZeros64(word))) {
				return
			}
		}
	}
}

// merge sums up the last n ticks' changes, in a buffer that the next call
// overwrites: what a client lacks that has the state of n ticks ago.
func (s *Store) merge(n int) []tableChange {
	for _, r := range s.tables {
		if r.grid == nil {
			continue
		}
		sum := &s.frames.merged[r.public]
		sum.reset()
		s.frames.mergeRows(&s.ring, r, sum, n)
		for c := range sum.columns {
			s.frames.mergeColumn(&s.ring, r, sum, c, n)
		}
		s.frames.mergeUpdated(r, sum)
	}
	return s.frames.merged
}

// mergeRows finds the rows that came and went. One that did both is in neither list.
func (f *frameEncoder) mergeRows(ring *ring, r *rows, sum *tableChange, n int) {
	f.created.empty(len(r.grid.pages))
	f.deleted.empty(len(r.grid.pages))
	for i := n - 1; i >= 0; i-- {
		change := &ring.back(i).tables[r.public]
		for _, slot := range change.deleted {
			if f.created.has(slot) {
				f.created.remove(slot)
			} else {
				f.deleted.add(slot)
			}
		}
		for _, slot := range change.created {
			f.created.add(slot)
		}
	}
	for slot := range f.deleted.slots {
		sum.deleted = append(sum.deleted, slot)
	}
	for slot := range f.created.slots {
		sum.created = append(sum.created, slot)
	}
}

// mergeColumn finds the cells that differ now from the base, in rows that stayed.
func (f *frameEncoder) mergeColumn(ring *ring, r *rows, sum *tableChange, column, n int) {
	f.seen.empty(len(r.grid.pages))
	if need := len(r.grid.pages) * pageRows; len(f.first) < need {
		f.first = make([]uint64, 2*need)
	}
	for i := range n { // newest first: the oldest value is the one that stays
		change := &ring.back(i).tables[r.public].columns[column]
		for k, slot := range change.slots {
			f.first[slot] = change.old[k]
			f.seen.add(slot)
		}
	}
	text := r.grid.columns[column].form == spelled
	for slot := range f.seen.slots {
		b := r.grid.pages[slot/pageRows]
		if f.created.has(slot) || f.deleted.has(slot) || b.live>>(slot%pageRows)&1 == 0 {
			continue // not live at both ends, or another row at each
		}
		// Equal digests do not prove that texts are equal.
		if text || f.first[slot] != *r.grid.cell(b, column, slot) {
			sum.columns[column].add(slot, f.first[slot])
		}
	}
}

// mergeUpdated lists the rows that any column's list has.
func (f *frameEncoder) mergeUpdated(r *rows, sum *tableChange) {
	f.seen.empty(len(r.grid.pages))
	for c := range sum.columns {
		for _, slot := range sum.columns[c].slots {
			f.seen.add(slot)
		}
	}
	for slot := range f.seen.slots {
		sum.updated = append(sum.updated, slot)
	}
}
