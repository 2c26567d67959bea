package host

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// worker runs rooms from the queue.
type worker struct {
	host    *Host
	builder *schema.Builder
	last    *byte // of the message whose envelope lies in the builder; nil: none
	length  int
	body    []byte
}

func newWorker(h *Host) *worker { return &worker{host: h, builder: schema.NewBuilder()} }

// run works until the queue is closed.
func (w *worker) run() {
	for r, ok := w.host.queue.Pop(); ok; r, ok = w.host.queue.Pop() {
		r.state.Begin()
		more := r.isOpen() && w.turn(r)
		w.host.queue.End(r, &r.state, more)
	}
}

// turn gives a room its time, and reports whether it wants more. A panic that
// the machine did not expect ends the room only.
func (w *worker) turn(r *room) (more bool) {
	defer func() {
		if p := recover(); p != nil {
			more = false
			r.fail(fmt.Errorf("failed to run room %s: panic: %v\n%s", r.name, p, debug.Stack()))
		}
	}()
	if err := w.host.Err(); err != nil {
		r.fail(err)
		return false
	}
	started := time.Now()
	w.last = nil
	if err := r.settle(w); err != nil {
		r.fail(err)
		return false
	}
	r.flush()
	more = r.work(w, started)
	r.flush()
	r.pump(w, started) // what links take now that they were flushed
	r.flush()
	r.publish()
	if !more {
		more = r.rest(w, started)
	}
	return more
}

// settle does what waited for the disk, as far as it is durable.
func (r *room) settle(w *worker) error {
	n := 0
	for _, t := range r.pending {
		if len(t.out.Puts) > 0 && !t.done.Load() {
			break
		}
		if t.err != nil {
			return t.err
		}
		n++
		r.settled(w, t)
	}
	rest := copy(r.pending, r.pending[n:])
	clear(r.pending[rest:])
	r.pending = r.pending[:rest]
	return nil
}

// settled delivers what follows from a transaction that is durable.
func (r *room) settled(w *worker, t *transaction) {
	r.deliver(w, t.out.After)
	t.answer()
	if len(t.out.Puts) > 0 {
		h := r.host
		h.stats.Commits.Add(1)
		if h.cfg.OnCommit != nil {
			h.cfg.OnCommit(time.Since(t.began))
		}
	}
	r.recycle(t)
}

// work applies what is in the inbox, for a slice at most. It reports whether
// there is more that can be done now.
func (r *room) work(w *worker, started time.Time) (more bool) {
	if len(r.pending) >= maxPending {
		return false // the commits' end wakes the room
	}
	if w.host.cfg.Store.Full() {
		w.host.park(r)
		return false
	}
	t := r.newTransaction()
	for {
		if r.next == len(r.items) && !r.refill() {
			break
		}
		it := &r.items[r.next]
		r.next++
		r.apply(started, it, t)
		if time.Since(started) > slice || t.large() { // one item may take long: an edit of megabytes
			more = true
			break
		}
	}
	if at := r.machine.Next(); !at.IsZero() && !at.After(started) {
		r.machine.Apply(started, &canvas.Tick{}, &t.out)
	}
	r.finish(w, t)
	return more
}

// refill takes what has come.
func (r *room) refill() bool {
	clear(r.items) // seats and calls are not kept alive
	r.items, r.bytes = r.inbox.take(r.items[:0], r.bytes[:0])
	r.next = 0
	return len(r.items) > 0
}

