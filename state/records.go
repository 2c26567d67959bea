package state

import (
	"encoding/json"
	"fmt"
	"reflect"
	"unsafe"
)

// Records writes rows of T, a collection of record rooms, from a game's rules:
// what must outlive the game. The collection has the name of the world's field.
//
// What one call of the rules writes to one record room is one transaction
// there, all or nothing; a call that fails writes nothing. Nobody waits for it:
// the game goes on, and Writing.Then says what players hear once it is durable.
// Rules never read records: what they need comes with a join (rooms.Game.Load).
// All methods are for the goroutine that runs the room, inside a call.
type Records[T any] struct {
	store *Store
	name  string
}

// WriteOp is what a RecordWrite does.
type WriteOp uint8

// The operations. Their numbers stand in no file.
const (
	WritePut    WriteOp = iota + 1 // creates the record, or replaces it
	WriteCreate                    // refused with DUPLICATE if it is there
	WriteRemove                    // only the row's key counts; fine if there is none
)

// RecordWrite is one operation on one record.
type RecordWrite struct {
	Collection string
	Op         WriteOp
	Row        []byte // JSON object, with Go's field names
}

// Transaction is what one call of the rules wrote to one record room.
type Transaction struct {
	ID     WriteID
	Room   string // "kind/name"
	Writes []RecordWrite

	then, otherwise []Notice
}

// WriteID names a transaction of this room; they count from 1.
type WriteID uint64

// Writing is a transaction that a call is making.
type Writing struct {
	store *Store
	at    int // in store.writes.made
}

// Notice is an event that is sent later, if at all: see Event.Notice.
type Notice struct {
	event int
	to    ID
	row   []byte // exact, as in snapshots
}

func (r *Records[T]) join(s *Store, name string, options tagOptions) error {
	if options != (tagOptions{}) {
		return fmt.Errorf("%s: Records take no tag; the tags that count are those of the record room's own type", name)
	}
	if t := reflect.TypeFor[T](); t.Kind() != reflect.Struct {
		return fmt.Errorf("%s: a record is a struct, not %s", name, t)
	}
	if s.writes == nil {
		s.writes = new(writes)
	}
	r.store, r.name = s, name
	return nil
}

// Put creates a record in a room, named "kind/name", or replaces it.
func (r *Records[T]) Put(room string, row T) Writing { return r.write(room, WritePut, row) }

// Create creates a record; one with its key that is there already refuses the
// whole transaction.
func (r *Records[T]) Create(room string, row T) Writing { return r.write(room, WriteCreate, row) }

// Remove removes the record with row's key, if there is one.
func (r *Records[T]) Remove(room string, row T) Writing { return r.write(room, WriteRemove, row) }

func (r *Records[T]) write(room string, op WriteOp, row T) Writing {
	if r.store == nil {
		panic("state: records are written before state.NewStore has made their world ready")
	}
	if !r.store.inCall {
		panic("state: World." + r.name + " is written outside of a call; between Store.Begin and Commit it may be")
	}
	data, err := json.Marshal(row)
	if err != nil {
		panic(fmt.Sprintf("state: a record of World.%s cannot be JSON: %v", r.name, err))
	}
	at := r.store.writes.open(room)
	t := &r.store.writes.made[at]
	t.Writes = append(t.Writes, RecordWrite{r.name, op, data})
	return Writing{r.store, at}
}

// ID names the transaction, as the Written hook gets it.
func (w Writing) ID() WriteID { return w.store.writes.made[w.at].ID }

// Then sends the event once the transaction is durable.
func (w Writing) Then(n Notice) Writing {
	t := &w.store.writes.made[w.at]
	t.then = append(t.then, n)
	return w
}

// Else sends the event if the transaction is refused.
func (w Writing) Else(n Notice) Writing {
	t := &w.store.writes.made[w.at]
	t.otherwise = append(t.otherwise, n)
	return w
}

// Notice is the event v to one player, or to all if to is zero, to be sent by
// Writing.Then or Else.
func (e *Event[T]) Notice(to ID, v T) Notice {
	l := e.list
	if l == nil {
		panic("state: an event is noted before state.NewStore has made its world ready")
	}
	for i := range l.columns {
		l.columns[i].settle(unsafe.Pointer(&v))
	}
	return Notice{l.index, to, appendRow(nil, l.columns, unsafe.Pointer(&v))}
}

// sendRow sends what a Notice kept.
func (l *events[T]) sendRow(to ID, row []byte) {
	var v T
	in := loader{data: row}
	in.row(l.columns, unsafe.Pointer(&v))
	l.store.sent = append(l.store.sent, sentEvent{l.index, len(l.items), to})
	l.items = append(l.items, v)
}

// Transactions are those that this tick's calls made, oldest first. They are
// valid until the next StartTick.
func (s *Store) Transactions() []Transaction {
	if s.writes == nil {
		return nil
	}
	return s.writes.made
}

// Settle ends a transaction that waited for its outcome and sends its events,
// inside a call. It gives the record room's name; ok is false if no such
// transaction waits.
func (s *Store) Settle(id WriteID, durable bool) (room string, ok bool) {
	if !s.inCall {
		panic("state: Settle outside of a call")
	}
	if s.writes == nil {
		return "", false
	}
	w, ok := s.writes.settle(id)
	if !ok {
		return "", false
	}
	notices := w.then
	if !durable {
		notices = w.otherwise
	}
	for _, n := range notices {
		s.events[n.event].sendRow(n.to, n.row)
	}
	return w.room, true
}

// WritesPending is the number of transactions whose outcome is not known yet.
func (s *Store) WritesPending() int {
	if s.writes == nil {
		return 0
	}
	return len(s.writes.waiting)
}
