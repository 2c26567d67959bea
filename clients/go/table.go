package client

import (
	"fmt"
	"iter"
	"sync/atomic"

	"github.com/parlor-server/parlor/state"
)

// TableView reads one of the room's tables as rows of T. Columns are matched
// by name; fields of T that the table lacks stay zero. It is read inside
// callbacks or Room.View.
type TableView[T any] struct {
	room  *Room
	name  string
	bound *state.Mirror  // the mirror that view reads
	view  *state.View[T] // nil: a rejoined room has no such table
	stop  func()         // takes the view out of the room's callbacks

	onAdded   callbacks[*addedWatch[T]]
	onChanged callbacks[func(id state.ID, before, now T)]
	onRemoved callbacks[func(id state.ID, last T)]
	held      map[state.ID]T // what the callbacks have been told; nil before the first
}

// addedWatch is an OnAdded callback; told once it knows the rows that were
// there before it.
type addedWatch[T any] struct {
	f    func(state.ID, T)
	told bool
	gone atomic.Bool // it was taken back
}

// Table returns a view of the table with that name. Each call makes a new
// one: keep it.
func Table[T any](r *Room, name string) (*TableView[T], error) {
	m := r.mirror.Load()
	view, err := state.ViewOf[T](m, name)
	if err != nil {
		return nil, fmt.Errorf("view table %q of %q: %w", name, r.Kind(), err)
	}
	t := &TableView[T]{room: r, name: name, bound: m, view: view}
	t.stop = r.onFrame.add(t)
	return t, nil
}

// Close ends the view's callbacks. It can be read on.
func (t *TableView[T]) Close() { t.stop() }

// Get returns a row.
func (t *TableView[T]) Get(id state.ID) (T, bool) {
	v := t.current()
	if v == nil {
		var none T
		return none, false
	}
	return v.Get(id)
}

// Value returns the only row of a single table, a state.Value in the rules.
func (t *TableView[T]) Value() T {
	v := t.current()
	if v == nil {
		var none T
		return none
	}
	return v.Value()
}

// All walks the rows in slot order.
func (t *TableView[T]) All() iter.Seq2[state.ID, T] {
	v := t.current()
	if v == nil {
		return func(func(state.ID, T) bool) {}
	}
	return v.All()
}

// Len is the number of rows.
func (t *TableView[T]) Len() int {
	v := t.current()
	if v == nil {
		return 0
	}
	return v.Len()
}

// OnAdded registers f, called for each row that appears; with the next frame
// also for each row that is there already. Like all callbacks of a room, it is
// taken back with the function that is returned.
func (t *TableView[T]) OnAdded(f func(id state.ID, row T)) (cancel func()) {
	w := &addedWatch[T]{f: f}
	remove := t.onAdded.add(w)
	return func() {
		w.gone.Store(true)
		remove()
	}
}

// OnChanged registers f, called for each row that changes.
func (t *TableView[T]) OnChanged(f func(id state.ID, before, now T)) (cancel func()) {
	return t.onChanged.add(f)
}

// OnRemoved registers f, called for each row that disappears.
func (t *TableView[T]) OnRemoved(f func(id state.ID, last T)) (cancel func()) {
	return t.onRemoved.add(f)
}

// current is the view of the room's mirror; nil when a rejoined room has
// another schema, in which the table no longer fits.
func (t *TableView[T]) current() *state.View[T] {
	m := t.room.mirror.Load()
	if m != t.bound {
		view, err := state.ViewOf[T](m, t.name)
		if err != nil {
			t.room.c.log.Error("a table is not in the rejoined room", "table", t.name, "error", err)
		}
		t.bound, t.view = m, view
	}
	return t.view
}

// watched reports whether anybody wants to know about changes.
func (t *TableView[T]) watched() bool {
	return t.onAdded.some() || t.onChanged.some() || t.onRemoved.some()
}

// framed implements frameObserver.
func (t *TableView[T]) framed(f Frame) {
	if !t.watched() {
		t.held = nil // the frames that nobody watches leave it behind
		return
	}
	v := t.current()
	if v == nil {
		for id := range t.held {
			t.removed(id)
		}
		return
	}
	if f.Keyframe || t.held == nil {
		t.compare(v)
		t.introduce()
		return
	}
	for id := range v.Removed() {
		t.removed(id)
	}
	for id, row := range v.Added() {
		t.added(id, row)
	}
	for id, row := range v.Changed() {
		t.changed(id, row)
	}
	t.introduce()
}

// introduce tells new OnAdded callbacks of the rows that are there.
func (t *TableView[T]) introduce() {
	for w := range t.onAdded.all() {
		if w.told {
			continue
		}
		w.told = true
		for id, row := range t.view.All() {
			if w.gone.Load() {
				break
			}
			w.f(id, row)
		}
	}
}

// owned implements ownerObserver.
func (t *TableView[T]) owned() {
	if t.held == nil {
		return
	}
	if v := t.current(); v != nil {
		for _, id := range t.bound.TableNamed(t.name).OwnerChanged() {
			if row, ok := v.Get(id); ok {
				t.changed(id, row)
			}
		}
	}
}

// compare finds the changes against held, where the frame cannot name them:
// after a keyframe, and for callbacks that come to a table that has rows.
func (t *TableView[T]) compare(v *state.View[T]) {
	if t.held == nil {
		t.held = make(map[state.ID]T, v.Len())
	}
	for id := range t.held {
		if _, ok := v.Get(id); !ok {
			t.removed(id)
		}
	}
	for id, row := range v.All() {
		if before, ok := t.held[id]; !ok {
			t.added(id, row)
		} else if any(before) != any(row) {
			t.changed(id, row)
		}
	}
}

func (t *TableView[T]) added(id state.ID, row T) {
	t.held[id] = row
	for w := range t.onAdded.all() {
		if w.told {
			w.f(id, row)
		}
	}
}

func (t *TableView[T]) changed(id state.ID, row T) {
	before := t.held[id]
	t.held[id] = row
	for f := range t.onChanged.all() {
		f(id, before, row)
	}
}

func (t *TableView[T]) removed(id state.ID) {
	last := t.held[id]
	delete(t.held, id)
	for f := range t.onRemoved.all() {
		f(id, last)
	}
}
