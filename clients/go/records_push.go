package client

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// add gives a write its ID, queues and shows it, and sends it if the room is
// open and takes more.
func (r *RecordRoom) add(w *write) (*Pending, error) {
	w.pending = newPending()
	w.made = time.Now()
	r.order.Lock()
	err := r.addOrdered(w)
	if err == nil {
		r.pushOrdered()
	}
	r.order.Unlock()
	r.mu.Lock()
	r.unlock()
	if err != nil {
		return nil, err
	}
	return w.pending, nil
}

// addOrdered is add without the sending; order is held, so that no other write
// gets an ID meanwhile.
func (r *RecordRoom) addOrdered(w *write) error {
	r.mu.Lock()
	l := &r.writes
	switch {
	case r.ended != nil:
		err := r.ended
		r.mu.Unlock()
		if w.mode == confirmed {
			return ErrNotConnected
		}
		return err
	case w.mode == confirmed && r.link.handle == 0:
		r.mu.Unlock()
		return ErrNotConnected
	case w.mode == durable && l.durables >= r.opts.QueueLimit:
		r.mu.Unlock()
		return ErrQueueFull
	}
	w.id = l.last + 1
	if w.mode == durable {
		w.number = l.number + 1
		w.sent, w.epoch = r.link.handle != 0, r.link.epoch
	}
	reserved := l.reserved
	r.mu.Unlock()

	if r.queue != nil {
		if err := r.keep(w, reserved); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil || w.mode == confirmed && r.link.handle == 0 { // meanwhile
		if w.mode == confirmed {
			return ErrNotConnected
		}
	}
	l.last = w.id
	if w.mode == durable {
		l.number = w.number
		l.durables++
	} else {
		w.timer = time.AfterFunc(r.opts.Timeout, func() { r.timedOut(w) })
	}
	l.pending = append(l.pending, w)
	r.rebase()
	return nil
}

// keep makes a durable write, or the use of a confirmed one's ID, survive the
// program; order is held.
func (r *RecordRoom) keep(w *write, reserved uint64) error {
	switch {
	case w.mode == durable:
		if err := r.queue.append(true, queueRecord{kind: queueWrite, w: w, number: w.number, id: w.id}); err != nil {
			return fmt.Errorf("queue a durable write: %w", err)
		}
	case w.id > reserved:
		upTo := w.id + reserveIDs - 1
		if err := r.queue.append(true, queueRecord{kind: queueReserved, id: upTo}); err != nil {
			return fmt.Errorf("reserve IDs for confirmed writes: %w", err)
		}
		r.mu.Lock()
		r.writes.reserved = upTo
		r.mu.Unlock()
	}
	return nil
}

// timedOut fails a confirmed write whose receipt does not come. It may still
// happen, and is shown until the server or the connection's end says.
func (r *RecordRoom) timedOut(w *write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.finish(Receipt{}, ErrWriteTimeout)
}

// push sends what is due, and brings the queue file up to date.
func (r *RecordRoom) push() {
	r.order.Lock()
	r.pushOrdered()
	r.order.Unlock()
	r.mu.Lock()
	r.unlock()
}

// pushOrdered is push with order held.
func (r *RecordRoom) pushOrdered() {
	if r.renewed() {
		return
	}
	if r.writeQueue() != nil && r.queue.err == nil {
		return // what may be sent is not noted: it is tried again
	}
	for {
		r.mu.Lock()
		batch := r.batch()
		handle := r.link.handle
		r.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, m := range batch {
			if r.c.send.mutate(handle, m) != nil {
				return // the connection is lost: the next one begins anew
			}
		}
	}
}

// batch takes what is to be sent next, and asks again for queries that missed a
// delta; order and mu are held.
func (r *RecordRoom) batch() []schema.MutateInfo {
	l := &r.writes
	if r.link.handle == 0 {
		return nil
	}
	for _, id := range r.link.pulls {
		_ = r.c.send.record(schema.KindUnsubscribe, r.link.handle, func(b *schema.Builder) []byte { return b.Unsubscribe(id) })
	}
	if len(r.link.pulls) > 0 {
		r.link.pulls = nil
		for _, q := range r.link.queries {
			if q.awaiting {
				r.sendSubscribe(q)
			}
		}
	}
	var batch []schema.MutateInfo
	for l.pause == nil && l.pushed < l.last && l.room() > 0 && len(batch) < inFlight {
		l.pushed++
		i, ok := l.find(l.pushed)
		switch {
		case ok:
			w := l.pending[i]
			batch = append(batch, schema.MutateInfo{ID: w.id, Name: w.name, Args: w.args, Version: w.version})
		case l.pushed > l.settled: // given up before the server saw it, or so it seems
			batch = append(batch, schema.MutateInfo{ID: l.pushed, Void: true})
		}
	}
	return batch
}

// renewed takes a new client ID if the server does not know the old one, and
// enters the room anew; order is held.
func (r *RecordRoom) renewed() bool {
	r.mu.Lock()
	handle := r.link.handle
	if !r.writes.unknown || handle == 0 {
		r.mu.Unlock()
		return false
	}
	r.writes.renew(r)
	l := &r.link
	l.handle, l.step, l.awaited = 0, nil, 0
	for _, q := range l.queries {
		q.fresh, q.awaiting = nil, false
	}
	r.rebase()
	r.mu.Unlock()
	r.c.forgetRecords(handle)
	_ = r.c.send.leave(handle, 0)
	if err := r.writeQueue(); err != nil { // under the new ID writes would be done that the file has under the old one
		go r.end(&schema.Error{Code: schema.CodeStoreFailed, Message: err.Error()})
		return true
	}
	r.open()
	return true
}

// writeQueue brings the queue file up to date; order is held. Before the first
// push of a connection it notes what may be sent, durably: a queue that was
// certainly never sent may go under another client ID (R7.3). After an error
// other than the file's last it is tried again after a pause.
func (r *RecordRoom) writeQueue() error {
	r.mu.Lock()
	l := &r.writes
	later, rewrite, open := l.fileLater, l.rewrite, r.link.handle != 0
	l.fileLater, l.rewrite = nil, false
	var sent []*write
	if open {
		for _, w := range l.pending {
			if w.mode == durable && !w.sent {
				w.sent, w.epoch = true, r.link.epoch
				sent = append(sent, w)
			}
		}
		if len(sent) > 0 {
			later = append(later, queueRecord{kind: queueSent, id: l.last, number: l.number, epoch: r.link.epoch})
		}
	}
	var all []queueRecord
	if r.queue != nil && (rewrite || r.queue.wasteful(l.durables+len(l.rejected)+len(l.unresolved))) {
		all = l.records(r.name)
	}
	r.mu.Unlock()
	if r.queue == nil {
		return nil
	}
	var err error
	if all != nil {
		err = r.queue.rewrite(all)
	} else if len(later) > 0 {
		err = r.queue.append(len(sent) > 0, later...)
	}
	if err == nil {
		return nil
	}
	r.c.log.Error("the queue file of durable writes failed", "room", r.name, "error", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.rewrite = true; r.queue.err == nil {
		for _, w := range sent {
			w.sent = false
		}
		l.wait(r)
	}
	return err
}
