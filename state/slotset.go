package state

import "math/bits"

// slotSet is a set of a table's slots, a bit each, with a word for every page.
type slotSet struct{ words []uint32 }

// empty makes the set one of no slots of so many pages.
func (x *slotSet) empty(pages int) {
	if cap(x.words) < pages {
		x.words = make([]uint32, pages, 2*pages)
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
			if !yield(uint32(i*pageRows + bits.TrailingZeros32(word))) {
				return
			}
		}
	}
}

// list appends the set in order.
func (x *slotSet) list(slots []uint32) []uint32 {
	for slot := range x.slots {
		slots = append(slots, slot)
	}
	return slots
}

// count is how many slots are in the set.
func (x *slotSet) count() (n int) {
	for _, word := range x.words {
		n += bits.OnesCount32(word)
	}
	return n
}

// positions appends where the slots of part, a subset, are among those of the set.
func (x *slotSet) positions(positions []uint32, part *slotSet) []uint32 {
	below := 0
	for i, word := range x.words {
		for rows := part.words[i]; rows != 0; rows &= rows - 1 {
			under := uint32(1)<<bits.TrailingZeros32(rows) - 1
			positions = append(positions, uint32(below+bits.OnesCount32(word&under)))
		}
		below += bits.OnesCount32(word)
	}
	return positions
}
