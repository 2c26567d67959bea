package client

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
)

// WriteRecord describes a durable write to a person.
type WriteRecord struct {
	Number   uint64          // of the write in its queue; rising
	Mutation string          // "" for built-in writes
	Args     json.RawMessage // the mutation's arguments, or a list of operations; null if the room's schema has no such thing any more
}

// Rejection is a durable write that the server has refused. It stays in
// RecordRoom.Rejected, across restarts of the program, until Dismiss.
type Rejection struct {
	Record WriteRecord
	Err    *RefusedError
	w      *write
}

// Unresolved is a durable write of which nobody knows whether it was done: it may
// have been sent, and the room no longer knows this client, or what came of it. It stays until
// Retry or Dismiss.
type Unresolved struct {
	Record WriteRecord
	w      *write
}

// ErrNoSuchWrite is returned by Dismiss and Retry.
var ErrNoSuchWrite = errors.New("no such write is kept")

// OnRejected registers f, called when the server refuses a durable write.
func (r *RecordRoom) OnRejected(f func(Rejection)) (cancel func()) { return r.onRejected.add(f) }

// OnUnresolved registers f, called when nobody can tell whether a durable write
// was done.
func (r *RecordRoom) OnUnresolved(f func(Unresolved)) (cancel func()) { return r.onUnresolved.add(f) }

// Rejected are the refused durable writes that were not dismissed, oldest first.
func (r *RecordRoom) Rejected() []Rejection {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.Clone(r.writes.rejected)
	for i := range list {
		list[i].Record = recordOf(r, list[i].w)
	}
	return list
}

// Unresolved are the durable writes that were neither retried nor dismissed,
// oldest first.
func (r *RecordRoom) Unresolved() []Unresolved {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []Unresolved
	for _, w := range r.writes.unresolved {
		list = append(list, Unresolved{Record: recordOf(r, w), w: w})
	}
	return list
}

// Queued is how many durable writes wait for their receipt.
func (r *RecordRoom) Queued() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writes.durables
}

// Dismiss forgets a rejected or unresolved write, by its Number.
func (r *RecordRoom) Dismiss(number uint64) error {
	if r.forget(number) == nil {
		return ErrNoSuchWrite
	}
	r.push()
	return nil
}

// Retry queues an unresolved write again, behind those that wait: the
// application knows that it was not done, or that doing it twice does no harm.
func (r *RecordRoom) Retry(number uint64) (*Pending, error) {
	r.mu.Lock()
	known := slices.ContainsFunc(r.writes.unresolved, func(w *write) bool { return w.number == number })
	r.mu.Unlock()
	if !known {
		return nil, ErrNoSuchWrite
	}
	w := r.forget(number)
	if w == nil {
		return nil, ErrNoSuchWrite
	}
	p, err := r.add(&write{mode: durable, name: w.name, args: w.args, version: w.version})
	if err != nil {
		r.mu.Lock()
		r.writes.unresolved = append(r.writes.unresolved, w)
		r.writes.rewrite = true
		r.mu.Unlock()
	}
	return p, err
}

// forget takes a rejected or unresolved write out; nil: there is none.
func (r *RecordRoom) forget(number uint64) (w *write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := &r.writes
	l.rejected = slices.DeleteFunc(l.rejected, func(k Rejection) bool {
		if k.w.number == number {
			w = k.w
		}
		return k.w.number == number
	})
	l.unresolved = slices.DeleteFunc(l.unresolved, func(u *write) bool {
		if u.number == number {
			w = u
		}
		return u.number == number
	})
	if w != nil {
		l.fileLater = append(l.fileLater, queueRecord{kind: queueDropped, number: number})
	}
	return w
}

// recordOf describes a write by the schema of now; mu is held.
func recordOf(r *RecordRoom, w *write) WriteRecord {
	record := WriteRecord{Number: w.number, Mutation: w.name, Args: json.RawMessage("null")}
	s := r.replica.schema
	if s == nil || w.version != s.Version {
		return record
	}
	if w.name != "" {
		if m := s.Mutation(w.name); m != nil && m.Collection().CheckRow(w.args) == nil {
			record.Args = m.Collection().AppendJSON(nil, w.args)
		}
		return record
	}
	record.Args = operationsJSON(s, w.args)
	return record
}

// operationsJSON is a list of {"create": collection, "record": {…}},
// {"put": …} and {"remove": collection, "key": …}.
func operationsJSON(s *value.Schema, args []byte) json.RawMessage {
	text := []byte{'['}
	ops := value.ReadOperations(s, args)
	var op value.Operation
	for ops.Next(&op) {
		c := &s.Collections[op.Collection]
		if len(text) > 1 {
			text = append(text, ',')
		}
		text = append(text, `{"`...)
		text = append(text, [...]string{value.Create: "create", value.Put: "put", value.Remove: "remove"}[op.Kind]...)
		text = append(text, `":`...)
		text = value.AppendValueJSON(text, value.OfString(c.Name))
		if op.Kind == value.Remove {
			key, _ := c.KeyValue(op.Key)
			text = value.AppendValueJSON(append(text, `,"key":`...), key)
		} else {
			text = c.AppendPatchJSON(append(text, `,"record":`...), op.Patch)
		}
		text = append(text, '}')
	}
	if ops.Err() != nil {
		return json.RawMessage("null")
	}
	return append(text, ']')
}
