package state

import (
	"iter"
	"math"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
)

// momentsPerTick is how finely a Moment is told.
const momentsPerTick = 256

// Moment is a point in time between ticks: what a player saw when it made an
// input. The zero Moment is the oldest that is remembered.
type Moment struct{ fixed uint32 }

// MomentAt returns the moment that is so many 1/256 ticks after the room's
// beginning. The count may have wrapped around: it means the one that is
// nearest to the present.
func MomentAt(fixed uint32) Moment { return Moment{fixed} }

// Fixed is what MomentAt was given.
func (m Moment) Fixed() uint32 { return m.fixed }

// TableAt reads a table's rows as they were at a Moment. It is valid until the
// tick ends, on the goroutine that runs the room.
type TableAt[T any] struct{ at rowsAt }

// At returns the rows as they were at a moment of the last 400 ms: those of
// the tick before it, their floats on the straight way to the next tick, and
// angles on the short way round. At a moment longer ago they are the oldest
// that are remembered, at one that is not over yet those of the present. It
// panics unless the table is tagged rewind.
func (t *Table[T]) At(m Moment) TableAt[T] { return TableAt[T]{t.bound().momentOf(m)} }

// Get returns a copy of a row as it was.
func (t TableAt[T]) Get(id ID) (row T, ok bool) {
	p := t.at.find(id)
	if p == nil {
		return row, false
	}
	row = *(*T)(p)
	t.at.blend(id, unsafe.Pointer(&row))
	return row, true
}

// Has reports whether a row was there.
func (t TableAt[T]) Has(id ID) bool { return t.at.find(id) != nil }

// All yields the rows that were there in the order of their slots.
func (t TableAt[T]) All() iter.Seq2[ID, T] {
	return func(yield func(ID, T) bool) {
		for id := range t.at.ids {
			if row, ok := t.Get(id); ok && !yield(id, row) {
				return
			}
		}
	}
}

// rowsAt is a TableAt whose row type is not known.
type rowsAt struct {
	rows   *rows
	older  *pastTick // nil: the present
	newer  *pastTick // nil: the present
	weight float64   // of newer, below 1
}

// momentOf finds the two ticks that a moment is between.
func (r *rows) momentOf(m Moment) rowsAt {
	h := r.history
	if h == nil {
		panic("state: World." + r.name + ".At needs what the table was: tag the field `parlor:\"rewind\"`")
	}
	now := r.store.tick
	age := int64(int32(uint32(now)*momentsPerTick - m.fixed))
	if age <= 0 || h.count == 0 {
		return rowsAt{rows: r}
	}
	at := rowsAt{rows: r}
	newerAge := int64(0)
	for n := range h.count {
		at.older = h.back(n)
		olderAge := int64(now-at.older.tick) * momentsPerTick
		if age <= olderAge {
			at.weight = float64(olderAge-age) / float64(olderAge-newerAge)
			return at
		}
		at.newer, newerAge = at.older, olderAge
	}
	return at
}

// find returns the row as of the older tick, or nil.
func (a *rowsAt) find(id ID) unsafe.Pointer { return a.rows.findIn(a.older, id) }

// findIn returns a row as of a tick, or of the present if that is nil.
func (r *rows) findIn(past *pastTick, id ID) unsafe.Pointer {
	if past != nil {
		return past.find(r, id)
	}
	p, i := r.find(id)
	if p == nil {
		return nil
	}
	return r.at(p.rows, i)
}

// blend moves a copy of a row as of the older tick towards the newer one.
func (a *rowsAt) blend(id ID, row unsafe.Pointer) {
	if a.weight == 0 {
		return
	}
	newer := a.rows.findIn(a.newer, id)
	if newer == nil {
		return
	}
	for i := range a.rows.columns {
		if c := &a.rows.columns[i]; c.Kind.Float() {
			c.store(row, c.blend(c.load(row), c.load(newer), a.weight))
		}
	}
}

// ids yields the rows as of the older tick.
func (a *rowsAt) ids(yield func(ID) bool) {
	if a.older != nil {
		for slot := range a.older.slots {
			if !yield(makeID(slot, a.older.pages[slot/pageRows].gen[slot%pageRows])) {
				return
			}
		}
		return
	}
	for slot := uint32(0); ; slot++ {
		p, i, ok := a.rows.next(slot)
		if !ok {
			return
		}
		slot = uint32(p.number*pageRows) + i
		if !yield(p.id(i)) {
			return
		}
	}
}

// blend returns the cell between two of a float column, in exact form. The
// products are converted before they are added, so that no machine fuses them.
func (c *column) blend(older, newer uint64, weight float64) uint64 {
	a, b := floatOf(c.Kind, older), floatOf(c.Kind, newer)
	way := b - a
	angle := c.Has(schema.Angle)
	if angle {
		way = math.Remainder(way, 2*math.Pi)
	}
	v := a + float64(way*weight)
	if angle {
		v = math.Remainder(v, 2*math.Pi)
	}
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return older
	case c.Kind == schema.Float32:
		return uint64(canonical32(math.Float32bits(float32(v))))
	}
	return canonical64(math.Float64bits(v))
}

func floatOf(kind schema.ColumnKind, exact uint64) float64 {
	if kind == schema.Float32 {
		return float64(math.Float32frombits(uint32(exact)))
	}
	return math.Float64frombits(exact)
}
