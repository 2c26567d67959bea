package state

import (
	"math/bits"

	bitstream "github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/tick"
)

// frameEncoder writes state frames. All of its fields are scratch.
type frameEncoder struct {
	created   slotSet
	staying   slotSet
	updated   slotSet
	subset    slotSet
	positions []uint32 // of a row set
	deleted   slotSet
	merged    changes       // a delta over several ticks
	history   []tableChange // of one table, newest first
	sums      []uint64      // of one column, by slot
	slots     []uint32
}

// AppendDelta appends what turns the public state at tick base into that of
// the last EndTick. It is not ok, and dst as it was, if base is none of the
// last 64 ticks: then send a keyframe.
func (s *Store) AppendDelta(dst []byte, base tick.Tick, withHash bool) (payload []byte, ok bool) {
	return s.AppendDeltaOf(dst, AllTables, base, withHash)
}

// AppendDeltaOf is AppendDelta for some of the tables: the payload has, and
// its hash covers, nothing of the others.
func (s *Store) AppendDeltaOf(dst []byte, tables Tables, base tick.Tick, withHash bool) (payload []byte, ok bool) {
	changes, ok := s.changesSince(tables, base)
	if !ok {
		return dst, false
	}
	return s.appendChanges(dst, tables, changes, withHash), true
}

// changesSince returns what these tables, and maybe others, went by since a
// tick, until the next call.
func (s *Store) changesSince(tables Tables, base tick.Tick) (c changes, ok bool) {
	n, ok := s.ring.since(base)
	switch {
	case !ok || n == 0:
		return nil, ok
	case n == 1:
		return s.ring.changes(0), true
	}
	return s.merge(tables, n), true
}

// appendChanges appends the payload of a frame in one part.
func (s *Store) appendChanges(dst []byte, tables Tables, changes changes, withHash bool) []byte {
	s.writer.Reset(dst)
	s.writeHash(tables, withHash)
	for table, r := range s.public {
		var change tableChange
		changed := len(changes) > 0 && int(changes[0]) == table
		if changed {
			change, changes = changes.next()
		}
		if !tables.has(r.reliable) {
			continue
		}
		s.writer.Bool(changed)
		if changed {
			s.frames.table(&s.writer, r.grid, &change, wholeTable())
		}
	}
	return s.writer.Finish()
}

// AppendKeyframe appends the whole public state of the last EndTick.
func (s *Store) AppendKeyframe(dst []byte, withHash bool) []byte {
	s.writer.Reset(dst)
	s.writeHash(AllTables, withHash)
	for _, r := range s.public {
		s.writer.Bool(r.grid.live > 0)
		if r.grid.live == 0 {
			continue
		}
		f := &s.frames
		f.slots = f.slots[:0]
		for slot := range r.grid.slots {
			f.slots = append(f.slots, slot)
		}
		s.writer.Bool(false)
		s.writer.Bool(true)
		f.creates(&s.writer, r.grid, f.slots, 0)
		s.writer.Bool(false)
	}
	return s.writer.Finish()
}

func (s *Store) writeHash(tables Tables, withHash bool) {
	s.writer.Bool(withHash)
	if withHash {
		h := s.PublicHashOf(tables)
		s.writer.Bits(uint64(h.A), 32)
		s.writer.Bits(uint64(h.B), 32)
	}
}

// table writes one table's change within a window of its slots.
func (f *frameEncoder) table(w *bitstream.Writer, g *grid, change *tableChange, window slotWindow) {
	f.created.fill(len(g.pages), change.created)
	f.staying.empty(len(g.pages))
	for i, b := range g.pages {
		if b != nil {
			f.staying.words[i] = b.live &^ f.created.words[i]
		}
	}
	staying := g.live - len(change.created)
	if window != wholeTable() {
		f.staying.keep(window)
		staying = f.staying.count()
	}
	w.Bool(len(change.deleted) > 0)
	if len(change.deleted) > 0 {
		f.deleted.fill(len(g.pages), change.deleted)
		f.updated.empty(len(g.pages)) // rather, those that were live before
		for i := range f.updated.words {
			f.updated.words[i] = f.staying.words[i] | f.deleted.words[i]
		}
		f.rowSet(w, &f.updated, staying+len(change.deleted), &f.deleted, len(change.deleted))
	}
	w.Bool(len(change.created) > 0)
	if len(change.created) > 0 {
		f.creates(w, g, change.created, window.first)
	}
	w.Bool(len(change.parts) > 0)
	if len(change.parts) > 0 {
		f.updates(w, g, change.parts, staying)
	}
}

