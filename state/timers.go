package state

import (
	"iter"
	"reflect"
	"slices"
	"time"
	"unsafe"

	"github.com/parlor-server/parlor/tick"
)

// Timers is a list of what is due at later ticks. A timer is data, a T, and so
// is saved, hashed and undone like a row; rules drain it with Due in their
// tick. All methods are for the goroutine that runs the room; After, At, Cancel
// and Due work inside a call only.
type Timers[T any] struct{ queue *timers[T] }

// TimerID names a timer that has not been drained yet. The zero TimerID names none.
type TimerID uint64

func makeTimerID(at tick.Tick, seq uint32) TimerID { return TimerID(uint64(at)<<32 | uint64(seq)) }

func (id TimerID) tick() tick.Tick { return tick.Tick(id >> 32) }

// timers keeps its entries in the order in which they are due, which is that
// of their IDs. Most timers are set to be due last, so setting one appends.
type timers[T any] struct {
	store   *Store
	name    string
	index   int // among the world's parts
	columns []column
	seq     uint32  // of the newest timer
	full    fullSum // of the entries

	ids    []TimerID // those before head are drained
	values []T
	head   int

	undo    []timerChange[T]
	undoSeq uint32
}

// timerChange is an entry that was added or removed in this call.
type timerChange[T any] struct {
	id    TimerID
	value T
	added bool
}

// timerList is a timers whose T is not known.
type timerList interface {
	commit()
	rollback()
	fullHash() fullSum
	pending() int
	first() (tick.Tick, bool)
	appendTo(b []byte) []byte
	load(r *loader)
	entries(yield func(TimerID, unsafe.Pointer) bool)
	describe() (name string, columns []column)
}

func (t *Timers[T]) join(s *Store, name string, options tagOptions) error {
	columns, err := columnsOf(reflect.TypeFor[T](), options)
	if err != nil {
		return err
	}
	t.queue = &timers[T]{store: s, name: name, index: s.parts, columns: columns}
	s.timers = append(s.timers, t.queue)
	return nil
}

func (t *Timers[T]) inCall() *timers[T] {
	if t.queue == nil {
		panic("state: timers are used before state.NewStore has made their world ready")
	}
	if !t.queue.store.inCall {
		panic("state: World." + t.queue.name + " is changed outside of a call; between Store.Begin and Commit it may be")
	}
	return t.queue
}

// After sets a timer that is due when d has passed, at the earliest in the next tick.
func (t *Timers[T]) After(d time.Duration, v T) TimerID {
	q := t.inCall()
	return q.set(q.store.tick+max(1, q.store.hz.Ticks(d)), v)
}

// At sets a timer that is due at a tick, or now if that has passed.
func (t *Timers[T]) At(at tick.Tick, v T) TimerID {
	q := t.inCall()
	return q.set(max(at, q.store.tick), v)
}

// Cancel removes a timer and reports whether it was still pending.
func (t *Timers[T]) Cancel(id TimerID) bool { return t.inCall().remove(id) }

// Due drains the timers that are due, in the order of their ticks and, within
// one, in the order in which they were set. Timers set meanwhile wait for the
// next Due; those not reached because the loop ended stay.
func (t *Timers[T]) Due() iter.Seq[T] {
	return func(yield func(T) bool) {
		q := t.inCall()
		newest := q.seq
		for q.head < len(q.ids) {
			id := q.ids[q.head]
			if id.tick() > q.store.tick || uint32(id) > newest {
				return
			}
			v := q.values[q.head]
			q.remove(id)
			if !yield(v) {
				return
			}
		}
	}
}

// Len is the number of pending timers.
func (t *Timers[T]) Len() int { return t.queue.pending() }

func (q *timers[T]) set(at tick.Tick, v T) TimerID {
	if len(q.undo) == 0 {
		q.undoSeq = q.seq
	}
	q.seq++
	id := makeTimerID(at, q.seq)
	for i := range q.columns {
		q.columns[i].settle(unsafe.Pointer(&v))
	}
	q.insert(id, v)
	q.undo = append(q.undo, timerChange[T]{id, v, true})
	return id
}

