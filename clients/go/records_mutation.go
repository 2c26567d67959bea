package client

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
)

// Mutation returns the function that makes writes of the room's mutation with
// the name of A, which is its argument type. The error says that the room has
// none, or which argument differs.
//
// predict, if not nil, says what the mutation will do to the records that this
// client holds. It runs at once when a write is made, and again on top of what
// the server says until the write is confirmed. What it does is undone when it
// returns an error or panics, and the write stays pending. It must read and
// write through Local only, and runs while the room stands still: it must not
// wait, nor call the room.
func Mutation[A any](r *RecordRoom, predict func(l *Local, args A) error) (func(A) Write, error) {
	codec, described, err := value.BindArgs[A]()
	if err != nil {
		return nil, fmt.Errorf("describe the mutation: %w", err)
	}
	name := described.Name
	var bound *value.Codec[A] // guarded by r.mu
	var version uint32        // the same
	bind := func(s *value.Schema) error {
		m := s.Mutation(name)
		if m == nil {
			return fmt.Errorf("%s has no mutation %q", r.name, name)
		}
		c, err := codec.BindTo(m.Collection())
		if err != nil {
			return fmt.Errorf("bind to %s: %w", name, err)
		}
		bound, version = c, s.Version
		if predict != nil {
			r.replica.predicts(name, func(l *Local, row value.Row) error {
				var args A
				if err := c.Decode(row, &args); err != nil {
					return err
				}
				return predict(l, args)
			})
		}
		return nil
	}
	if err := r.bind(bind); err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.rebase() // writes from the queue file are shown now
	r.unlock()
	return func(args A) Write {
		r.mu.Lock()
		c, v := bound, version
		r.mu.Unlock()
		row, err := c.Encode(&args, value.Meta{})
		return Write{name: name, args: row, version: v, err: err}
	}, nil
}

// Local is the room as this client believes it to be: the records that it holds
// with its own pending writes on top. It is valid during the call that got it.
type Local struct {
	r    *replica
	user string
	made time.Time // when the write was made
	undo []undone
}

// undone is what a key's own value was.
type undone struct {
	table int
	key   value.Key
	row   value.Row
	had   bool
}

// User is the ID of this client's user.
func (l *Local) User() string { return l.user }

// Time is when the write was made, the same in every replay.
func (l *Local) Time() time.Time { return l.made }

// LocalCollection is a collection in a Local.
type LocalCollection[T any] struct {
	l *Local
	b *boundCollection[T]
}

// In is the collection as a mutation's prediction sees it.
func (c *Collection[T]) In(l *Local) LocalCollection[T] { return LocalCollection[T]{l, c.bound} }

// Get returns the record with the key, if this client holds it.
func (c LocalCollection[T]) Get(key any) (record T, ok bool) {
	k, err := c.b.key(key)
	if err != nil {
		return record, false
	}
	row := c.l.row(c.b.at, k)
	if row == nil || c.b.codec.Decode(row, &record) != nil {
		return record, false
	}
	return record, true
}

// Put writes a whole record, new or not.
func (c LocalCollection[T]) Put(record T) error {
	key, err := c.b.codec.Key(&record)
	if err != nil {
		return err
	}
	old := c.l.row(c.b.at, key)
	if old == nil {
		patch, err := c.b.codec.Patch(nil, &record)
		if err != nil {
			return err
		}
		old = c.l.create(c.b.c, patch)
	}
	row, err := c.b.codec.Update(old, &record)
	if err != nil {
		return err
	}
	c.l.set(c.b.at, key, c.b.c.With(row, value.UpdatedAt, value.OfTime(c.l.made)))
	return nil
}

// Update changes a record, and reports whether this client holds it.
func (c LocalCollection[T]) Update(key any, change func(record *T)) (bool, error) {
	record, ok := c.Get(key)
	if !ok {
		return false, nil
	}
	change(&record)
	return true, c.Put(record)
}

// Remove takes a record away.
func (c LocalCollection[T]) Remove(key any) {
	if k, err := c.b.key(key); err == nil {
		c.l.set(c.b.at, k, nil)
	}
}

// row is a record, nil if it is not held.
func (l *Local) row(table int, key value.Key) value.Row {
	return l.r.tables[table].row(key)
}

// set writes a record; nil removes it.
func (l *Local) set(table int, key value.Key, row value.Row) {
	t := l.r.tables[table]
	old, had := t.own[key]
	l.undo = append(l.undo, undone{table, key, old, had})
	t.own[key] = row
	t.touched[key] = struct{}{}
}

// back undoes what was written.
func (l *Local) back() {
	for i := len(l.undo) - 1; i >= 0; i-- {
		u := l.undo[i]
		if u.had {
			l.r.tables[u.table].own[u.key] = u.row
		} else {
			delete(l.r.tables[u.table].own, u.key)
		}
	}
	l.undo = l.undo[:0]
}

// create is the row of a create, with the envelope that the server would give it.
func (l *Local) create(c *value.Collection, patch value.Patch) value.Row {
	row := c.New(patch)
	user, now := value.OfString(l.user), value.OfTime(l.made)
	row = c.With(row, value.CreatedBy, user)
	row = c.With(row, value.CreatedAt, now)
	row = c.With(row, value.UpdatedAt, now)
	for i := range c.Fields {
		if c.Fields[i].User {
			row = c.With(row, i, user)
		}
	}
	return row
}

// operate does what a built-in write will do. The error says why not: the
// server will see it the same way, or knows more.
func (l *Local) operate(op value.Operation) error {
	t := l.r.tables[op.Collection]
	if op.Key == "" || t.c.Event {
		return errUnpredictable
	}
	old := t.row(op.Key)
	switch {
	case op.Kind == value.Remove:
		l.set(op.Collection, op.Key, nil)
	case old == nil:
		l.set(op.Collection, op.Key, l.create(t.c, op.Patch))
	case op.Kind == value.Create:
		return errUnpredictable
	default:
		row := t.c.ApplyPatch(old, op.Patch)
		l.set(op.Collection, op.Key, t.c.With(row, value.UpdatedAt, value.OfTime(l.made)))
	}
	return nil
}
