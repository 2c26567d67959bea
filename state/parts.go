package state

import (
	"math/bits"

	"github.com/parlor-server/parlor/tick"
)

// BaseEvery is how many ticks lie between those that lossy frames start from:
// few, so that many clients share an encoding.
const BaseEvery = 4

// maxParts is how many parts a frame has at most: what a byte counts.
const maxParts = 255

// splitter cuts a delta that is too long for one datagram into parts. All of
// its fields are scratch.
type splitter struct {
	tables   Tables
	changes  changes
	withHash bool
	limit    int

	touched []touchedRow // all rows that the delta says something of, in order
	rows    slotSet      // those of one table
	weights []uint32     // of one table, by slot
	partial []uint32     // what changed in one part of one table
	payload []byte       // one after the other
	ends    []int        // of each part in payload
}

// touchedRow is a row that the delta says something of.
type touchedRow struct {
	rowPlace
	weight uint32 // about how many bits it takes
}

// Parts gives the delta from base to emit as one payload or, where that is
// longer than limit bytes, as several of which each can be applied alone. A
// payload is valid during the call of emit only. It is not ok if base is none
// of the last 64 ticks. It does not fit if one row is longer than limit, or
// 255 parts are too few; then nothing is emitted.
func (s *Store) Parts(tables Tables, base tick.Tick, limit int, withHash bool, emit func(part int, payload []byte)) (parts int, fits, ok bool) {
	x := &s.splitter
	x.tables, x.limit, x.withHash = tables, limit, withHash
	if x.changes, ok = s.changesSince(tables, base); !ok {
		return 0, false, false
	}
	x.payload = s.appendChanges(x.payload[:0], tables, x.changes, withHash)
	if len(x.payload) <= limit {
		emit(0, x.payload)
		return 1, true, true
	}
	if !s.split(len(x.payload)) {
		return 0, false, true
	}
	begin := 0
	for part, end := range x.ends {
		emit(part, x.payload[begin:end])
		begin = end
	}
	return len(x.ends), true, true
}

// split makes parts of a delta that has so many bytes in one piece: as many
// as it should need, of about the same length, and more where that fails.
func (s *Store) split(length int) bool {
	x := &s.splitter
	x.payload, x.ends = x.payload[:0], x.ends[:0]
	total := s.weigh()
	room := max(1, x.limit-x.limit/8)
	parts, planned := uint64(length/room+1), uint64(1)
	sum, from := uint64(0), 0
	for n := range x.touched {
		sum += uint64(x.touched[n].weight)
		if sum*parts < total*planned && n+1 < len(x.touched) {
			continue
		}
		if !s.cut(from, n+1) {
			return false
		}
		from, planned = n+1, planned+1
	}
	return len(x.ends) > 0
}

// cut writes the touched rows from up to but not to as one part, or as two or
// more if that is too long.
func (s *Store) cut(from, to int) bool {
	x := &s.splitter
	if from == to {
		return true
	}
	if len(x.ends) == maxParts {
		return false
	}
	begin := len(x.payload)
	x.payload = s.appendPart(x.payload, x.place(from), x.place(to))
	if len(x.payload)-begin <= x.limit {
		x.ends = append(x.ends, len(x.payload))
		return true
	}
	x.payload = x.payload[:begin]
	if to-from == 1 {
		return false
	}
	return s.cut(from, (from+to)/2) && s.cut((from+to)/2, to)
}

// place is where the part begins whose first touched row is n. All parts
// together cover all slots of all tables.
func (x *splitter) place(n int) rowPlace {
	switch n {
	case 0:
		return rowPlace{}
	case len(x.touched):
		return rowPlace{table: ^uint32(0)}
	}
	return x.touched[n].rowPlace
}

