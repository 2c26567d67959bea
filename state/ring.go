package state

import (
	"unsafe"

	"github.com/parlor-server/parlor/tick"
)

// ringTicks is how many ticks back a client may be to be sent a delta.
const ringTicks = 64

// ring remembers the public changes of the last 64 ticks, so that any of those
// ticks can be the base of a delta. All of them lie in one piece of memory,
// used round and round, which grows when 64 ticks do not fit; the oldest tick
// is overwritten.
type ring struct {
	last    tick.Tick // of the newest record, or what the world began with
	next    int       // where the next record goes
	count   int
	words   []uint32
	opened  int // where in words open began
	largest int // words that a record may well have
	records [ringTicks]tickRecord
}

// tickRecord says where the changes of one tick are.
type tickRecord struct {
	base tick.Tick // the tick before it
	at   uint32    // in ring.words
	len  uint32
}

// clear forgets all ticks; the world is now as of tick t.
func (r *ring) clear(t tick.Tick) { r.next, r.count, r.last = 0, 0, t }

// open returns empty changes in the ring's memory for push to take in. If more
// is appended than fits, they move elsewhere by themselves.
func (r *ring) open() changes {
	at, end := r.room()
	if need := r.largest + partMost; end-at < need {
		r.grow(need)
		at, end = r.room()
	}
	r.opened = at
	return r.words[at:at:end]
}

// room finds the largest free piece that the next record may have.
func (r *ring) room() (at, end int) {
	kept := min(r.count, ringTicks-1)
	if kept == 0 {
		return 0, len(r.words)
	}
	first, last := r.back(kept-1), r.back(0)
	at = int(last.at + last.len)
	switch {
	case first.at > last.at:
		return at, int(first.at)
	case len(r.words)-at < int(first.at) && len(r.words)-at < r.largest+partMost:
		return 0, int(first.at)
	}
	return at, len(r.words)
}

// grow moves the ring to memory that has room for a record of need words. While
// the ring is not full, it reckons with more ticks like those it has.
func (r *ring) grow(need int) {
	kept := min(r.count, ringTicks-1)
	total := need
	for n := range kept {
		total += int(r.back(n).len)
	}
	total = min(4*total, total*ringTicks/(kept+1))
	words := make([]uint32, 0, total+total/8+2*need)
	for n := kept - 1; n >= 0; n-- {
		record := r.back(n)
		from := record.at
		record.at = uint32(len(words))
		words = append(words, r.words[from:from+record.len]...)
	}
	r.words = words[:cap(words)]
}

// push makes the changes that open began the record of tick t.
func (r *ring) push(t tick.Tick, c changes) {
	n, at := len(c), r.opened
	if n > 0 && unsafe.SliceData(c) != &r.words[at] { // they had to move
		r.grow(n + n/8 + partMost)
		at, _ = r.room()
		copy(r.words[at:], c)
	}
	r.largest = max(r.largest, n)
	r.records[r.next] = tickRecord{r.last, uint32(at), uint32(n)}
	r.next = (r.next + 1) % ringTicks
	r.count = min(r.count+1, ringTicks)
	r.last = t
}

// back returns the record that is n before the newest.
func (r *ring) back(n int) *tickRecord {
	return &r.records[(r.next-1-n+2*ringTicks)%ringTicks]
}

// changes returns what the tick changed that is n before the newest.
func (r *ring) changes(n int) changes {
	record := r.back(n)
	return r.words[record.at : record.at+record.len]
}

// since returns how many records lead from tick base to now.
func (r *ring) since(base tick.Tick) (n int, ok bool) {
	if base == 0 {
		return 0, false // no tick at all
	}
	if base == r.last {
		return 0, true
	}
	for n := range r.count {
		if r.back(n).base == base {
			return n + 1, true
		}
	}
	return 0, false
}
