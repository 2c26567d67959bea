package client

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// recordMessage handles a message to an open record room, on the client's
// goroutine. An error ends the connection.
func (r *RecordRoom) recordMessage(head schema.Header, body []byte) error {
	switch head.Kind {
	case schema.KindDelta:
		m := fb.GetRootAsDelta(body, 0)
		return r.arrived(delivery{query: m.Id(), flags: head.Flags, from: m.From(), seq: m.Seq(), payload: bytes.Clone(m.PayloadBytes())})
	case schema.KindReceipt:
		m := fb.GetRootAsReceipt(body, 0)
		return r.arrived(delivery{seq: m.Seq(), receipt: &schema.ReceiptInfo{
			Mutation: m.Mutation(), Seq: m.Seq(), Code: schema.Code(m.Code()),
			Message: string(m.Message()), Field: string(m.Field()), Result: bytes.Clone(m.ResultBytes()),
		}})
	case schema.KindReset:
		m := fb.GetRootAsReset(body, 0)
		r.c.log.Info("the record room starts over with snapshots", "room", r.name, "code", schema.Code(m.Code()), "reason", string(m.Message()))
		r.reset(m.Epoch())
	case schema.KindLeft:
		m := fb.GetRootAsLeft(body, 0)
		r.c.forgetRecords(head.Handle)
		r.openRefused(&schema.Error{Code: schema.Code(m.Code()), Message: string(m.Message())})
	}
	return nil
}

// arrived adds a message to the step, and applies the step when it is complete.
func (r *RecordRoom) arrived(a delivery) error {
	r.mu.Lock()
	r.link.step = append(r.link.step, a)
	if q := r.link.queries[a.query]; q != nil && q.awaiting && a.receipt == nil && a.flags&schema.DeltaPart == 0 {
		q.awaiting = false
		r.link.awaited--
	}
	err := r.flush()
	more := r.writes.due() || len(r.link.pulls) > 0
	r.unlock()
	if more && err == nil {
		r.push()
	}
	return err
}

// flush applies the step if it is complete; mu is held. A receipt ends the step
// of its own transaction, so that what was predicted and what has happened are
// exchanged at once.
func (r *RecordRoom) flush() error {
	l := &r.link
	if len(l.step) == 0 || l.awaited > 0 {
		return nil
	}
	last := l.step[len(l.step)-1]
	if last.receipt == nil && last.flags&(schema.DeltaMore|schema.DeltaPart) != 0 {
		return nil
	}
	step := l.step
	l.step = nil
	for i := range step {
		if err := r.apply(&step[i]); err != nil {
			return err
		}
	}
	for i := range step {
		a := &step[i]
		if a.receipt != nil {
			r.writes.received(r, a.receipt)
		}
		l.cursor = max(l.cursor, a.seq)
	}
	r.writes.land()
	r.rebase()
	for i := range step {
		if q := l.queries[step[i].query]; q != nil && step[i].receipt == nil && !q.awaiting {
			q.answer()
		}
	}
	if cap(step) <= 64 && len(l.step) == 0 {
		clear(step)
		l.step = step[:0]
	}
	return nil
}

// apply does what one delta says to the confirmed rows; mu is held.
func (r *RecordRoom) apply(a *delivery) error {
	q := r.link.queries[a.query]
	if a.receipt != nil || q == nil {
		return nil // or a query that was closed while this was on its way
	}
	t := r.replica.tables[r.replica.schema.CollectionIndex(q.collection)]
	snapshot, part := a.flags&schema.DeltaSnapshot != 0, a.flags&schema.DeltaPart != 0
	at := max(q.at, r.link.cursor)
	switch {
	case snapshot:
		if q.fresh == nil {
			q.fresh = make(map[value.Key]value.Row)
		}
	case a.seq < q.at:
		return nil // old: absolute values, long since known
	case a.from > at+1:
		r.pull(q, at)
		return nil
	}
	if err := r.changeRows(q, t, a.payload, snapshot); err != nil {
		return fmt.Errorf("read a delta of %s: %w", q.collection, err)
	}
	if part {
		return nil
	}
	if snapshot {
		r.replace(q, t)
	}
	q.err = nil
	q.at, q.capped = a.seq, a.flags&schema.DeltaCapped != 0
	return nil
}

