package host

import (
	"time"

	"github.com/parlor-server/parlor/persistence/records"
)

// maxPart is how many bytes of several transactions are committed at once. One
// transaction alone may be larger.
const maxPart = 4 << 20

// commitParts hands the puts to the store, in parts if they are many: what waits
// behind a preparation, or is due at one time, runs in one turn, and the store
// takes only so much at once. When a part is refused, so are those after it.
func (r *room) commitParts(now int64, t *transaction) {
	t.began = time.Now()
	rest := t.out.Puts
	for {
		n := part(rest)
		last := n == len(rest)
		r.fill(now, &outbox{records.Outbox{Puts: rest[:n]}})
		if last {
			r.store.Commit(&r.batch, t.end)
			return
		}
		r.store.Commit(&r.batch, func(error) {}) // the last one fails too
		rest = rest[n:]
	}
}

// part is how many of the puts go into one commit: whole transactions.
func part(puts []records.Put) int {
	size, begin := 0, 0
	for i := range puts {
		if i > 0 && puts[i].Seq != puts[i-1].Seq {
			begin = i
		}
		size += len(puts[i].Key) + len(puts[i].Value)
		if size > maxPart && begin > 0 {
			return begin
		}
	}
	return len(puts)
}
