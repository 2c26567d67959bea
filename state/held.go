package state

import (
	"math/bits"
	"slices"

	"github.com/parlor-server/parlor/tick"
)

// heldBases is how many base ticks a Mirror holds at most.
const heldBases = ringTicks / BaseEvery

// heldState is a copy of the lossy tables as of a tick.
type heldState struct {
	tick   tick.Tick
	tables []heldTable // by index in the schema; those of reliable tables are empty
}

// heldTable is a copy of one table's pages. Slots without a row are all zero.
type heldTable struct{ pages []*heldPage } // nil where no row was yet

type heldPage struct {
	live  uint32
	gen   [pageRows]uint16
	cells []uint32
	texts []string
}

// find returns what is held of a tick, or nil.
func (x *lossyFrames) find(t tick.Tick) *heldState {
	for i := range x.held {
		if x.held[i].tick == t {
			return &x.held[i]
		}
	}
	return nil
}

// hold keeps a copy of what is shown, which is the state of tick t, and
// forgets those that no frame can start from any more. A world that is too
// large is not held.
func (m *Mirror) hold(t tick.Tick) {
	x := m.lossy
	for len(x.held) > 0 && x.held[0].tick+ringTicks <= t {
		x.spare = append(x.spare, x.held[0])
		x.held = slices.Delete(x.held, 0, 1)
	}
	var h heldState
	if n := len(x.spare); n > 0 {
		h, x.spare = x.spare[n-1], x.spare[:n-1]
	} else if x.size > maxMirrorCells {
		return
	}
	h.tick = t
	if h.tables == nil {
		h.tables = make([]heldTable, len(m.tables))
	}
	for i := range m.tables {
		if !m.tables[i].def.Reliable {
			x.size += h.tables[i].copy(m.tables[i].grid)
		}
	}
	x.held = append(x.held, h)
}

// copy makes the table one of the grid's rows, and returns how many words of
// 32 bits it took more memory for.
func (h *heldTable) copy(g *grid) (grown int) {
	for len(h.pages) < len(g.pages) {
		h.pages = append(h.pages, nil)
		grown += 2
	}
	for n, b := range g.pages {
		p := h.pages[n]
		if b == nil || b.live == 0 {
			if p != nil {
				p.live = 0
			}
			continue
		}
		if p == nil {
			p = &heldPage{cells: make([]uint32, len(b.cells)), texts: make([]string, len(b.texts))}
			h.pages[n] = p
			grown += len(b.cells) + 4*len(b.texts) + pageRows
		}
		p.live, p.gen = b.live, b.gen
		copy(p.cells, b.cells)
		copy(p.texts, b.texts)
	}
	return grown
}

// page returns a page with rows, or nil.
func (h *heldTable) page(n int) *heldPage {
	if n >= len(h.pages) || h.pages[n] == nil || h.pages[n].live == 0 {
		return nil
	}
	return h.pages[n]
}

// load makes the table's rows those that are held in its window, and no others.
func (t *MirrorTable) load(from *heldTable) {
	g := t.grid
	t.added, t.changed, t.removed = t.added[:0], t.changed[:0], t.removed[:0]
	t.stale, g.live = true, 0
	for n, b := range g.pages {
		if b != nil {
			b.live = 0
		}
		if b != nil && from.page(n) == nil {
			clear(b.cells)
			clear(b.texts)
		}
	}
	for n := range from.pages {
		p, in := from.page(n), t.window.rows(n)
		if p == nil || in == 0 {
			continue
		}
		live := p.live & in
		b := g.grow(uint32(n * pageRows))
		b.live, b.gen = live, p.gen
		copy(b.cells, p.cells)
		copy(b.texts, p.texts)
		g.live += bits.OnesCount32(live)
	}
}

// show makes the rows of t in the window of part those of part, and lists what
// differs.
func (m *Mirror) show(t, part *MirrorTable) {
	var none block
	for n := range max(len(t.grid.pages), len(part.grid.pages)) {
		in := part.window.rows(n)
		was, is := t.grid.block(uint32(n*pageRows)), part.grid.block(uint32(n*pageRows))
		if in == 0 || was == nil && (is == nil || is.live == 0) {
			continue
		}
		if was == nil {
			m.allocated += t.grid.blockWords()
			was = t.grid.grow(uint32(n * pageRows))
		}
		if is == nil {
			is = &none
		}
		stayed := was.live & is.live & in
		for rows := stayed; rows != 0; rows &= rows - 1 {
			if i := bits.TrailingZeros32(rows); was.gen[i] != is.gen[i] {
				stayed &^= 1 << i
			}
		}
		t.showRemoved(n, was.live&in&^stayed)
		created := is.live & in &^ stayed
		t.showAdded(n, is, created)
		changed := t.grid.copyDiffering(was, is, stayed)
		for rows := changed; rows != 0; rows &= rows - 1 {
			t.changed = append(t.changed, t.grid.id(uint32(n*pageRows+bits.TrailingZeros32(rows))))
		}
		was.stale |= changed
	}
}

func (t *MirrorTable) showRemoved(page int, rows uint32) {
	for ; rows != 0; rows &= rows - 1 {
		slot := uint32(page*pageRows + bits.TrailingZeros32(rows))
		id := t.grid.id(slot)
		t.removed = append(t.removed, id)
		t.grid.leave(slot)
		delete(t.owned, id)
		t.stale = true
	}
}

func (t *MirrorTable) showAdded(page int, from *block, rows uint32) {
	for added := rows; added != 0; added &= added - 1 {
		i := uint32(bits.TrailingZeros32(added))
		id := makeID(uint32(page*pageRows)+i, from.gen[i])
		t.added = append(t.added, id)
		t.grid.enter(id)
		t.stale = true
	}
	if rows != 0 {
		t.grid.copyDiffering(t.grid.pages[page], from, rows)
	}
}

// copyDiffering copies the cells of some rows from one block to another, and
// returns in which of them some differed.
func (g *grid) copyDiffering(to, from *block, rows uint32) (differ uint32) {
	if rows == 0 {
		return 0
	}
	for c := range g.columns {
		column := &g.columns[c]
		words := uint(column.words())
		end := column.first + int(words)*g.stride
		was, is := to.cells[column.first:end], from.cells[column.first:end]
		for i, cell := range is {
			if was[i] == cell {
				continue
			}
			if bit := uint32(1) << (uint(i) / words); rows&bit != 0 {
				was[i] = cell
				differ |= bit
			}
		}
	}
	for n := range from.texts {
		if i := n % g.stride; rows>>i&1 != 0 && to.texts[n] != from.texts[n] {
			to.texts[n] = from.texts[n]
			differ |= 1 << i
		}
	}
	return differ
}

// blockWords is how much memory a block takes, in words of 32 bits.
func (g *grid) blockWords() int { return g.stride * (g.width + 4*g.texts + 3) }