// apply hands one item to the machine. HOT
func (r *room) apply(now time.Time, it *item, t *transaction) {
	r.tidied, r.idleSince = false, time.Time{}
	switch it.kind {
	case itemSync:
		if it.seat.in {
			op := &r.ops.sync
			op.Conn, op.Message = it.seat.id, r.bytes[it.from:it.to:it.to]
			r.machine.Apply(now, op, &t.out)
		}
	case itemMessage:
		if it.seat.in {
			op := &r.ops.receive
			op.Conn, op.Head, op.Body = it.seat.id, it.head, r.bytes[it.from:it.to:it.to]
			r.machine.Apply(now, op, &t.out)
		}
	case itemCall:
		it.call.err = it.call.do(r.machine, now, &t.out)
		t.calls = append(t.calls, it.call)
	case itemRenew:
		if n := it.renewal; it.seat.in {
			r.machine.Apply(now, &canvas.Renew{Conn: it.seat.id, User: n.user, Role: n.role, Err: n.err}, &t.out)
		}
	case itemOverrun:
		it.seat.overrun.Store(false)
		if it.seat.in {
			r.machine.Apply(now, &canvas.Overrun{Conn: it.seat.id}, &t.out)
		}
	case itemEnter:
		r.attach(now, it.seat, t)
	case itemLeave, itemLost:
		if it.seat.in {
			it.seat.in = false
			r.machine.Apply(now, &canvas.Leave{Conn: it.seat.id, Asked: it.kind == itemLeave}, &t.out)
		}
		if it.kind == itemLost {
			r.remove(&it.seat.conn)
		}
	}
}

// attach brings a client in.
func (r *room) attach(now time.Time, s *Seat, t *transaction) {
	r.lastConn++
	s.id, s.in = r.lastConn, true
	r.conns[s.id] = &s.conn
	q := &s.request
	r.machine.Apply(now, &canvas.Enter{
		Conn: s.id, User: q.User, Role: s.role, Stock: s.raw != nil, Remote: q.Remote, Request: q.Request, Client: q.Client,
		Epoch: q.Epoch, Cursor: q.Cursor, SchemaHash: q.SchemaHash, Version: q.Version,
	}, &t.out)
}

// finish hands on what came of the ops.
func (r *room) finish(w *worker, t *transaction) {
	r.deliver(w, t.out.Now)
	switch {
	case len(t.out.Puts) > 0:
		r.pending = append(r.pending, t)
		t.began = time.Now()
		r.fill(&t.out)
		r.store.Commit(&r.batch, t.end)
	case len(r.pending) > 0 && !t.empty():
		r.pending = append(r.pending, t) // after those before it
	default:
		r.settled(w, t)
	}
}

// rest sets the timer for what the room has to do by itself. It reports whether
// that is now.
func (r *room) rest(w *worker, now time.Time) (more bool) {
	var at time.Time
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if len(r.blocked) > 0 {
		sooner(time.Now().Add(r.retryIn))
	}
	if next := r.machine.Next(); !next.IsZero() && len(r.pending) < maxPending && !w.host.cfg.Store.Full() {
		sooner(next)
	}
	switch closes := r.closes(now); {
	case closes.IsZero():
	case closes.After(now):
		sooner(closes)
	case !r.tidied:
		t := r.newTransaction()
		r.machine.Apply(now, &canvas.Rest{}, &t.out)
		r.finish(w, t)
		r.tidied = true
		return true
	case r.tryClose():
		return false
	default:
		sooner(now.Add(r.host.cfg.IdleAfter))
	}
	r.wakeAt(now, at)
	return false
}

// closes is when the room closes if nobody comes; zero: somebody is there, or
// something is under way. When the host closes, whoever is there does not count.
func (r *room) closes(now time.Time) time.Time {
	closing := r.host.isClosing()
	switch {
	case len(r.conns) > 0 && !closing:
		r.idleSince = time.Time{}
		return time.Time{}
	case len(r.pending) > 0 || r.next < len(r.items):
		return time.Time{}
	case closing:
		return now
	case r.idleSince.IsZero():
		r.idleSince = now
	}
	return r.idleSince.Add(r.host.cfg.IdleAfter)
}

// wakeAt sets the timer, unless it is set for earlier: then the room is woken
// for nothing, and sets it again.
func (r *room) wakeAt(now, at time.Time) {
	if at.IsZero() || !r.timerAt.IsZero() && r.timerAt.After(now) && !at.Before(r.timerAt) {
		return
	}
	r.timerAt = at
	in := max(time.Until(at), 0)
	if r.timer == nil {
		r.timer = time.AfterFunc(in, r.wake)
		return
	}
	r.timer.Reset(in)
}
