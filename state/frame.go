package state

import (
	"math"
	"math/bits"
	"slices"

	bitstream "github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/tick"
)

// frameEncoder writes state frames. All of its fields but merged are scratch
// for one table of one frame.
type frameEncoder struct {
	merged    []tableChange // a delta over several ticks
	positions []uint32      // of a row set
	diffs     []uint64      // of a column block
	slots     []uint32
	first     []uint64 // by slot: the value at the base
	created   slotSet
	deleted   slotSet
	seen      slotSet
}

// AppendDelta appends what turns the public state at tick base into that of
// the last EndTick. It is not ok, and dst as it was, if base is none of the
// last 64 ticks: then send a keyframe.
func (s *Store) AppendDelta(dst []byte, base tick.Tick, withHash bool) (payload []byte, ok bool) {
	n, ok := s.ring.since(base)
	if !ok {
		return dst, false
	}
	var changes []tableChange
	switch n {
	case 0:
		for i := range s.frames.merged {
			s.frames.merged[i].reset()
		}
		changes = s.frames.merged
	case 1:
		changes = s.ring.back(0).tables
	default:
		changes = s.merge(n)
	}
	s.beginFrame(dst, withHash)
	for _, r := range s.tables {
		if r.grid == nil {
			continue
		}
		change := &changes[r.public]
		s.writer.Bool(!change.empty())
		if !change.empty() {
			s.frames.table(&s.writer, r.grid, change)
		}
	}
	return s.writer.Finish(), true
}

// AppendKeyframe appends the whole public state of the last EndTick.
func (s *Store) AppendKeyframe(dst []byte, withHash bool) []byte {
	s.beginFrame(dst, withHash)
	for _, r := range s.tables {
		if r.grid == nil {
			continue
		}
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
		f.creates(&s.writer, r.grid, f.slots)
		s.writer.Bool(false)
	}
	return s.writer.Finish()
}

func (s *Store) beginFrame(dst []byte, withHash bool) {
	s.writer.Reset(dst)
	s.writer.Bool(withHash)
	if withHash {
		h := s.PublicHash()
		s.writer.Bits(uint64(h.A), 32)
		s.writer.Bits(uint64(h.B), 32)
	}
}

// table writes one table's change.
func (f *frameEncoder) table(w *bitstream.Writer, g *grid, change *tableChange) {
	f.created.fill(len(g.pages), change.created)
	w.Bool(len(change.deleted) > 0)
	if len(change.deleted) > 0 {
		f.deleted.fill(len(g.pages), change.deleted)
		f.rank(g, change.deleted, true)
		writeRowSet(w, f.positions, g.live-len(change.created)+len(change.deleted))
	}
	w.Bool(len(change.created) > 0)
	if len(change.created) > 0 {
		f.creates(w, g, change.created)
	}
	w.Bool(len(change.updated) > 0)
	if len(change.updated) > 0 {
		f.updates(w, g, change)
	}
}

// rank finds the positions of slots among the rows that were live before, or
// among those that stayed.
func (f *frameEncoder) rank(g *grid, slots []uint32, before bool) {
	f.positions = f.positions[:0]
	below, n := 0, 0
	for i, b := range g.pages {
		if b == nil {
			continue
		}
		rows := b.live &^ f.created.words[i]
		if before {
			rows |= f.deleted.words[i]
		}
		for ; n < len(slots) && int(slots[n]/pageRows) == i; n++ {
			under := uint64(1)<<(slots[n]%pageRows) - 1
			f.positions = append(f.positions, uint32(below+bits.OnesCount64(rows&under)))
		}
		if n == len(slots) {
			return
		}
		below += bits.OnesCount64(rows)
	}
}

func (f *frameEncoder) creates(w *bitstream.Writer, g *grid, slots []uint32) {
	w.UVar(uint64(len(slots)))
	previous := -1
	for _, slot := range slots {
		w.UVar(uint64(int(slot) - previous - 1))
		w.Bits(uint64(g.id(slot).gen()), 12)
		previous = int(slot)
	}
	for c := range g.columns {
		f.block(w, g, c, slots, nil)
	}
}

func (f *frameEncoder) updates(w *bitstream.Writer, g *grid, change *tableChange) {
	staying := g.live - len(change.created)
	if len(change.updated) == staying {
		writeAllRows(w)
	} else {
		f.rank(g, change.updated, false)
		writeRowSet(w, f.positions, staying)
	}
	for c := range change.columns {
		column := &change.columns[c]
		w.Bool(len(column.slots) > 0)
		if len(column.slots) == 0 {
			continue
		}
		if len(column.slots) == len(change.updated) {
			writeAllRows(w)
		} else {
			f.positions = positionsIn(f.positions[:0], change.updated, column.slots)
			writeRowSet(w, f.positions, len(change.updated))
		}
		f.block(w, g, c, column.slots, column.old)
	}
}

// positionsIn appends where the slots of part, a subset, are in whole.
func positionsIn(positions, whole, part []uint32) []uint32 {
	n := 0
	for _, slot := range part {
		for whole[n] != slot {
			n++
		}
		positions = append(positions, uint32(n))
	}
	return positions
}

// block writes one column of the rows in slots; old is nil for new rows.
func (f *frameEncoder) block(w *bitstream.Writer, g *grid, column int, slots []uint32, old []uint64) {
	c := &g.columns[column]
	if c.form == spelled {
		for _, slot := range slots {
			w.String(*g.text(g.pages[slot/pageRows], c.text, slot))
		}
		return
	}
	all := f.differences(g, column, slots, old)
	width := uint(bits.Len64(all))
	if c.form.wide() {
		w.Bits(uint64(width), 7)
	} else {
		w.Bits(uint64(width), 6)
	}
	w.Block(f.diffs, width)
}

// differences fills diffs with what each cell went by, and returns all of them ored.
func (f *frameEncoder) differences(g *grid, column int, slots []uint32, old []uint64) (all uint64) {
	f.diffs = slices.Grow(f.diffs[:0], len(slots))[:len(slots)]
	form, first := g.columns[column].form, column*g.stride
	var b *block
	page := uint32(math.MaxUint32)
	for i, slot := range slots {
		if slot/pageRows != page {
			page = slot / pageRows
			b = g.pages[page]
		}
		diff := b.cells[first+int(slot%pageRows)]
		switch {
		case old != nil:
			diff = form.diff(diff, old[i])
		case form != flipped && form != flipped64:
			diff = form.diff(diff, 0)
		}
		all |= diff
		f.diffs[i] = diff
	}
	return all
}
