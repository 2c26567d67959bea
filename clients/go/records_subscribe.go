package client

import (
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// ask sends a Subscribe whose answer everything else must wait for, so that all
// queries are brought up to date in one step. order and mu are held.
func (r *RecordRoom) ask(q *liveQuery) {
	q.unanswered()
	q.awaiting, q.fresh = true, nil
	if q.at != 0 {
		q.at = max(q.at, r.link.cursor)
	}
	r.link.awaited++
	r.sendSubscribe(q)
}

// maxHeld bounds the list of keys in a Subscribe, whose message may have 1 MiB:
// beyond it a snapshot is cheaper.
const maxHeld = 256 << 10

// sendSubscribe asks the server for a query; order and mu are held.
func (r *RecordRoom) sendSubscribe(q *liveQuery) {
	info := schema.SubscribeInfo{ID: q.id, Collection: q.collection, Query: q.q.Encode(), Since: q.at}
	if q.at != 0 {
		if info.Held = q.heldKeys(); len(info.Held) > maxHeld {
			info.Since, info.Held = 0, nil
		}
	}
	_ = r.c.send.record(schema.KindSubscribe, r.link.handle, func(b *schema.Builder) []byte { return b.Subscribe(info) })
}

// subscribe opens a query, or gives an open one another.
func (r *RecordRoom) subscribe(q *liveQuery, asked query.Query) error {
	r.order.Lock()
	r.mu.Lock()
	err := r.subscribeHeld(q, asked)
	r.mu.Unlock()
	r.order.Unlock()
	r.mu.Lock()
	r.unlock()
	return err
}

func (r *RecordRoom) subscribeHeld(q *liveQuery, asked query.Query) error {
	if r.ended != nil {
		return r.ended
	}
	t := r.replica.tables[r.replica.schema.CollectionIndex(q.collection)]
	bound, err := asked.Bind(t.c)
	if err != nil {
		return err
	}
	q.q, q.bound, q.err = asked, bound, nil
	if q.members == nil || q.closed {
		q.members, q.byKey, q.closed = make(map[value.Key]*heldRow), make(map[value.Key]*queryEntry), false
		q.entries, q.at = nil, 0
		r.number(q)
		t.queries[q] = struct{}{}
	}
	q.unanswered()
	q.reorder(t)
	r.replica.settle(r.notify)
	switch {
	case r.link.handle == 0:
		q.at = 0 // the rows held are another query's, which the server has forgotten
	case q.awaiting:
		r.sendSubscribe(q) // one of those that are waited for, asked anew
	default:
		if q.at != 0 {
			q.at = max(q.at, r.link.cursor)
		}
		r.sendSubscribe(q)
	}
	return nil
}

// number gives a query an ID that the server has not heard.
func (r *RecordRoom) number(q *liveQuery) {
	delete(r.link.queries, q.id)
	r.link.lastQuery++
	q.id = r.link.lastQuery
	r.link.queries[q.id] = q
}

// unsubscribe ends a query.
func (r *RecordRoom) unsubscribe(q *liveQuery) {
	r.order.Lock()
	r.mu.Lock()
	if !q.closed && q.members != nil {
		q.closed = true
		r.drop(q)
		if r.link.handle != 0 {
			id := q.id
			_ = r.c.send.record(schema.KindUnsubscribe, r.link.handle, func(b *schema.Builder) []byte { return b.Unsubscribe(id) })
		}
		if err := r.flush(); err != nil {
			r.c.log.Warn("what arrived cannot be applied", "room", r.name, "error", err)
		}
	}
	r.mu.Unlock()
	r.order.Unlock()
	r.mu.Lock()
	r.unlock()
}

// drop takes a query out; mu is held.
func (r *RecordRoom) drop(q *liveQuery) {
	delete(r.link.queries, q.id)
	if at := r.replica.schema.CollectionIndex(q.collection); at >= 0 {
		t := r.replica.tables[at]
		delete(t.queries, q)
		for key := range q.members {
			t.release(q, key)
		}
	}
	r.answered(q)
}

// answered notes that a query needs no longer be waited for; mu is held.
func (r *RecordRoom) answered(q *liveQuery) {
	if q.awaiting {
		q.awaiting = false
		r.link.awaited--
	}
	q.answer()
}
