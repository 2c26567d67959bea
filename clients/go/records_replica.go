package client

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
)

// errUnpredictable is why a pending write is not shown.
var errUnpredictable = errors.New("what the write does is known to the server only")

// replica is what a client holds of a record room: the confirmed rows of its
// live queries, and its own pending writes on top of them, replayed whenever the
// rows below change (R8.1). RecordRoom.mu guards it.
type replica struct {
	schema     *value.Schema
	hash       uint64
	tables     []*replicaTable
	predictors map[string]func(*Local, value.Row) error // by mutation
}

// replicaTable is one collection.
type replicaTable struct {
	c       *value.Collection
	rows    map[value.Key]*heldRow  // confirmed
	own     map[value.Key]value.Row // as pending writes leave them; nil: removed
	touched map[value.Key]struct{}  // since live queries last looked
	queries map[*liveQuery]struct{} // on this collection
}

// heldRow is a confirmed row, shared by the queries that hold it.
type heldRow struct {
	row     value.Row
	holders int
}

// use takes on a schema; with another one all rows are forgotten, though live
// queries go on showing theirs until they are replaced.
func (r *replica) use(s *value.Schema, hash uint64) (changed bool) {
	if r.schema != nil && r.hash == hash {
		return false
	}
	queries := make(map[string]map[*liveQuery]struct{})
	for _, t := range r.tables {
		queries[t.c.Name] = t.queries
	}
	r.schema, r.hash, r.tables = s, hash, nil
	for i := range s.Collections {
		c := &s.Collections[i]
		t := &replicaTable{
			c: c, rows: make(map[value.Key]*heldRow), own: make(map[value.Key]value.Row),
			touched: make(map[value.Key]struct{}), queries: queries[c.Name],
		}
		if t.queries == nil {
			t.queries = make(map[*liveQuery]struct{})
		}
		r.tables = append(r.tables, t)
	}
	return true
}

// predicts registers what a mutation does locally.
func (r *replica) predicts(name string, f func(*Local, value.Row) error) {
	if r.predictors == nil {
		r.predictors = make(map[string]func(*Local, value.Row) error)
	}
	r.predictors[name] = f
}

// row is a record as it is shown, nil if it is not held.
func (t *replicaTable) row(key value.Key) value.Row {
	if own, ok := t.own[key]; ok {
		return own
	}
	if held := t.rows[key]; held != nil {
		return held.row
	}
	return nil
}

// hold gives a query a confirmed row.
func (t *replicaTable) hold(q *liveQuery, key value.Key, row value.Row) {
	held := q.members[key]
	if held == nil {
		if held = t.rows[key]; held == nil {
			held = &heldRow{}
			t.rows[key] = held
		}
		held.holders++
		q.members[key] = held
	}
	held.row = row
	t.touched[key] = struct{}{}
}

// release takes a confirmed row from a query.
func (t *replicaTable) release(q *liveQuery, key value.Key) {
	held := q.members[key]
	if held == nil {
		return
	}
	delete(q.members, key)
	if held.holders--; held.holders == 0 {
		delete(t.rows, key)
	}
	t.touched[key] = struct{}{}
}

// replay forgets what pending writes did, and does it again on the rows of now.
func (r *replica) replay(writes []*write, user string) {
	for _, t := range r.tables {
		for key := range t.own {
			t.touched[key] = struct{}{}
		}
		clear(t.own)
	}
	l := Local{r: r, user: user}
	for _, w := range writes {
		if w.landed || w.version != 0 && w.version != r.schema.Version {
			continue // done, or made for another schema, whose places it names
		}
		l.made = w.made
		if err := r.predict(&l, w); err != nil {
			l.back()
		}
		l.undo = l.undo[:0]
	}
}

// predict does one write locally; a panic is its error.
func (r *replica) predict(l *Local, w *write) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: %v", w.name, p)
		}
	}()
	if w.name != "" {
		f := r.predictors[w.name]
		m := r.schema.Mutation(w.name)
		if f == nil || m == nil {
			return errUnpredictable
		}
		return f(l, value.Row(w.args))
	}
	ops := value.ReadOperations(r.schema, w.args)
	var op value.Operation
	for ops.Next(&op) {
		if err := l.operate(op); err != nil {
			return err
		}
	}
	return ops.Err()
}

// settle lets the live queries look at what was touched, and makes their
// callbacks due.
func (r *replica) settle(notify func(func())) {
	for _, t := range r.tables {
		if len(t.touched) == 0 {
			continue
		}
		for q := range t.queries {
			q.update(t)
			q.settle(notify)
		}
		clear(t.touched)
	}
}

// rebase replays the pending writes and shows the result; mu is held.
func (r *RecordRoom) rebase() {
	if r.replica.schema == nil {
		return
	}
	r.replica.replay(r.writes.pending, r.c.User())
	r.replica.settle(r.notify)
}
