package host

import (
	"runtime/debug"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// worker runs rooms from the queue.
type worker struct {
	host    *Host
	builder *schema.Builder
	last    deltaKey // of the delta whose body lies in the builder
	body    []byte
}

func newWorker(h *Host) *worker { return &worker{host: h, builder: schema.NewBuilder()} }

// run works until the queue is closed.
func (w *worker) run() {
	for r, ok := w.host.queue.Pop(); ok; r, ok = w.host.queue.Pop() {
		r.state.Begin()
		if !r.isOpen() {
			w.host.queue.End(r, &r.state, false)
			continue
		}
		w.host.queue.End(r, &r.state, w.turn(r))
	}
}

// turn gives a room its time, and reports whether it wants more. A panic that
// the machine did not expect ends the room only.
func (w *worker) turn(r *room) (more bool) {
	defer func() {
		if p := recover(); p != nil {
			more = false
			r.fail(r.failed("running it", p, debug.Stack()))
		}
	}()
	if err := w.host.Err(); err != nil {
		r.fail(err)
		return false
	}
	started := time.Now()
	w.last = deltaKey{}
	if err := r.settle(w); err != nil {
		r.fail(err)
		return false
	}
	r.flush()
	more = r.work(w, started)
	r.pump(w, started)
	r.flush()
	r.publish()
	if !more {
		r.rest(started)
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
		r.deliver(w, t.out.After)
		r.settled(t)
	}
	rest := copy(r.pending, r.pending[n:])
	clear(r.pending[rest:])
	r.pending = r.pending[:rest]
	return nil
}

// settled runs the hooks of a transaction that is durable, and frees it.
func (r *room) settled(t *transaction) {
	h := r.host
	for _, hook := range t.out.Hooks {
		h.following.Run(func() { h.follow(r.name, hook) })
	}
	if len(t.out.Puts) > 0 {
		h.stats.Commits.Add(1)
		if h.cfg.OnCommit != nil {
			h.cfg.OnCommit(time.Since(t.began))
		}
	}
	t.reset()
	r.free = append(r.free, t)
}

// work applies what is in the inbox, for a slice at most. It reports whether
// there is more that can be done now.
func (r *room) work(w *worker, started time.Time) bool {
	if len(r.pending) >= maxPending {
		return false // the commits' end wakes the room
	}
	if w.host.store.Full() {
		w.host.park(r)
		return false
	}
	if w.host.following.Full(r.wake) {
		return false
	}
	t := r.newTransaction()
	now := started.UnixMicro()
	more := false
	for n := 1; ; n++ {
		if r.next == len(r.items) && !r.refill() {
			break
		}
		it := &r.items[r.next]
		r.next++
		r.apply(now, it, &t.out)
		if n%16 == 0 && time.Since(started) > slice || t.out.large() || t.out.Size() >= maxTurn {
			more = true
			break
		}
	}
	if at, ok := r.machine.NextDue(); ok && at <= now {
		r.machine.Apply(now, &records.Due{}, &t.out.Outbox)
	}
	r.finish(w, now, t)
	return more
}

// maxTurn is how many bytes a turn makes durable before it ends.
const maxTurn = 1 << 20

// refill takes what has come.
func (r *room) refill() bool {
	clear(r.items) // seats and ops are not kept alive
	r.items, r.bytes = r.inbox.take(r.items[:0], r.bytes[:0])
	r.next = 0
	return len(r.items) > 0
}

// finish hands on what came of the ops.
func (r *room) finish(w *worker, now int64, t *transaction) {
	r.deliver(w, t.out.Now)
	for _, p := range t.out.Prepare {
		r.host.preparing.Run(func() { r.host.prepare(r, p) })
	}
	switch {
	case len(t.out.Puts) > 0:
		r.pending = append(r.pending, t)
		r.commitParts(now, t)
	case len(r.pending) > 0 && !t.out.empty():
		r.pending = append(r.pending, t) // after those before it
	default:
		r.deliver(w, t.out.After)
		r.settled(t)
	}
}

// rest sets the timer for what the room has to do by itself.
func (r *room) rest(now time.Time) {
	var at time.Time
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if len(r.blocked) > 0 {
		sooner(time.Now().Add(slice))
	}
	if due, ok := r.machine.NextDue(); ok {
		sooner(time.UnixMicro(due))
	}
	if r.idle() {
		if r.idleSince.IsZero() {
			r.idleSince = now
		}
		if closes := r.idleSince.Add(r.host.cfg.IdleAfter); closes.After(now) && !r.host.isClosing() {
			sooner(closes)
		} else if r.tryClose() {
			return
		} else {
			sooner(now.Add(r.host.cfg.IdleAfter))
		}
	} else {
		r.idleSince = time.Time{}
	}
	r.wakeAt(now, at)
}

// idle tells that nothing is under way and nobody is there. When the host
// closes, whoever is there still does not count.
func (r *room) idle() bool {
	if len(r.pending) > 0 || r.next < len(r.items) {
		return false
	}
	return r.host.isClosing() || !r.machine.Busy() && len(r.conns) == 0
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

func (h *Host) isClosing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closing
}
