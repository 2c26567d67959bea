package state

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	bitstream "github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

var (
	errGeneration = errors.New("a row is created where one is, or without a generation")
	errWidth      = errors.New("cells are wider than their column")
	errTooBig     = errors.New("more cells than a mirror holds")
	errSlot       = errors.New("slot beyond the table")
)

// ApplyFrame applies the payload of a state frame: a delta whose base is what
// the mirror holds, or a keyframe. After an error the mirror holds neither and
// must be given a keyframe. It never panics, and allocates no more than the
// frame's cells.
func (m *Mirror) ApplyFrame(payload []byte, keyframe bool) error {
	m.lossy.lose()
	return m.applyFrame(payload, AllTables, keyframe)
}

// ApplyReliable applies a frame of the reliable tables alone, which follows
// the last one or the keyframe. After an error the mirror must be given a
// keyframe.
func (m *Mirror) ApplyReliable(payload []byte) error {
	err := m.applyFrame(payload, ReliableTables, false)
	if err != nil {
		m.lossy.lose()
	}
	return err
}

func (m *Mirror) applyFrame(payload []byte, tables Tables, keyframe bool) error {
	m.forgetLists()
	r := &m.reader
	r.Reset(payload)
	hash, hasHash := readHash(r)
	for i := range m.tables {
		t := &m.tables[i]
		if !tables.has(t.def.Reliable) {
			continue
		}
		if keyframe {
			t.empty()
		}
		if r.Bool() {
			m.applyTable(t)
		}
		if keyframe {
			t.settleKeyframe()
		}
		if err := r.Err(); err != nil {
			return fmt.Errorf("state: failed to apply frame: %s: %w", t.def.Name, err)
		}
	}
	if err := checkEnd(r); err != nil {
		return fmt.Errorf("state: failed to apply frame: %w", err)
	}
	if hasHash {
		m.setFrameHash(hash, tables)
	}
	return nil
}

// forgetLists makes what the last frame did one that did nothing.
func (m *Mirror) forgetLists() {
	m.hasFrameHash = false
	for i := range m.tables {
		t := &m.tables[i]
		t.added, t.changed, t.removed = t.added[:0], t.changed[:0], t.removed[:0]
	}
}

func readHash(r *bitstream.Reader) (h Hash, some bool) {
	if !r.Bool() {
		return Hash{}, false
	}
	return Hash{uint32(r.Bits(32)), uint32(r.Bits(32))}, true
}

// setFrameHash is told the hash that some of the tables should have.
func (m *Mirror) setFrameHash(h Hash, tables Tables) {
	switch tables {
	case LossyTables:
		h.add(m.HashOf(ReliableTables))
	case ReliableTables:
		h.add(m.HashOf(LossyTables))
	}
	m.frameHash, m.hasFrameHash = h, true
}

// empty removes all rows before a keyframe; removed lists them.
func (t *MirrorTable) empty() {
	for slot := range t.grid.slots {
		t.removed = append(t.removed, t.grid.id(slot))
	}
	t.grid.clear()
	t.stale = true
}

// settleKeyframe turns what was removed and added again into changed.
func (t *MirrorTable) settleKeyframe() {
	t.removed = slices.DeleteFunc(t.removed, func(id ID) bool {
		if !t.grid.has(id) {
			return false
		}
		t.changed = append(t.changed, id)
		return true
	})
	t.added = slices.DeleteFunc(t.added, func(id ID) bool {
		_, before := slices.BinarySearchFunc(t.changed, id.slot(), func(c ID, slot uint32) int { return int(c.slot()) - int(slot) })
		return before
	})
	for id := range t.owned {
		if !t.grid.has(id) {
			delete(t.owned, id)
		}
	}
}

func (m *Mirror) applyTable(t *MirrorTable) {
	r := &m.reader
	if r.Bool() {
		m.applyDeletes(t)
	}
	t.fresh.empty(len(t.grid.pages))
	if r.Bool() {
		m.applyCreates(t)
	}
	if r.Bool() && r.Err() == nil {
		m.applyUpdates(t)
	}
}

