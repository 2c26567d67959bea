package client

import (
	"context"
	"iter"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Live is the result of a query, kept up to date: what the server has confirmed,
// with this client's own pending writes on top. Its methods may be called from
// any goroutine; Ready not in callbacks.
type Live[T any] struct {
	collection *Collection[T]
	query      liveQuery
	onChange   callbacks[func(Change[T])]
}

// Change is what one step did to a live query's rows. A step is a transaction, or
// all that a reconnection brought, or a write of this client's own.
type Change[T any] struct {
	Entered []T
	Changed []Changed[T]
	Left    []T // as they were last
}

// Changed is a row before and after a step.
type Changed[T any] struct{ Before, After T }

func newLive[T any](c *Collection[T]) *Live[T] {
	l := &Live[T]{collection: c}
	l.query.collection = c.name
	l.query.decode = func(row value.Row) (any, error) {
		record := new(T)
		return record, c.bound.codec.Decode(row, record)
	}
	l.query.changed = l.changed
	return l
}

// Rows are the records in the query's order. The slice is the caller's.
func (l *Live[T]) Rows() []T {
	l.collection.room.mu.Lock()
	defer l.collection.room.mu.Unlock()
	shown := l.query.shown()
	rows := make([]T, len(shown))
	for i, e := range shown {
		rows[i] = *e.record.(*T)
	}
	return rows
}

// All yields the records in the query's order, as they are when it is called.
func (l *Live[T]) All() iter.Seq2[int, T] {
	return func(yield func(int, T) bool) {
		for i, row := range l.Rows() {
			if !yield(i, row) {
				return
			}
		}
	}
}

// Len is the number of Rows.
func (l *Live[T]) Len() int {
	l.collection.room.mu.Lock()
	defer l.collection.room.mu.Unlock()
	return len(l.query.shown())
}

// Capped reports whether the server stopped looking at its scan limit, so that
// there may be more rows than these (R10.3).
func (l *Live[T]) Capped() bool {
	l.collection.room.mu.Lock()
	defer l.collection.room.mu.Unlock()
	return l.query.capped
}

// OnChange registers f, called after each step that changed the rows. What it
// returns takes f back.
func (l *Live[T]) OnChange(f func(Change[T])) (cancel func()) { return l.onChange.add(f) }

// Ready waits until the server has answered the query.
func (l *Live[T]) Ready(ctx context.Context) error {
	room := l.collection.room
	room.mu.Lock()
	answered := l.query.answered
	room.mu.Unlock()
	select {
	case <-answered:
		return l.Err()
	case <-room.gone:
		return room.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Err is why the server does not answer the query, nil if it does. The rows
// stay as they were last, unless they may no longer be read.
func (l *Live[T]) Err() error {
	l.collection.room.mu.Lock()
	defer l.collection.room.mu.Unlock()
	return l.query.err
}

// Query replaces the query: a longer list, the next page, another order. The
// server sends the difference only, and the rows in both stay throughout.
func (l *Live[T]) Query(q query.Query) error {
	return l.collection.room.subscribe(&l.query, q)
}

// Close ends the query. Its rows stay as they are.
func (l *Live[T]) Close() { l.collection.room.unsubscribe(&l.query) }

// changed makes the callbacks due.
func (l *Live[T]) changed(s *queryStep, notify func(func())) {
	if !l.onChange.some() {
		return
	}
	var c Change[T]
	for _, e := range s.entered {
		c.Entered = append(c.Entered, *e.record.(*T))
	}
	for _, pair := range s.altered {
		c.Changed = append(c.Changed, Changed[T]{*pair[0].record.(*T), *pair[1].record.(*T)})
	}
	for _, e := range s.left {
		c.Left = append(c.Left, *e.record.(*T))
	}
	notify(func() {
		for f := range l.onChange.all() {
			f(c)
		}
	})
}
