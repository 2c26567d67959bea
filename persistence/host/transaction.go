package host

import (
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
)

// transaction is what one turn of a room wants to be durable, and what leaves
// then. The room owns it; the store's committer writes err and done.
type transaction struct {
	out   outbox
	began time.Time
	end   func(error) // stored: it is made once
	err   error       // why it is not durable; read after done
	done  atomic.Bool
}

// outbox is what the machine said, and how much of it is on disk.
type outbox struct{ records.Outbox }

func (o *outbox) empty() bool { return len(o.After) == 0 && len(o.Hooks) == 0 }

// large tells that it is time to commit: one batch should stay far below what
// the store takes at once.
func (o *outbox) large() bool { return len(o.Puts) >= maxPuts }

const maxPuts = 8192

func (r *room) newTransaction() *transaction {
	if n := len(r.free); n > 0 {
		t := r.free[n-1]
		r.free = r.free[:n-1]
		return t
	}
	t := &transaction{}
	t.end = func(err error) {
		t.err = err
		t.done.Store(true)
		r.wake()
	}
	return t
}

func (t *transaction) reset() {
	t.out.Reset()
	t.err = nil
	t.done.Store(false)
}

// fill makes the store's batch of the puts.
func (r *room) fill(now int64, out *outbox) {
	var seq uint64
	for i := range out.Puts {
		p := &out.Puts[i]
		if p.Seq != seq {
			seq = p.Seq
			r.batch.Begin(seq)
		}
		key := asString(p.Key) // copied, as the value is
		if p.Delete {
			r.batch.Delete(store.Space(p.Space), key)
		} else {
			r.batch.Put(store.Space(p.Space), key, p.Value)
		}
	}
	r.dueLater(now, &r.batch)
}

// asString is bytes that never change as a string.
func asString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
