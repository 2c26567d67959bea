package host

import (
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/canvas"
)

// transaction is what one turn of a room wants to be durable, and what leaves
// then. The room owns it; the store's committer writes err and done.
type transaction struct {
	out    canvas.Outbox
	calls  []*call // that were done in it
	size   int     // bytes of puts, as far as counted
	counts int     // puts that size counts
	began  time.Time
	end    func(error) // stored: it is made once
	err    error       // why it is not durable; read after done
	done   atomic.Bool
}

const (
	maxTurn  = 1 << 20 // bytes that a turn makes durable before it ends
	maxPuts  = 8192
	maxSends = 16384
)

// large tells that it is time to commit: one batch should stay far below what
// the store takes at once.
func (t *transaction) large() bool {
	for _, p := range t.out.Puts[t.counts:] {
		t.size += len(p.Key) + len(p.Value)
	}
	t.counts = len(t.out.Puts)
	return t.size >= maxTurn || t.counts >= maxPuts || len(t.out.Now)+len(t.out.After) >= maxSends
}

func (t *transaction) empty() bool { return len(t.out.After) == 0 && len(t.calls) == 0 }

// answer tells the callers.
func (t *transaction) answer() {
	for _, c := range t.calls {
		close(c.answered)
	}
	t.calls = nil
}

func (r *room) newTransaction() *transaction {
	if n := len(r.free); n > 0 {
		t := r.free[n-1]
		r.free = r.free[:n-1]
		return t
	}
	t := &transaction{}
	t.out.Offer, t.out.Backlog = r.offer, r.backlog
	t.end = func(err error) {
		t.err = err
		t.done.Store(true)
		r.wake()
	}
	return t
}

// recycle keeps a transaction for another turn, unless it has become large.
func (r *room) recycle(t *transaction) {
	if cap(t.out.Puts) > maxPuts || cap(t.out.Now)+cap(t.out.After) > maxSends {
		return
	}
	t.out.Reset()
	t.size, t.counts, t.err = 0, 0, nil
	t.done.Store(false)
	r.free = append(r.free, t)
}

// fill makes the store's batch of the puts.
func (r *room) fill(out *canvas.Outbox) {
	r.batch.Begin(r.store.Seq() + 1)
	for i := range out.Puts {
		p := &out.Puts[i]
		if p.Value == nil {
			r.batch.Delete(p.Space, p.Key)
		} else {
			r.batch.Put(p.Space, p.Key, p.Value)
		}
	}
}
