package state

import (
	"reflect"
	"unsafe"
)

// Event is something that happens and is not kept: it goes to clients once,
// with the state of the tick it was sent in. All methods are for the goroutine
// that runs the room, inside a call. A player gets the broadcast events of a
// tick first, then its own, both in the order in which they were sent.
type Event[T any] struct{ list *events[T] }

// events holds what was sent in this tick.
type events[T any] struct {
	store   *Store
	name    string
	index   int // among the schema's events
	columns []column
	items   []T
}

// eventList is an events whose T is not known.
type eventList interface {
	at(item int) (columns []column, value unsafe.Pointer)
	truncate(item int)
	sendRow(to ID, row []byte)
	describe() []column
}

// sentEvent is one entry of the tick's event log.
type sentEvent struct {
	event int // index among the schema's events
	item  int // in that event's list
	to    ID  // 0: all
}

func (e *Event[T]) join(s *Store, name string, options tagOptions) error {
	columns, err := columnsOf(reflect.TypeFor[T](), options)
	if err != nil {
		return err
	}
	for i := range columns {
		if err := columns[i].refuseStateOptions("an event"); err != nil {
			return err
		}
	}
	e.list = &events[T]{store: s, name: name, index: len(s.events), columns: columns}
	s.events = append(s.events, e.list)
	s.describeEvent(name, columns)
	return nil
}

// Send sends v to all players.
func (e *Event[T]) Send(v T) { e.send(0, v) }

// To sends v to one player; to none if id is zero.
func (e *Event[T]) To(id ID, v T) {
	if id != 0 {
		e.send(id, v)
	}
}

func (e *Event[T]) send(to ID, v T) {
	l := e.list
	if l == nil {
		panic("state: an event is sent before state.NewStore has made its world ready")
	}
	if !l.store.inCall {
		panic("state: World." + l.name + " is sent outside of a call; between Store.Begin and Commit it may be")
	}
	l.store.sent = append(l.store.sent, sentEvent{l.index, len(l.items), to})
	l.items = append(l.items, v)
}

func (l *events[T]) at(item int) ([]column, unsafe.Pointer) {
	return l.columns, unsafe.Pointer(&l.items[item])
}

func (l *events[T]) truncate(item int) {
	clear(l.items[item:])
	l.items = l.items[:item]
}

func (l *events[T]) describe() []column { return l.columns }