func (m *Mirror) applyDeletes(t *MirrorTable) {
	t.inOrder()
	m.positions = readRowSet(&m.reader, m.positions[:0], len(t.order))
	for _, p := range m.positions {
		slot := t.order[p]
		id := t.grid.id(slot)
		t.removed = append(t.removed, id)
		t.grid.leave(slot)
		delete(t.owned, id)
		t.stale = true
	}
}

// inOrder brings order up to date.
func (t *MirrorTable) inOrder() {
	if !t.stale {
		return
	}
	t.order, t.stale = t.order[:0], false
	for slot := range t.grid.slots {
		t.order = append(t.order, slot)
	}
}

func (m *Mirror) applyCreates(t *MirrorTable) {
	r := &m.reader
	count := r.UVar()
	if count > uint64(r.Remaining()/17) { // a row takes at least 5 + 12 bits
		r.Fail(errTooBig)
	}
	t.stale = true
	m.selected = m.selected[:0]
	next := uint64(t.window.first)
	for ; count > 0 && r.Err() == nil; count-- {
		slot := next + r.UVar()
		gen := uint16(r.Bits(12))
		if slot >= uint64(t.window.end) || slot < next || t.def.Single && slot > 0 {
			r.Fail(errSlot)
			return
		}
		next = slot + 1
		m.create(t, uint32(slot), gen)
	}
	if r.Err() != nil {
		return
	}
	t.fresh.empty(len(t.grid.pages))
	for _, slot := range m.selected {
		t.fresh.add(slot)
		t.added = append(t.added, t.grid.id(slot))
	}
	for c := range t.grid.columns {
		m.applyBlock(t, c, m.selected)
	}
}

// create enters a row with zero cells.
func (m *Mirror) create(t *MirrorTable, slot uint32, gen uint16) {
	b := t.grid.block(slot)
	if gen == 0 || b != nil && b.live>>(slot%pageRows)&1 != 0 {
		m.reader.Fail(errGeneration)
		return
	}
	if b == nil {
		m.allocated += t.grid.blockWords()
		if m.allocated > maxMirrorCells {
			m.reader.Fail(errTooBig)
			return
		}
	}
	b = t.grid.enter(makeID(slot, gen))
	for c := range t.grid.columns {
		if t.grid.columns[c].form == spelled {
			t.grid.columns[c].store(b, slot%pageRows, textDigest(""))
		}
	}
	m.selected = append(m.selected, slot)
}

func (m *Mirror) applyUpdates(t *MirrorTable) {
	r := &m.reader
	staying := m.staying(t)
	m.positions = readRowSet(r, m.positions[:0], len(staying))
	updated := m.selected[:0]
	for _, p := range m.positions {
		updated = append(updated, staying[p])
	}
	m.selected = updated
	t.marks.empty(len(t.grid.pages))
	for c := range t.grid.columns {
		if !r.Bool() {
			continue
		}
		m.positions = readRowSet(r, m.positions[:0], len(updated))
		if r.Err() != nil {
			return
		}
		for i, p := range m.positions {
			m.positions[i] = updated[p]
			t.marks.add(updated[p])
		}
		m.applyBlock(t, c, m.positions)
	}
	for slot := range t.marks.slots {
		t.changed = append(t.changed, t.grid.id(slot))
	}
}

// staying lists the slots of the rows that this frame did not create.
func (m *Mirror) staying(t *MirrorTable) []uint32 {
	if !t.stale {
		return t.order
	}
	staying := t.order[:0] // is stale anyway
	for i, b := range t.grid.pages {
		if b == nil {
			continue
		}
		for rows := b.live &^ t.fresh.words[i]; rows != 0; rows &= rows - 1 {
			staying = append(staying, uint32(i*pageRows+bits.TrailingZeros32(rows)))
		}
	}
	t.order = staying
	return staying
}

