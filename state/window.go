package state

import "sort"

// slotWindow is a piece of a table: the slots from first up to but not end.
type slotWindow struct{ first, end uint32 }

func wholeTable() slotWindow { return slotWindow{0, maxSlots} }

// rows is which slots of a page are in the window.
func (x slotWindow) rows(page int) uint32 {
	begin := uint32(page * pageRows)
	if x.end <= begin || x.first >= begin+pageRows {
		return 0
	}
	rows := ^uint32(0)
	if x.first > begin {
		rows <<= x.first - begin
	}
	if x.end < begin+pageRows {
		rows &= 1<<(x.end-begin) - 1
	}
	return rows
}

// of returns those of the slots, which are in order, that are in the window.
func (x slotWindow) of(slots []uint32) []uint32 {
	from := sort.Search(len(slots), func(i int) bool { return slots[i] >= x.first })
	to := sort.Search(len(slots), func(i int) bool { return slots[i] >= x.end })
	return slots[from:to]
}

// keep takes all slots out of the set that are not in the window.
func (x *slotSet) keep(window slotWindow) {
	for page := range x.words {
		x.words[page] &= window.rows(page)
	}
}

// rowPlace is where a part of a frame begins or ends: before the slot of a
// table. Places are in the order of tables, and in each of slots.
type rowPlace struct{ table, slot uint32 }

// between is the window of a table between two places; it may be empty.
func between(from, to rowPlace, table uint32) slotWindow {
	window := wholeTable()
	switch {
	case table < from.table || table > to.table:
		return slotWindow{}
	case table == from.table:
		window.first = from.slot
	}
	if table == to.table {
		window.end = to.slot
	}
	return window
}

func (x slotWindow) empty() bool { return x.first >= x.end }
