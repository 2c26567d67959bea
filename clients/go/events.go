package client

import (
	"fmt"

	"github.com/parlor-server/parlor/state"
)

// OnEvent registers f, called for each event that the rules send through the
// state.Event of that name. Columns are matched by name, as in Table. cancel
// takes f back.
func OnEvent[T any](r *Room, name string, f func(T)) (cancel func(), err error) {
	m := r.mirror.Load()
	view, err := state.EventViewOf[T](m, name)
	if err != nil {
		return nil, fmt.Errorf("view event %q of %q: %w", name, r.Kind(), err)
	}
	return r.onEvent.add(&eventWatch[T]{room: r, name: name, bound: m, view: view, f: f}), nil
}

type eventWatch[T any] struct {
	room  *Room
	name  string
	bound *state.Mirror
	view  *state.EventView[T] // nil: a rejoined room has no such event
	f     func(T)
}

// event implements eventObserver.
func (w *eventWatch[T]) event(index int, cells []state.Cell) {
	if m := w.room.mirror.Load(); m != w.bound {
		view, err := state.EventViewOf[T](m, w.name)
		if err != nil {
			w.room.c.log.Error("an event is not in the rejoined room", "event", w.name, "error", err)
		}
		w.bound, w.view = m, view
	}
	if w.view != nil && w.view.Index() == index {
		w.f(w.view.Read(cells))
	}
}
