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

// inFlight is how many mutation IDs may be without a receipt on one connection.
// A room keeps as many receipts of each client, so that whatever is lost with a
// connection, each write that was under way gets its receipt on the next.
const inFlight = 128

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

// renew takes a new client ID. Of writes that may have been sent under the old
// one the application must say what becomes of them; the others get new IDs and
// go on.
func (l *writeLog) renew(r *RecordRoom) {
	kept := l.pending[:0]
	for _, w := range l.pending {
		switch {
		case w.mode == confirmed:
			w.finish(Receipt{}, &RefusedError{Code: schema.CodeClientUnknown, Message: "the room does not know whether it was done"})
		case w.sent:
			w.finish(Receipt{}, &RefusedError{Code: schema.CodeClientUnknown, Message: "the room does not know whether it was done"})
			l.durables--
			l.leaveOpen(r, w)
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

// leaveOpen lists a write of which nobody knows whether it was done.
func (l *writeLog) leaveOpen(r *RecordRoom, w *write) {
	l.unresolved = append(l.unresolved, w)
	r.notify(func() {
		r.mu.Lock()
		u := Unresolved{w: w, Record: recordOf(r, w)}
		r.mu.Unlock()
		for f := range r.onUnresolved.all() {
			f(u)
		}
	})
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

// room is how many IDs may be pushed.
func (l *writeLog) room() int {
	if len(l.pending) == 0 || l.pending[0].id > l.pushed {
		return inFlight
	}
	return inFlight - int(l.pushed+1-l.pending[0].id)
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

// unseen are refusals of a message that will never reach its room: its write
// has failed, and its ID is still to be used. All others without a sequence are
// of a room that is busy, closing or not open, and pass.
var unseen = [...]schema.Code{
	schema.CodeForbidden, schema.CodeValidation, schema.CodeTooLarge, schema.CodeBadMessage, schema.CodeBadInput,
}

// received handles a receipt; mu is held. With a sequence it is the room's last
// word, else the room has not looked at the mutation.
func (l *writeLog) received(r *RecordRoom, m *schema.ReceiptInfo) {
	switch {
	case m.Seq > 0 || m.Code == 0 || m.Code == schema.CodeResultExpired:
		l.settled = max(l.settled, m.Mutation)
	case m.Code == schema.CodeClientUnknown:
		l.unknown = true
		return
	case !slices.Contains(unseen[:], m.Code):
		l.pushAgain(r)
		return
	default:
		l.pushed = min(l.pushed, m.Mutation-1) // it will be void
	}
	w := l.take(m.Mutation)
	switch {
	case w == nil && m.Seq == 0:
		l.pushAgain(r) // not even a void one is taken
	case w == nil:
	case m.Code == 0:
		w.finish(Receipt{Seq: m.Seq, Result: m.Result}, nil)
	default:
		w.finish(Receipt{}, &RefusedError{Code: m.Code, Message: m.Message, Field: m.Field})
	}
	if w != nil && w.mode == durable {
		l.close(r, w, m)
	}
}

// close does what a receipt means for a durable write.
func (l *writeLog) close(r *RecordRoom, w *write, m *schema.ReceiptInfo) {
	switch m.Code {
	case 0:
		l.fileLater = append(l.fileLater, queueRecord{kind: queueDone, number: w.number, id: w.id})
	case schema.CodeResultExpired: // done or refused, nobody knows
		l.fileLater = append(l.fileLater, queueRecord{kind: queueUnresolved, number: w.number, id: w.id})
		l.leaveOpen(r, w)
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
	l.wait(r)
}

// wait pushes after a pause.
func (l *writeLog) wait(r *RecordRoom) {
	if l.pause != nil || r.ended != nil {
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
