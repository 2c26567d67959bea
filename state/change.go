package state

import (
	"math/bits"
	"slices"
)

// changes is how the public rows of a world differ between two ticks, in the
// fewest words of 32 bits that need no decoding. For each table that changed,
// in schema order:
//
//	table, length of all this, number of deleted and of created rows
//	the slots of the rows that are gone, or gave their slot to another
//	the slots of the rows that came
//	parts, by column and then page: what changed in rows that stayed
//
// A part is
//
//	column, page, bitmap of its rows
//	for each row what its cell went by, as in the column's deltaForm:
//	one word, two if the column is wide, none if it is a text
type changes []uint32

const (
	tableHead = 4
	partHead  = 3
	partMost  = partHead + 2*pageRows
)

// openTable begins a table and returns where.
func (c *changes) openTable(table int, deleted, created []uint32) (at int) {
	at = len(*c)
	*c = append(*c, uint32(table), 0, uint32(len(deleted)), uint32(len(created)))
	*c = append(append(*c, deleted...), created...)
	return at
}

// closeTable ends the table begun at, and leaves it out if nothing changed.
func (c *changes) closeTable(at int) {
	length := len(*c) - at
	if length == tableHead {
		*c = (*c)[:at]
		return
	}
	(*c)[at+1] = uint32(length)
}

// openPart returns the memory for the head and the cells of a part.
func (c *changes) openPart() []uint32 {
	*c = slices.Grow(*c, partMost)
	return (*c)[len(*c) : len(*c)+partMost]
}

// closePart ends the part that has been written into that memory, and leaves
// it out if it has no rows.
func (c *changes) closePart(part []uint32, column, page int, rows uint32, length int) {
	if rows == 0 {
		return
	}
	part[0], part[1], part[2] = uint32(column), uint32(page), rows
	*c = (*c)[:len(*c)+length]
}

// tableChange is one table of changes.
type tableChange struct {
	table            int
	deleted, created []uint32
	parts            []uint32
}

// next returns the first table and what follows it.
func (c changes) next() (t tableChange, rest changes) {
	deleted, created := tableHead+c[2], tableHead+c[2]+c[3]
	return tableChange{int(c[0]), c[tableHead:deleted], c[deleted:created], c[created:c[1]]}, c[c[1]:]
}

// of returns the change of one table, which is empty if it did not change.
func (c changes) of(table int) (t tableChange) {
	for len(c) > 0 && int(c[0]) < table {
		c = c[c[1]:]
	}
	if len(c) > 0 && int(c[0]) == table {
		t, _ = c.next()
	}
	return t
}

// columnPart is what changed in one column of one page.
type columnPart struct {
	column, page int
	rows         uint32
	cells        []uint32
}

// nextPart returns the first part and what follows it.
func (g *grid) nextPart(parts []uint32) (p columnPart, rest []uint32) {
	p = columnPart{column: int(parts[0]), page: int(parts[1]), rows: parts[2]}
	end := partHead
	if c := &g.columns[p.column]; c.form != spelled {
		end += c.words() * bits.OnesCount32(p.rows)
	}
	p.cells = parts[partHead:end]
	return p, parts[end:]
}