// applyBlock reads one column of the rows in slots.
func (m *Mirror) applyBlock(t *MirrorTable, column int, slots []uint32) {
	r := &m.reader
	c := &t.grid.columns[column]
	if c.form == spelled {
		for _, slot := range slots {
			m.bytes = r.AppendBytes(m.bytes[:0])
			if r.Err() != nil {
				return
			}
			text := t.grid.text(t.grid.pages[slot/pageRows], c.text, slot)
			if *text != string(m.bytes) {
				*text = string(m.bytes)
				t.grid.set(column, slot, textDigest(*text))
			}
		}
		return
	}
	widthBits, limit := uint(6), uint(32)
	if c.form.wide() {
		widthBits, limit = 7, 64
	}
	width := uint(r.Bits(widthBits))
	switch {
	case width == 0:
		return
	case width > limit:
		r.Fail(errWidth)
		return
	case r.Remaining() < len(slots)*int(width):
		r.Fail(bitstream.ErrEnd)
		return
	}
	for _, slot := range slots {
		b, i := t.grid.pages[slot/pageRows], slot%pageRows
		c.store(b, i, c.form.patch(c.load(b, i), r.Bits(width)))
		b.stale |= 1 << i
	}
}

// set changes a cell of a live row.
func (g *grid) set(column int, slot uint32, now uint64) {
	b := g.pages[slot/pageRows]
	g.columns[column].store(b, slot%pageRows, now)
	b.stale |= 1 << (slot % pageRows)
}

// ApplyOwner applies an owner payload.
func (m *Mirror) ApplyOwner(payload []byte) error {
	r := &m.reader
	r.Reset(payload)
	full := r.Bool()
	for i := range m.tables {
		t := &m.tables[i]
		t.ownerChanged = t.ownerChanged[:0]
		if len(t.owner) == 0 {
			continue
		}
		if full {
			clear(t.owned)
		}
		for n := r.UVar(); n > 0 && r.Err() == nil; n-- {
			m.applyOwned(t)
		}
		if err := r.Err(); err != nil {
			return fmt.Errorf("state: failed to apply owner columns: %s: %w", t.def.Name, err)
		}
	}
	if err := checkEnd(r); err != nil {
		return fmt.Errorf("state: failed to apply owner columns: %w", err)
	}
	return nil
}

func (m *Mirror) applyOwned(t *MirrorTable) {
	r := &m.reader
	id := ID(r.Bits(32))
	if r.Err() != nil {
		return
	}
	row := t.owned[id]
	if row == nil {
		row = &ownedRow{make([]uint64, len(t.owner)), make([]string, len(t.owner))}
		t.owned[id] = row
	}
	for n := range t.owner {
		if r.Bool() {
			row.cells[n], row.texts[n] = m.readPlain(&t.plain[n], &t.def.Columns[t.owner[n]])
		}
	}
	t.ownerChanged = append(t.ownerChanged, id)
}

func (m *Mirror) readPlain(f *plainForm, c *schema.Column) (wire uint64, text string) {
	if c.Kind == schema.String {
		m.bytes = m.reader.AppendBytes(m.bytes[:0])
		return 0, string(m.bytes)
	}
	return f.read(&m.reader, c), ""
}

// DecodeEvents gives each event of a payload to receive: its index in
// Schema.Events, and its cells, which are valid during the call only.
func (m *Mirror) DecodeEvents(payload []byte, receive func(event int, cells []Cell)) error {
	r := &m.reader
	r.Reset(payload)
	for n := r.UVar(); n > 0 && r.Err() == nil; n-- {
		event := r.UVar()
		if event >= uint64(len(m.events)) {
			r.Fail(errors.New("no such event"))
			break
		}
		m.cells = m.cells[:0]
		for i := range m.events[event] {
			c := &m.schema.Events[event].Columns[i]
			wire, text := m.readPlain(&m.events[event][i], c)
			m.cells = append(m.cells, cellOf(c, wire, text))
		}
		if r.Err() == nil {
			receive(int(event), m.cells)
		}
	}
	if err := checkEnd(r); err != nil {
		return fmt.Errorf("state: failed to decode events: %w", err)
	}
	return nil
}
