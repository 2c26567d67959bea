package state

import (
	"math/bits"

	"github.com/parlor-server/parlor/schema"
)

// pageRows is how many slots lie together: few enough that a small room's pages
// are not mostly empty, and as many as a uint32 has bits.
const pageRows = 32

// grid holds the public cells of a table in wire form, as clients hold them:
// the Store keeps one to find changes against, a Mirror one to apply them to.
// Pages of 32 slots are made on first use and never freed. One goroutine.
type grid struct {
	table   uint32 // index in the schema
	columns []gridColumn
	texts   int      // how many columns are texts
	stride  int      // slots in a page: 32, or 1 in a single table
	width   int      // of a row, in words of 32 bits
	pages   []*block // nil where no row was yet
	live    int
	hash    Hash // the sum of the rows' hashes but those that are stale
}

// gridColumn is what encoding and hashing must know of a public column.
type gridColumn struct {
	form  deltaForm
	wide  bool // 64 bits: 64-bit numbers, and texts' digests
	first int  // where the column's cells begin in a block
	text  int  // index among the text columns
}

// block is a page of a grid. Cells stand column by column, in one word of 32
// bits, or two if the column is wide; a text's cell is its digest.
type block struct {
	live   uint32
	stale  uint32 // rows whose hash is to be computed anew
	cells  []uint32
	texts  []string
	gen    [pageRows]uint16
	hashes [pageRows]Hash // public hash of each row; zero where none is
}

// deltaForm says how the difference of two cells is written.
type deltaForm uint8

const (
	flipped deltaForm = iota // exclusive or
	stepped                  // zigzag of the 32-bit difference
	leaping                  // zigzag of the 64-bit difference
	flipped64
	spelled // a text, as it is
)

func newGrid(table int, def *schema.TableDef) *grid {
	g := &grid{table: uint32(table), stride: pageRows}
	if def.Single {
		g.stride = 1
	}
	for i := range def.Columns {
		c := &def.Columns[i]
		if c.Has(schema.Owner) {
			continue
		}
		column := gridColumn{form: stepped, wide: c.Wide() || c.Kind == schema.String}
		switch {
		case c.Kind == schema.String:
			column.form, column.text = spelled, g.texts
			g.texts++
		case c.Kind == schema.Bool || c.Kind == schema.Float32 && !c.Quantised():
			column.form = flipped
		case c.Kind == schema.Float64 && !c.Quantised():
			column.form = flipped64
		case c.Wide():
			column.form = leaping
		}
		column.first = g.width * g.stride
		g.width += column.words()
		g.columns = append(g.columns, column)
	}
	return g
}

func (f deltaForm) wide() bool { return f == leaping || f == flipped64 }

// words is how many words of 32 bits a cell has.
func (c *gridColumn) words() int {
	if c.wide {
		return 2
	}
	return 1
}

// load returns the cell of a slot of the block.
func (c *gridColumn) load(b *block, i uint32) uint64 {
	if !c.wide {
		return uint64(b.cells[c.first+int(i)])
	}
	n := c.first + 2*int(i)
	return uint64(b.cells[n]) | uint64(b.cells[n+1])<<32
}

func (c *gridColumn) store(b *block, i uint32, wire uint64) {
	if !c.wide {
		b.cells[c.first+int(i)] = uint32(wire)
		return
	}
	n := c.first + 2*int(i)
	b.cells[n], b.cells[n+1] = uint32(wire), uint32(wire>>32)
}

// diff is what is sent for a cell that went from old to now.
func (f deltaForm) diff(now, old uint64) uint64 {
	switch f {
	case stepped:
		d := int32(uint32(now) - uint32(old))
		return uint64(uint32(d<<1) ^ uint32(d>>31))
	case leaping:
		d := int64(now - old)
		return uint64(d<<1) ^ uint64(d>>63)
	}
	return now ^ old
}

