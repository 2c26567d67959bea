package records

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// What one transaction may write, far below what the store takes at once, and
// what each write counts besides its row.
const (
	maxTransaction = 12 << 20
	writeOverhead  = 32
)

// begin starts a transaction. It ends with commit or undo. A limit of 0 writes
// is none.
func (m *Machine) begin(u *User, role string, operator bool, limit int) {
	m.tx = m.set.Begin(m.seq + 1)
	m.ctx.reset(u, role, operator)
	m.writes, m.limit, m.bytes = 0, limit, 0
	m.events = m.events[:0]
	m.planned = m.planned[:0]
}

// undo takes all of the transaction back. Automatic keys stay used (R1.3).
func (m *Machine) undo() {
	m.tx.Undo()
	m.tx = nil
	m.undoPlans(0)
}

// invoke calls a hook in the transaction; a panic becomes an error.
func (m *Machine) invoke(f *mutation, args value.Row, prepared any) (err error) {
	defer m.recover(&err)
	return f.run(&m.ctx, args, prepared)
}

// call is invoke for hooks without arguments.
func (m *Machine) call(f func(ctx *Ctx) error) (err error) {
	defer m.recover(&err)
	return f(&m.ctx)
}

func (m *Machine) recover(err *error) {
	switch v := recover().(type) {
	case nil:
	case *refusal: // of Events.Send
		*err = v
	case *value.FieldError:
		*err = v
	default:
		*err = &panicError{v, debug.Stack()}
	}
}

// commit ends the transaction and adds what it did to out: what to make
// durable, and then what live queries see of it. It takes the next sequence
// number if anything is to be made durable, or sent; receipt is a store entry
// that belongs to the transaction, or nil.
func (m *Machine) commit(out *Outbox, receipt *storedReceipt) (seq uint64) {
	changes := m.tx.Commit()
	m.tx = nil
	if len(changes) == 0 && len(m.events) == 0 && len(m.planned) == 0 && receipt == nil && !m.countersChanged() {
		return m.seq
	}
	m.seq++
	m.stats.Transactions++
	for i := range changes {
		c := &changes[i]
		if c.New == nil {
			out.delete(m.seq, m.tables[c.Table].space, string(c.Key))
		} else {
			out.put(m.seq, m.tables[c.Table].space, string(c.Key), c.New.Row)
		}
	}
	m.putCounters(out)
	m.putPlans(out)
	if receipt != nil {
		m.putReceipt(out, receipt)
	}
	m.regrant(changes, out)
	m.hub.Apply(m.seq, changes, m.events, &m.sink)
	m.dropOutcasts(out)
	return m.seq
}

func (m *Machine) countersChanged() bool {
	for i := range m.tables {
		if m.tables[i].counted {
			return true
		}
	}
	return false
}

// putCounters makes automatic keys durable with the records that use them.
func (m *Machine) putCounters(out *Outbox) {
	for i := range m.tables {
		if t := &m.tables[i]; t.counted {
			t.counted = false
			out.put(m.seq, SpaceCounters, spaceKey(t.space), uvarint(t.next))
		}
	}
}

// putPlans makes the schedules' plans durable.
func (m *Machine) putPlans(out *Outbox) {
	for _, change := range m.planned {
		if p := m.plans[change.key]; p != nil {
			out.put(m.seq, SpaceSchedules, p.key, p.encode())
		} else {
			out.delete(m.seq, SpaceSchedules, change.key)
		}
	}
}

// count refuses the write that is one too many for a mutation, or of more bytes
// than a transaction may have, the server's own too.
func (m *Machine) count(bytes int) error {
	m.writes++
	m.bytes += bytes + min(bytes, value.MaxKeyBytes) + writeOverhead
	if m.bytes > maxTransaction && !m.migrating {
		return refuse(schema.CodeTooLarge, "a transaction may write %d bytes; make several of it", maxTransaction)
	}
	if m.limit > 0 && m.writes > m.limit {
		return refuse(schema.CodeTooManyOperations, "a mutation may have %d operations", m.limit)
	}
	return nil
}

// insert adds a record, inside the transaction. A field tagged `user` that is
// empty gets the user.
func (m *Machine) insert(at int, row value.Row) error {
	if err := m.count(len(row)); err != nil {
		return err
	}
	t := &m.tables[at]
	row = m.withUser(t, row)
	if err := m.tx.Insert(at, row); err != nil {
		return err
	}
	if t.auto {
		m.useKey(t, row)
	}
	return nil
}