// changeRows reads a payload.
func (r *RecordRoom) changeRows(q *liveQuery, t *replicaTable, payload []byte, snapshot bool) error {
	entries := value.ReadDelta(t.c, payload)
	var e value.DeltaEntry
	for entries.Next(&e) {
		switch {
		case snapshot && e.Op == value.Enter:
			q.fresh[e.Key] = e.Row
		case snapshot:
			return fmt.Errorf("operation %d in a snapshot", e.Op)
		case e.Op == value.Enter:
			t.hold(q, e.Key, e.Row)
		case e.Op == value.Leave:
			t.release(q, e.Key)
		default:
			held := q.members[e.Key]
			if held == nil {
				return fmt.Errorf("a change of a record that the server has not sent")
			}
			t.hold(q, e.Key, t.c.ApplyPatch(held.row, e.Patch))
		}
	}
	return entries.Err()
}

// replace makes a snapshot what the query holds. What is in both stays, so that
// nothing flashes (R11.2).
func (r *RecordRoom) replace(q *liveQuery, t *replicaTable) {
	for key := range q.members {
		if _, ok := q.fresh[key]; !ok {
			t.release(q, key)
		}
	}
	for key, row := range q.fresh {
		t.hold(q, key, row)
	}
	if q.stale {
		q.stale = false
		q.reorder(t)
	}
	q.fresh = nil
}

// pull asks for a query again from where it was, because a delta is missing.
// The new ID tells the answers from what is still on its way. mu is held.
func (r *RecordRoom) pull(q *liveQuery, at uint64) {
	r.c.log.Warn("a delta is missing; asking for the query again", "room", r.name, "collection", q.collection)
	r.link.pulls = append(r.link.pulls, q.id)
	r.number(q)
	q.at, q.fresh = at, nil
	if !q.awaiting {
		q.unanswered()
		q.awaiting = true
		r.link.awaited++
	}
}

// reset notes that snapshots follow. Within an epoch they speak for themselves,
// query by query; in another all that is held is of another history, so the
// snapshots of all queries are awaited and shown at once.
func (r *RecordRoom) reset(epoch uint64) {
	r.mu.Lock()
	defer r.unlock()
	l := &r.link
	if l.epoch == epoch {
		return
	}
	l.epoch, l.cursor = epoch, 0
	l.step = slices.DeleteFunc(l.step, func(d delivery) bool { return d.receipt == nil })
	for _, q := range l.queries {
		q.at, q.fresh = 0, nil
		if !q.awaiting {
			q.unanswered()
			q.awaiting = true
			l.awaited++
		}
	}
}

// empty takes away rows that this user may no longer read (R10.2).
func (r *RecordRoom) empty(q *liveQuery) {
	q.at, q.fresh = 0, nil
	if at := r.replica.schema.CollectionIndex(q.collection); at >= 0 {
		t := r.replica.tables[at]
		for key := range q.members {
			t.release(q, key)
		}
		r.rebase()
	}
}

// refused handles an Error about the room: a Subscribe's names its query.
func (r *RecordRoom) refused(e *schema.Error) {
	r.mu.Lock()
	if q := r.link.queries[e.Request]; q != nil && e.Request != 0 {
		q.err = e
		if e.Code == schema.CodeForbidden {
			r.empty(q)
		}
		r.answered(q)
		if err := r.flush(); err != nil {
			r.c.log.Warn("what arrived cannot be applied", "room", r.name, "error", err)
		}
	} else {
		r.c.log.Info("the record room refused a message", "room", r.name, "error", e)
	}
	r.unlock()
}