// patch is the inverse of diff.
func (f deltaForm) patch(old, diff uint64) uint64 {
	switch f {
	case stepped:
		d := uint32(diff)
		return uint64(uint32(old) + (d>>1 ^ -(d & 1)))
	case leaping:
		return old + (diff>>1 ^ -(diff & 1))
	}
	return old ^ diff
}

// block returns the page of a slot, or nil.
func (g *grid) block(slot uint32) *block {
	if i := int(slot / pageRows); i < len(g.pages) {
		return g.pages[i]
	}
	return nil
}

// grow returns the page of a slot, made if need be.
func (g *grid) grow(slot uint32) *block {
	i := int(slot / pageRows)
	if i >= len(g.pages) || g.pages[i] == nil {
		g.adopt(i, new(block))
	}
	return g.pages[i]
}

// adopt makes an unused block the page i.
func (g *grid) adopt(i int, b *block) {
	for len(g.pages) <= i {
		g.pages = append(g.pages, nil)
	}
	b.cells, b.texts = make([]uint32, g.width*g.stride), make([]string, g.texts*g.stride)
	g.pages[i] = b
}

// has reports whether the row id is there.
func (g *grid) has(id ID) bool {
	b, i := g.block(id.slot()), id.slot()%pageRows
	return b != nil && b.live>>i&1 != 0 && b.gen[i] == id.gen()
}

// id is the row in a slot that is known to be live.
func (g *grid) id(slot uint32) ID { return makeID(slot, g.pages[slot/pageRows].gen[slot%pageRows]) }

// cell is the cell of a slot whose page is there.
func (g *grid) cell(b *block, column int, slot uint32) uint64 {
	return g.columns[column].load(b, slot%pageRows)
}

func (g *grid) text(b *block, text int, slot uint32) *string {
	return &b.texts[text*g.stride+int(slot%pageRows)]
}

// enter marks a slot live; its cells are whatever they were.
func (g *grid) enter(id ID) *block {
	b, i := g.grow(id.slot()), id.slot()%pageRows
	b.live |= 1 << i
	b.stale |= 1 << i
	b.gen[i] = id.gen()
	g.live++
	return b
}

// leave takes a live row out and clears its cells.
func (g *grid) leave(slot uint32) {
	b, i := g.block(slot), slot%pageRows
	g.hash.sub(b.hashes[i])
	b.hashes[i] = Hash{}
	b.live &^= 1 << i
	b.stale &^= 1 << i
	g.live--
	for c := range g.columns {
		g.columns[c].store(b, i, 0)
	}
	for t := range g.texts {
		*g.text(b, t, slot) = ""
	}
}

// publicHash is the hash of all rows. Those that changed since it was last
// asked for are hashed now.
func (g *grid) publicHash() Hash {
	for n, b := range g.pages {
		if b == nil {
			continue
		}
		for ; b.stale != 0; b.stale &= b.stale - 1 {
			i := bits.TrailingZeros32(b.stale)
			g.hash.sub(b.hashes[i])
			b.hashes[i] = g.rowHash(uint32(n*pageRows + i))
			g.hash.add(b.hashes[i])
		}
	}
	return g.hash
}

// rowHash is the public hash of a live row: its presence and its cells.
func (g *grid) rowHash(slot uint32) Hash {
	b := g.block(slot)
	key := rowKey(g.id(slot), g.table)
	h := cellHash(key, presence, presentRow)
	for c := range g.columns {
		h.add(anyCellHash(key, c, g.cell(b, c, slot), g.columns[c].wide))
	}
	return h
}

// rehash computes the hash from nothing.
func (g *grid) rehash() Hash {
	var h Hash
	for slot := range g.slots {
		h.add(g.rowHash(slot))
	}
	return h
}

// slots yields the live slots in order.
func (g *grid) slots(yield func(uint32) bool) {
	for i, b := range g.pages {
		if b == nil {
			continue
		}
		for live := b.live; live != 0; live &= live - 1 {
			if !yield(uint32(i*pageRows + bits.TrailingZeros32(live))) {
				return
			}
		}
	}
}

// clear removes all rows.
func (g *grid) clear() {
	for slot := range g.slots {
		g.leave(slot)
	}
}