func (m *Machine) withUser(t *tableInfo, row value.Row) value.Row {
	if t.user < 0 || m.ctx.user.ID == "" || t.collection.Get(row, t.user).Text() != "" {
		return row
	}
	return t.collection.With(row, t.user, value.OfString(m.ctx.user.ID))
}

// useKey counts an automatic key as used, also one that was chosen.
func (m *Machine) useKey(t *tableInfo, row value.Row) {
	key := t.collection.Get(row, t.collection.Key)
	if used := key.Uint(); used >= t.next && used+1 != 0 {
		t.next, t.counted = used+1, true
	}
}

// replace changes a record, inside the transaction.
func (m *Machine) replace(at int, old *table.Record, row value.Row) error {
	if err := m.count(len(row)); err != nil {
		return err
	}
	t := &m.tables[at]
	if t.immutable && !m.migrating {
		for i, f := range t.collection.Fields {
			if f.Immutable && t.collection.Get(old.Row, i) != t.collection.Get(row, i) {
				return value.Invalid(f.Name, "it does not change once it is set")
			}
		}
	}
	return m.tx.Put(at, row)
}

// remove deletes a record, if there is one.
func (m *Machine) remove(at int, old *table.Record) bool {
	if old == nil {
		return false
	}
	if err := m.count(len(old.Key)); err != nil {
		panic(err) // recovered as the transaction's error
	}
	return m.tx.Delete(at, old.Key)
}

// send adds an event to the transaction.
func (m *Machine) send(at int, row value.Row) error {
	if err := m.count(len(row)); err != nil {
		return err
	}
	m.events = append(m.events, live.Event{Table: at, Row: m.withUser(&m.tables[at], row)})
	return nil
}

func (m *Machine) duplicateKey(at int) error {
	c := m.tables[at].collection
	return &table.DuplicateError{Collection: c.Name, Fields: []string{c.Fields[c.Key].Name}}
}

// newMeta is the envelope of a new record.
func (m *Machine) newMeta() Meta {
	now := m.ctx.Time()
	return Meta{CreatedBy: m.ctx.user.ID, CreatedAt: now, UpdatedAt: now}
}

// changedMeta is the envelope of a record that changes.
func (m *Machine) changedMeta(at int, old value.Row) Meta {
	c := m.tables[at].collection
	return Meta{CreatedBy: c.Get(old, value.CreatedBy).Text(), CreatedAt: c.Get(old, value.CreatedAt).Time(), UpdatedAt: m.ctx.Time()}
}

// refused logs what the caller may not know of an error, and returns the rest.
func (m *Machine) refused(what string, err error) refusal {
	m.stats.Refused++
	r, private := answer(err)
	if !private {
		r.text = strings.Clone(r.text) // a hook may have taken it out of the arguments, whose memory is used again
		return r
	}
	if p, ok := errors.AsType[*panicError](err); ok {
		m.log.Error("a hook of the room panicked", "in", what, "panic", p.value, "stack", string(p.stack))
	} else {
		m.log.Warn("a mutation failed", "in", what, "error", err)
	}
	return r
}

// after starts a mutation's AfterCommit hook once out is durable.
func (m *Machine) after(f *mutation, args value.Row, out *Outbox) {
	done := Committed{Room: m.room, User: m.ctx.user, Role: m.ctx.role, Seq: m.seq, Time: m.ctx.Time(), Result: m.ctx.result}
	log := m.log
	out.Hooks = append(out.Hooks, func(ctx context.Context) {
		defer func() {
			if p := recover(); p != nil {
				log.Error("an AfterCommit hook panicked", "in", f.name, "panic", p, "stack", string(debug.Stack()))
			}
		}()
		f.after(ctx, done, args)
	})
}

// apply runs a transaction of the server's own code (R6.5).
func (t *Transact) apply(m *Machine, out *Outbox) {
	m.begin(&User{}, "", true, 0)
	err := m.call(func(ctx *Ctx) error { return t.Do(m.world.w, ctx) })
	var result []byte
	if err == nil {
		result, err = m.ctx.encodeResult()
	}
	if err != nil {
		m.undo()
		if _, ok := errors.AsType[*panicError](err); ok {
			m.refused("Write", err)
		}
		out.answer(func() { t.Done(Outcome{}, err) })
		return
	}
	seq := m.commit(out, nil)
	out.answer(func() { t.Done(Outcome{Seq: seq, Result: result}, nil) })
}
