package state

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
)

// View reads a mirrored table as rows of type T. Columns are matched by name:
// fields that the room does not have stay zero, and columns that T does not
// have are left out, so that a client and a room of other versions understand
// each other. It reads the mirror it was made for, on the same goroutine.
type View[T any] struct {
	table *MirrorTable
	cells []viewCell
}

// viewCell is a column that both sides have.
type viewCell struct {
	leaf  column
	from  *schema.Column
	place columnPlace
	event int // index among the event's columns
}

// ErrNoTable says that the room's schema lacks the table or event asked for.
var ErrNoTable = errors.New("the room has none of this name")

// ViewOf returns a view of the table with this name.
func ViewOf[T any](m *Mirror, table string) (*View[T], error) {
	t := m.TableNamed(table)
	if t == nil {
		return nil, fmt.Errorf("state: table %s: %w", table, ErrNoTable)
	}
	cells, err := matchColumns(reflect.TypeFor[T](), t.def.Columns)
	if err != nil {
		return nil, fmt.Errorf("state: table %s: %w", table, err)
	}
	for i := range cells {
		cells[i].place = t.places[cells[i].event]
	}
	return &View[T]{t, cells}, nil
}

func matchColumns(t reflect.Type, columns []schema.Column) (cells []viewCell, err error) {
	leaves, err := columnsOf(t, tagOptions{})
	if err != nil {
		return nil, err
	}
	for i := range columns {
		for _, leaf := range leaves {
			if leaf.Name != columns[i].Name {
				continue
			}
			if leaf.Kind != columns[i].Kind {
				return nil, fmt.Errorf("%s is %s here and %s in the room", leaf.Name, leaf.Kind, columns[i].Kind)
			}
			cells = append(cells, viewCell{leaf: leaf, from: &columns[i], event: i})
		}
	}
	return cells, nil
}

func (c *viewCell) set(row unsafe.Pointer, exact uint64, text string) {
	if c.leaf.isText() {
		*c.leaf.text(row) = text
		return
	}
	c.leaf.store(row, exact)
}

// Table is the mirrored table behind the view.
func (v *View[T]) Table() *MirrorTable { return v.table }

// Get returns a row; ok is false if it is not there.
func (v *View[T]) Get(id ID) (row T, ok bool) {
	if !v.table.grid.has(id) {
		return row, false
	}
	for i := range v.cells {
		c := &v.cells[i]
		if wire, text, ok := v.table.wireCell(id, c.place); ok {
			c.set(unsafe.Pointer(&row), fromWire(c.from, wire), text)
		}
	}
	return row, true
}

// Value returns the value of a state.Value; zero before the first keyframe.
func (v *View[T]) Value() T { row, _ := v.Get(singleID); return row }

// Len is the number of rows.
func (v *View[T]) Len() int { return v.table.Len() }

// All yields the rows in the order of their slots.
func (v *View[T]) All() iter.Seq2[ID, T] {
	return func(yield func(ID, T) bool) {
		for slot := range v.table.grid.slots {
			id := v.table.grid.id(slot)
			if row, _ := v.Get(id); !yield(id, row) {
				return
			}
		}
	}
}

// Added yields the rows that the last frame created.
func (v *View[T]) Added() iter.Seq2[ID, T] { return v.rows(v.table.added) }

// Changed yields the rows that the last frame gave another value.
func (v *View[T]) Changed() iter.Seq2[ID, T] { return v.rows(v.table.changed) }

func (v *View[T]) rows(ids []ID) iter.Seq2[ID, T] {
	return func(yield func(ID, T) bool) {
		for _, id := range ids {
			if row, ok := v.Get(id); ok && !yield(id, row) {
				return
			}
		}
	}
}

// Removed yields the IDs of the rows that the last frame took away.
func (v *View[T]) Removed() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for _, id := range v.table.removed {
			if !yield(id) {
				return
			}
		}
	}
}

// EventView reads the cells of one of a room's events as a T, matched by name as in View.
type EventView[T any] struct {
	index int
	cells []viewCell
}

// EventViewOf returns a view of the event with this name.
func EventViewOf[T any](m *Mirror, event string) (*EventView[T], error) {
	for i := range m.schema.Events {
		def := &m.schema.Events[i]
		if def.Name != event {
			continue
		}
		cells, err := matchColumns(reflect.TypeFor[T](), def.Columns)
		if err != nil {
			return nil, fmt.Errorf("state: event %s: %w", event, err)
		}
		return &EventView[T]{i, cells}, nil
	}
	return nil, fmt.Errorf("state: event %s: %w", event, ErrNoTable)
}

// Index is the event's place in Schema.Events, which Mirror.DecodeEvents names it by.
func (v *EventView[T]) Index() int { return v.index }

// Read turns the cells that DecodeEvents gave for this event into a T.
func (v *EventView[T]) Read(cells []Cell) (event T) {
	for i := range v.cells {
		c := &v.cells[i]
		if c.event < len(cells) {
			c.set(unsafe.Pointer(&event), cells[c.event].exact, cells[c.event].text)
		}
	}
	return event
}