func (q *timers[T]) insert(id TimerID, v T) {
	n, _ := slices.BinarySearch(q.ids[q.head:], id)
	q.ids = slices.Insert(q.ids, q.head+n, id)
	q.values = slices.Insert(q.values, q.head+n, v)
	q.full += q.entryHash(q.head + n)
}

func (q *timers[T]) remove(id TimerID) bool {
	n, ok := slices.BinarySearch(q.ids[q.head:], id)
	if !ok {
		return false
	}
	if len(q.undo) == 0 {
		q.undoSeq = q.seq
	}
	q.undo = append(q.undo, timerChange[T]{id, q.values[q.head+n], false})
	q.drop(q.head + n)
	return true
}

// drop takes the entry at n out; at the head it only moves the head.
func (q *timers[T]) drop(n int) {
	q.full -= q.entryHash(n)
	if n > q.head {
		q.ids = slices.Delete(q.ids, n, n+1)
		q.values = slices.Delete(q.values, n, n+1)
		return
	}
	var none T
	q.values[n] = none
	q.head++
	if q.head*2 >= len(q.ids) {
		q.ids = slices.Delete(q.ids, 0, q.head)
		q.values = slices.Delete(q.values, 0, q.head)
		q.head = 0
	}
}

func (q *timers[T]) entryHash(n int) fullSum {
	key := fullKey(uint32(q.ids[n]), q.index)
	sum := fullCell(key, presence, uint64(q.ids[n].tick()))
	for i := range q.columns {
		sum += fullCell(key, i, q.columns[i].load(unsafe.Pointer(&q.values[n])))
	}
	return sum
}

func (q *timers[T]) fullHash() fullSum {
	return q.full + fullCell(fullKey(0, q.index), presence, uint64(q.seq))
}

func (q *timers[T]) pending() int { return len(q.ids) - q.head }

func (q *timers[T]) first() (tick.Tick, bool) {
	if q.pending() == 0 {
		return 0, false
	}
	return q.ids[q.head].tick(), true
}

func (q *timers[T]) commit() {
	clear(q.undo)
	q.undo = q.undo[:0]
}

func (q *timers[T]) rollback() {
	if len(q.undo) == 0 {
		return
	}
	for i := len(q.undo) - 1; i >= 0; i-- {
		change := &q.undo[i]
		if !change.added {
			q.insert(change.id, change.value)
		} else if n, ok := slices.BinarySearch(q.ids[q.head:], change.id); ok {
			q.drop(q.head + n)
		}
	}
	q.seq = q.undoSeq
	q.commit()
}

func (q *timers[T]) entries(yield func(TimerID, unsafe.Pointer) bool) {
	for n := q.head; n < len(q.ids); n++ {
		if !yield(q.ids[n], unsafe.Pointer(&q.values[n])) {
			return
		}
	}
}

func (q *timers[T]) describe() (string, []column) { return q.name, q.columns }

// appendTo writes the entries for a snapshot.
func (q *timers[T]) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(q.seq))
	b = appendUvarint(b, uint64(q.pending()))
	for id, value := range q.entries {
		b = appendUvarint(b, uint64(id.tick()))
		b = appendUvarint(b, uint64(uint32(id)))
		b = appendRow(b, q.columns, value)
	}
	return b
}

// load replaces the entries by those of a snapshot.
func (q *timers[T]) load(r *loader) {
	q.ids, q.values, q.head, q.full = q.ids[:0], q.values[:0], 0, 0
	q.seq = uint32(r.uvarint(1<<32 - 1))
	for n := r.count(); n > 0 && r.err == nil; n-- {
		at := tick.Tick(r.uvarint(1<<32 - 1))
		id := makeTimerID(at, uint32(r.uvarint(uint64(q.seq))))
		if len(q.ids) > 0 && id <= q.ids[len(q.ids)-1] {
			r.fail("timers are out of order")
			return
		}
		var v T
		r.row(q.columns, unsafe.Pointer(&v))
		q.insert(id, v)
	}
}