// appendPart appends the payload of a part: its range, the hash in the first,
// and what changed in its rows. Row sets count its rows only.
func (s *Store) appendPart(dst []byte, from, to rowPlace) []byte {
	x, w := &s.splitter, &s.writer
	to.table = min(to.table, uint32(len(s.public)))
	w.Reset(dst)
	for _, place := range [...]rowPlace{from, to} {
		w.UVar(uint64(place.table))
		w.UVar(uint64(place.slot))
	}
	s.writeHash(x.tables, x.withHash && from == rowPlace{})
	changes := x.changes
	for table, r := range s.public {
		var change tableChange
		if len(changes) > 0 && int(changes[0]) == table {
			change, changes = changes.next()
		}
		window := between(from, to, uint32(table))
		if window.empty() || !x.tables.has(r.reliable) {
			continue
		}
		x.restrict(r.grid, &change, window)
		changed := len(change.deleted)+len(change.created)+len(change.parts) > 0
		w.Bool(changed)
		if changed {
			s.frames.table(w, r.grid, &change, window)
		}
	}
	return w.Finish()
}

// restrict leaves of a table's change what is in a window.
func (x *splitter) restrict(g *grid, change *tableChange, window slotWindow) {
	if window == wholeTable() {
		return
	}
	change.deleted, change.created = window.of(change.deleted), window.of(change.created)
	x.partial = x.partial[:0]
	for rest := change.parts; len(rest) > 0; {
		var p columnPart
		p, rest = g.nextPart(rest)
		in := window.rows(p.page)
		rows := p.rows & in
		if rows == 0 {
			continue
		}
		words := 0
		if c := &g.columns[p.column]; c.form != spelled {
			words = c.words()
		}
		before := p.rows & (1<<bits.TrailingZeros32(in) - 1)
		skip := words * bits.OnesCount32(before)
		x.partial = append(x.partial, uint32(p.column), uint32(p.page), rows)
		x.partial = append(x.partial, p.cells[skip:skip+words*bits.OnesCount32(rows)]...)
	}
	change.parts = x.partial
}

// weigh lists the touched rows and returns their weight.
func (s *Store) weigh() (total uint64) {
	x := &s.splitter
	x.touched = x.touched[:0]
	for changes := x.changes; len(changes) > 0; {
		var change tableChange
		change, changes = changes.next()
		r := s.public[change.table]
		if !x.tables.has(r.reliable) {
			continue
		}
		x.weighTable(r.grid, &change)
		for slot := range x.rows.slots {
			x.touched = append(x.touched, touchedRow{rowPlace{uint32(change.table), slot}, x.weights[slot]})
			total += uint64(x.weights[slot])
		}
	}
	return total
}

// weighTable weighs the rows of one table.
func (x *splitter) weighTable(g *grid, change *tableChange) {
	x.rows.empty(len(g.pages))
	if slots := len(g.pages) * pageRows; cap(x.weights) < slots {
		x.weights = make([]uint32, slots, 2*slots)
	}
	x.weights = x.weights[:len(g.pages)*pageRows]
	clear(x.weights)
	for _, slot := range change.deleted {
		x.rows.add(slot)
		x.weights[slot] += 8
	}
	for _, slot := range change.created {
		x.rows.add(slot)
		x.weights[slot] += 17 + g.rowBits(slot)
	}
	for rest := change.parts; len(rest) > 0; {
		var p columnPart
		p, rest = g.nextPart(rest)
		x.rows.words[p.page] |= p.rows
		c := &g.columns[p.column]
		cells := p.cells
		for rows := p.rows; rows != 0; rows &= rows - 1 {
			slot := uint32(p.page*pageRows + bits.TrailingZeros32(rows))
			if c.form == spelled {
				x.weights[slot] += 6 + 8*uint32(len(*g.text(g.pages[p.page], c.text, slot)))
				continue
			}
			for _, cell := range cells[:c.words()] {
				x.weights[slot] += 1 + uint32(bits.Len32(cell))
			}
			cells = cells[c.words():]
		}
	}
}

// rowBits is about how many bits the cells of a new row take.
func (g *grid) rowBits(slot uint32) (n uint32) {
	b := g.pages[slot/pageRows]
	for i := range g.columns {
		c := &g.columns[i]
		if c.form == spelled {
			n += 5 + 8*uint32(len(*g.text(b, c.text, slot)))
			continue
		}
		n += uint32(bits.Len64(c.form.diff(c.load(b, slot%pageRows), 0)))
	}
	return n
}
