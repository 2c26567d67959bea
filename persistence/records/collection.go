package records

import (
	"iter"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
)

// Key is what a primary key can be.
type Key interface {
	~string | ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Collection is a field of the world: durable records of type T under keys of
// type K, the type of the field of T that is tagged `parlor:"key"`. It is used
// inside hooks only. T is a struct; see docs/records.md for its tags.
type Collection[K Key, T any] struct{}

// Envelope is what every record carries besides its fields.
type Envelope struct {
	CreatedBy            string // a user's ID; empty: the server
	CreatedAt, UpdatedAt time.Time
}

// Get returns the record of that key.
func (c *Collection[K, T]) Get(key K) (T, bool) { panic("not yet") }

// Has says whether there is a record of that key.
func (c *Collection[K, T]) Has(key K) bool { panic("not yet") }

// Envelope tells who made the record of that key, and when it changed.
func (c *Collection[K, T]) Envelope(key K) (Envelope, bool) { panic("not yet") }

// Insert adds a record and returns its key: the next one if the key is tagged
// `auto` and zero. A key or unique tuple that is taken is a DUPLICATE.
func (c *Collection[K, T]) Insert(record T) (K, error) { panic("not yet") }

// Put adds a record, or replaces that of the same key.
func (c *Collection[K, T]) Put(record T) error { panic("not yet") }

// Update changes the record of that key; ErrMissing says that there is none.
// When change gives it another key, it is deleted and inserted (R2.2).
func (c *Collection[K, T]) Update(key K, change func(record *T)) error { panic("not yet") }

// Delete removes a record, and says whether there was one.
func (c *Collection[K, T]) Delete(key K) bool { panic("not yet") }

// Len counts the records.
func (c *Collection[K, T]) Len() int { panic("not yet") }

// All walks the records in the order of their keys, as they were when it began.
func (c *Collection[K, T]) All() iter.Seq2[K, T] { panic("not yet") }

// Where walks the records that a query finds, as they were when it began. A
// query that does not fit the collection panics.
func (c *Collection[K, T]) Where(q query.Query) iter.Seq2[K, T] { panic("not yet") }

// Events is a field of the world: records that are broadcast when their
// transaction is durable, and never kept (R12.1).
type Events[T any] struct{}

// Send broadcasts an event with the transaction.
func (e *Events[T]) Send(event T) { panic("not yet") }

// Schedule is a field of the world: calls to make later, as durable as records
// (R12.2). Who runs them is said in Room.Schedules.
type Schedule[A any] struct{}

// Once plans one call, under an ID of the schedule's; a plan of that ID is replaced.
func (s *Schedule[A]) Once(id string, at time.Time, args A) { panic("not yet") }

// Every plans a call at each interval, of at least a second, from now on.
func (s *Schedule[A]) Every(id string, interval time.Duration, args A) { panic("not yet") }

// Cancel forgets a plan, and says whether there was one.
func (s *Schedule[A]) Cancel(id string) bool { panic("not yet") }

// Next is when the plan of that ID runs.
func (s *Schedule[A]) Next(id string) (time.Time, bool) { panic("not yet") }
