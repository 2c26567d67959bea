package client

import (
	"slices"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// writeMode is how a write is delivered (R5.1).
type writeMode uint8

const (
	confirmed writeMode = iota + 1 // with a receipt, on this connection
	durable                        // with a receipt, whatever it takes
)

// write is a mutation with an ID whose receipt has not come.
type write struct {
	number  uint64 // in the queue file, rising; durable writes only
	id      uint64 // of the mutation, under the room's client ID
	mode    writeMode
	name    string
	args    []byte
	version uint32
	made    time.Time
	sent    bool   // it may have been, on whatever connection,
	epoch   uint64 // of the room then
	landed  bool   // its effect is in the confirmed rows already
	pending *Pending
	timer   *time.Timer // of a confirmed write
}

func (w *write) finish(receipt Receipt, err error) {
	if w.timer != nil {
		w.timer.Stop()
	}
	select {
	case <-w.pending.done: // timed out before
	default:
		w.pending.receipt, w.pending.err = receipt, err
		close(w.pending.done)
	}
}

// writeLog numbers a room's writes under one client ID, and knows which of them
// have no receipt. RecordRoom.mu guards it; IDs are given out with order held.
type writeLog struct {
	client   string // exactly once is by client ID and mutation ID (R7.1)
	last     uint64 // the last ID given out
	settled  uint64 // the server has processed the IDs up to this one
	pushed   uint64 // IDs up to this one are on their way on this connection
	reserved uint64 // the queue file knows that IDs up to this one may be used
	number   uint64 // the last one given to a durable write
	durables int    // in pending

	pending    []*write // by ID
	rejected   []Rejection
	unresolved []*write
	fileLater  []queueRecord // to be written to the queue file with the next
	rewrite    bool          // the queue file is to be written anew
	unknown    bool          // the server has said CLIENT_UNKNOWN
	pause      *time.Timer   // before what the server would not take is sent again; nil: none
}

// inFlight is how many writes may be without a receipt on one connection.
const inFlight = 256

// reserveIDs is how many mutation IDs the queue file reserves at once for
// confirmed writes, which it does not hold: after a crash they are given up.
const reserveIDs = 64

// opened begins a connection: last is what the server has processed.
func (l *writeLog) opened(last uint64) {
	l.settled = last // also when it is less than before, in a room that was restored
	l.last = max(l.last, last, l.reserved)
	l.pushed = l.settled
	if len(l.pending) > 0 {
		l.pushed = min(l.pushed, l.pending[0].id-1)
	}
}

// receiptsKept is how long a server surely knows what it has processed.
const receiptsKept = 90 * 24 * time.Hour

// forgotten reports whether the server, which says that it does not know this
// client ID, may have processed writes under it, so that none may go under it
// any more (R7.3).
func (l *writeLog) forgotten(epoch uint64, now time.Time) bool {
	if l.settled > 0 {
		return true
	}
	for _, w := range l.pending {
		if w.sent && (w.epoch != epoch || now.Sub(w.made) > receiptsKept) {
			return true
		}
	}
	return false
}

// renew takes a new client ID. If writes in the queue may have been sent under
// the old one, the application must say what becomes of them; else they get new
// numbers and go on.
func (l *writeLog) renew(r *RecordRoom) {
	sent := slices.ContainsFunc(l.pending, func(w *write) bool { return w.mode == durable && w.sent })
	kept := l.pending[:0]
	for _, w := range l.pending {
		switch {
		case w.mode == confirmed:
			w.finish(Receipt{}, &RefusedError{Code: schema.CodeClientUnknown, Message: "the room does not know whether it was done"})
		case sent:
			l.unresolved = append(l.unresolved, w)
			l.durables--
			r.notify(func() {
				r.mu.Lock()
				u := Unresolved{w: w, Record: recordOf(r, w)}
				r.mu.Unlock()
				for f := range r.onUnresolved.all() {
					f(u)
				}
			})
		default:
			kept = append(kept, w)
		}
	}
	clear(l.pending[len(kept):])
	l.pending = kept
	l.client, l.settled, l.pushed, l.reserved, l.unknown = NewID(), 0, 0, 0, false
	for i, w := range kept {
		w.id, w.landed = uint64(i+1), false
	}
	l.last = uint64(len(kept))
	l.rewrite, l.fileLater = true, nil
}

// lost ends a connection: confirmed writes fail, durable ones wait for the next.
func (l *writeLog) lost() {
	l.pending = slices.DeleteFunc(l.pending, func(w *write) bool {
		if w.mode == confirmed {
			w.finish(Receipt{}, ErrWriteLost)
		}
		return w.mode == confirmed
	})
	l.stopPause()
}

func (l *writeLog) stopPause() {
	if l.pause != nil {
		l.pause.Stop()
		l.pause = nil
	}
}

// end fails all that waits. Durable writes stay in the file.
func (l *writeLog) end(why *schema.Error) {
	l.stopPause()
	for _, w := range l.pending {
		if w.mode == confirmed {
			w.finish(Receipt{}, ErrWriteLost)
		} else {
			w.finish(Receipt{}, why)
		}
	}
	l.pending = nil
}

// due reports whether there is something to push.
func (l *writeLog) due() bool {
	return l.unknown || len(l.fileLater) > 0 || l.pause == nil && l.pushed < l.last && l.room() > 0
}

// room is how many writes may be pushed.
func (l *writeLog) room() int {
	flying, _ := l.find(l.pushed + 1)
	return inFlight - flying
}

// find is the place of the first pending write with this ID or a later one.
func (l *writeLog) find(id uint64) (i int, ok bool) {
	return slices.BinarySearchFunc(l.pending, id, func(w *write, id uint64) int {
		switch {
		case w.id < id:
			return -1
		case w.id > id:
			return 1
		}
		return 0
	})
}

// land notes which effects are in the confirmed rows.
func (l *writeLog) land() {
	for _, w := range l.pending {
		if w.id > l.settled {
			return
		}
		w.landed = true
	}
}

// take removes a pending write; nil: it was given up.
func (l *writeLog) take(id uint64) *write {
	i, ok := l.find(id)
	if !ok {
		return nil
	}
	w := l.pending[i]
	l.pending = slices.Delete(l.pending, i, i+1)
	if w.mode == durable {
		l.durables--
	}
	return w
}

// received handles a receipt; mu is held.
func (l *writeLog) received(r *RecordRoom, m *schema.ReceiptInfo) {
	switch m.Code {
	case schema.CodeOutOfOrder, schema.CodeRateLimited, schema.CodeGoingAway, schema.CodeStoreFailed, schema.CodeNotInRoom:
		l.pushAgain(r)
		return
	case schema.CodeClientUnknown:
		l.unknown = true
		return
	}
	if m.Seq > 0 {
		l.settled = max(l.settled, m.Mutation)
	} else {
		l.pushed = min(l.pushed, m.Mutation-1) // the room has not seen it: it will be void
	}
	w := l.take(m.Mutation)
	if w == nil {
		return
	}
	if m.Code == 0 {
		w.finish(Receipt{Seq: m.Seq, Result: m.Result}, nil)
	} else {
		w.finish(Receipt{}, &RefusedError{Code: m.Code, Message: m.Message, Field: m.Field})
	}
	switch {
	case w.mode != durable:
	case m.Code == 0 || m.Code == schema.CodeResultExpired: // processed, whatever came of it
		l.fileLater = append(l.fileLater, queueRecord{kind: queueDone, number: w.number, id: w.id})
	default:
		rejection := Rejection{w: w, Record: recordOf(r, w), Err: &RefusedError{Code: m.Code, Message: m.Message, Field: m.Field}}
		l.rejected = append(l.rejected, rejection)
		l.fileLater = append(l.fileLater, queueRecord{kind: queueRejected, number: w.number, id: w.id, err: rejection.Err})
		r.notify(func() {
			for f := range r.onRejected.all() {
				f(rejection)
			}
		})
	}
}

// pushAgain sends what has no receipt again, after a pause.
func (l *writeLog) pushAgain(r *RecordRoom) {
	l.pushed = min(l.pushed, l.settled)
	if len(l.pending) > 0 {
		l.pushed = min(l.pushed, l.pending[0].id-1)
	}
	if l.pause != nil {
		return
	}
	l.pause = time.AfterFunc(pushPause, func() {
		r.mu.Lock()
		l.pause = nil
		open := r.link.handle != 0
		r.mu.Unlock()
		if open {
			r.push()
		}
	})
}

const pushPause = 500 * time.Millisecond