// rowSet writes which n rows of a set of many are meant.
func (f *frameEncoder) rowSet(w *bitstream.Writer, all *slotSet, many int, part *slotSet, n int) {
	if n == many {
		writeAllRows(w)
		return
	}
	f.positions = all.positions(f.positions[:0], part)
	writeRowSet(w, f.positions, many)
}

// creates writes new rows; none is in a slot before first.
func (f *frameEncoder) creates(w *bitstream.Writer, g *grid, slots []uint32, first uint32) {
	w.UVar(uint64(len(slots)))
	previous := int(first) - 1
	for _, slot := range slots {
		w.UVar(uint64(int(slot) - previous - 1))
		w.Bits(uint64(g.id(slot).gen()), 12)
		previous = int(slot)
	}
	for c := range g.columns {
		created(w, g, c, slots)
	}
}

// created writes one column of new rows.
func created(w *bitstream.Writer, g *grid, column int, slots []uint32) {
	c := &g.columns[column]
	if c.form == spelled {
		for _, slot := range slots {
			w.String(*g.text(g.pages[slot/pageRows], c.text, slot))
		}
		return
	}
	var all uint64
	for _, slot := range slots {
		all |= c.form.diff(c.load(g.pages[slot/pageRows], slot%pageRows), 0)
	}
	width := c.writeWidth(w, all)
	if width == 0 {
		return
	}
	if c.wide {
		for _, slot := range slots {
			w.Bits(c.form.diff(c.load(g.pages[slot/pageRows], slot%pageRows), 0), width)
		}
		return
	}
	var cells [pageRows]uint32
	for len(slots) > 0 {
		n := min(len(slots), len(cells))
		for i, slot := range slots[:n] {
			cells[i] = uint32(c.form.diff(c.load(g.pages[slot/pageRows], slot%pageRows), 0))
		}
		w.Block(cells[:n], width)
		slots = slots[n:]
	}
}

// writeWidth writes how many bits each cell has, all of which or to all.
func (c *gridColumn) writeWidth(w *bitstream.Writer, all uint64) (width uint) {
	width = uint(bits.Len64(all))
	if c.wide {
		w.Bits(uint64(width), 7)
	} else {
		w.Bits(uint64(width), 6)
	}
	return width
}

// updates writes what changed in rows that stayed.
func (f *frameEncoder) updates(w *bitstream.Writer, g *grid, parts []uint32, staying int) {
	f.updated.empty(len(g.pages))
	for rest := parts; len(rest) > 0; {
		var p columnPart
		p, rest = g.nextPart(rest)
		f.updated.words[p.page] |= p.rows
	}
	updated := f.updated.count()
	f.rowSet(w, &f.staying, staying, &f.updated, updated)
	for c := range g.columns {
		changed := len(parts) > 0 && int(parts[0]) == c
		w.Bool(changed)
		if changed {
			parts = f.column(w, g, parts, updated)
		}
	}
}

// column writes the first column of parts and returns what follows it.
func (f *frameEncoder) column(w *bitstream.Writer, g *grid, parts []uint32, updated int) (rest []uint32) {
	column := parts[0]
	c := &g.columns[column]
	f.subset.empty(len(g.pages))
	rows, all := 0, uint64(0)
	for rest = parts; len(rest) > 0 && rest[0] == column; {
		var p columnPart
		p, rest = g.nextPart(rest)
		f.subset.words[p.page] = p.rows
		rows += bits.OnesCount32(p.rows)
		all |= c.union(p.cells)
	}
	f.rowSet(w, &f.updated, updated, &f.subset, rows)
	if c.form == spelled {
		for slot := range f.subset.slots {
			w.String(*g.text(g.pages[slot/pageRows], c.text, slot))
		}
		return rest
	}
	width := c.writeWidth(w, all)
	for len(parts) > len(rest) {
		var p columnPart
		p, parts = g.nextPart(parts)
		if c.wide {
			w.Block64(p.cells, width)
		} else {
			w.Block(p.cells, width)
		}
	}
	return rest
}

// union is all cells of a part, ored.
func (c *gridColumn) union(cells []uint32) (all uint64) {
	var halves [2]uint32
	if !c.wide {
		for _, cell := range cells {
			halves[0] |= cell
		}
		return uint64(halves[0])
	}
	for i, cell := range cells {
		halves[i%2] |= cell
	}
	return uint64(halves[0]) | uint64(halves[1])<<32
}
