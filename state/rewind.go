package state

import "iter"

// Moment is a point in time between ticks, in 1/256 ticks.
type Moment struct{ fixed uint32 }

// MomentAt returns the moment that is so many 1/256 ticks after the beginning.
func MomentAt(fixed uint32) Moment { return Moment{fixed} }

// Fixed is what MomentAt was given.
func (m Moment) Fixed() uint32 { return m.fixed }

// TableAt reads a table as it was at a Moment.
type TableAt[T any] struct{ table *Table[T] }

// At returns the table as it was at a moment of the last 400 ms.
func (t *Table[T]) At(m Moment) TableAt[T] { return TableAt[T]{t} }

// Get returns a copy of a row.
func (t TableAt[T]) Get(id ID) (row T, ok bool) { return t.table.Get(id) }

// Has reports whether a row was there.
func (t TableAt[T]) Has(id ID) bool { return t.table.Has(id) }

// All yields the rows in the order of their slots.
func (t TableAt[T]) All() iter.Seq2[ID, T] { return t.table.All() }
