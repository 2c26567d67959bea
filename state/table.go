package state

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
)

// Table is a set of rows of plain struct T, each under an ID, in the order of
// their slots. It is a field of a world that NewStore has made ready; all of
// its methods are for the goroutine that runs the room. Insert, Put, Edit and
// Delete work inside a call only (Store.Begin) and panic outside.
//
// A table whose rows are keyed by the player's own ID (with Put) sends a row's
// owner columns to that player; otherwise tag a state.ID column `owned`.
type Table[T any] struct{ rows *rows }

func (t *Table[T]) join(s *Store, name string, options tagOptions) error {
	t.rows = newRows[T]()
	return s.addRows(t.rows, name, reflect.TypeFor[T](), options)
}

func (t *Table[T]) bound() *rows {
	if t.rows == nil {
		panic("state: a table is used before state.NewStore has made its world ready")
	}
	return t.rows
}

// Insert adds a row in the lowest free slot. It panics if all 2^20 are taken.
func (t *Table[T]) Insert(row T) ID {
	id, p := t.bound().take()
	*(*T)(p) = row
	return id
}

// Put sets the row of an ID that came from elsewhere, such as a player's. A row
// that holds the slot under another generation is deleted.
func (t *Table[T]) Put(id ID, row T) { *(*T)(t.bound().place(id)) = row }

// Get returns a copy of a row.
func (t *Table[T]) Get(id ID) (row T, ok bool) {
	r := t.bound()
	p, i := r.find(id)
	if p == nil {
		return row, false
	}
	return *(*T)(r.at(p.rows, i)), true
}

// Edit returns a row to write to, or nil if there is none. The pointer is
// valid until the call ends or the row is deleted; what is written through it
// later is neither sent nor undone.
func (t *Table[T]) Edit(id ID) *T { return (*T)(t.bound().edit(id)) }

// Delete removes a row and reports whether it was there.
func (t *Table[T]) Delete(id ID) bool { return t.bound().delete(id) }

// Has reports whether a row is there.
func (t *Table[T]) Has(id ID) bool {
	p, _ := t.bound().find(id)
	return p != nil
}

// Len is the number of rows.
func (t *Table[T]) Len() int { return t.bound().live }

// All yields copies of the rows in the order of their slots. Rows may be
// edited, deleted and inserted meanwhile: a row is yielded as it is, and if it
// is there, when its slot's turn comes.
func (t *Table[T]) All() iter.Seq2[ID, T] {
	return func(yield func(ID, T) bool) {
		r := t.bound()
		for slot := uint32(0); ; slot++ {
			p, i, ok := r.next(slot)
			if !ok {
				return
			}
			slot = uint32(p.number*pageRows) + i
			if !yield(p.id(i), *(*T)(r.at(p.rows, i))) {
				return
			}
		}
	}
}

// IDs yields the IDs of the rows as All does.
func (t *Table[T]) IDs() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		r := t.bound()
		for slot := uint32(0); ; slot++ {
			p, i, ok := r.next(slot)
			if !ok {
				return
			}
			slot = uint32(p.number*pageRows) + i
			if !yield(p.id(i)) {
				return
			}
		}
	}
}

// Value is one T that is always there: a table of a single row.
type Value[T any] struct{ rows *rows }

// singleID is the only row of a Value.
const singleID = ID(1 << slotBits)

func (v *Value[T]) join(s *Store, name string, options tagOptions) error {
	v.rows = newRows[T]()
	v.rows.single = true
	return s.addRows(v.rows, name, reflect.TypeFor[T](), options)
}

// Get returns a copy of the value.
func (v *Value[T]) Get() T { return *(*T)(v.bound().pages[0].rows) }

// Set replaces the value, inside a call.
func (v *Value[T]) Set(value T) { *v.Edit() = value }

// Edit returns the value to write to until the call ends.
func (v *Value[T]) Edit() *T { return (*T)(v.bound().edit(singleID)) }

func (v *Value[T]) bound() *rows {
	if v.rows == nil {
		panic("state: a value is used before state.NewStore has made its world ready")
	}
	return v.rows
}

// addRows gives a table its columns and its place in the schema.
func (s *Store) addRows(r *rows, name string, t reflect.Type, options tagOptions) (err error) {
	r.store, r.name, r.rowType, r.index = s, name, t, s.parts
	r.reliable, options.reliable, options.rewind = options.reliable, false, false
	if r.columns, err = columnsOf(t, options); err != nil {
		return err
	}
	for i := range r.columns {
		c := &r.columns[i]
		if c.owner >= 0 {
			if r.single {
				return fmt.Errorf("%s: a value has no owner; use a table", c.Name)
			}
			r.owners++
		}
		if !c.owned {
			continue
		}
		if r.owned >= 0 || r.single {
			return fmt.Errorf("%s: a table has one owned column, a value none", c.Name)
		}
		r.owned = i
	}
	r.number = len(s.tables)
	s.tables = append(s.tables, r)
	s.describeTable(r, options.local)
	r.layProbes()
	if r.single {
		p := r.grow(0)
		p.live, p.gen[0] = 1, 1
		r.live = 1
	}
	return nil
}

// tagTable does what the options of a whole table ask for.
func (s *Store) tagTable(r *rows, options tagOptions) error {
	switch {
	case options.reliable && r.grid == nil:
		return errors.New("reliable is for what is sent, and this is local")
	case options.rewind && r.single:
		return errors.New("rewind is for a state.Table")
	case options.rewind:
		r.keepHistory(s.hz)
	}
	s.reliable = s.reliable || r.reliable
	return nil
}
