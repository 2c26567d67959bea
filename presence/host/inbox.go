package host

import (
	"sync"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// Bounds of what waits for one room between two steps. Joins, leaves and calls
// of the server always fit: there is one for each seat, or the caller waits.
const (
	inboxBytes    = 4 << 20  // of messages
	inboxMessages = 64 << 10 // of all seats
	seatMessages  = 128      // of one seat
)

// inbox is what waits for a room. Any goroutine puts in, the room's loop takes
// all. When it is full, messages are refused with RATE_LIMITED.
type inbox struct {
	mu     sync.Mutex
	items  []item
	data   []byte // of messages
	round  uint64 // counts takes
	closed bool

	taken      []item // the other half, emptied; the room's loop only
	takenBytes []byte // the same
}

type itemKind uint8

const (
	itemMessage itemKind = iota
	itemJoin
	itemLeave
	itemLost
	itemRenew
	itemCall
)

// item is one thing to do for the room.
type item struct {
	seat     *Seat
	call     func(now time.Time, gone bool) // gone: the room has ended
	user     *presence.User                 // of a renewal
	start, n int                            // of a message, in data
	message  schema.Kind
	kind     itemKind
}

type verdict uint8

const (
	taken verdict = iota
	full
	gone
)

// put adds something that always fits.
func (b *inbox) put(it item) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return gone
	}
	b.items = append(b.items, it)
	return taken
}

// message adds a client's message, which is copied. HOT
func (b *inbox) message(s *Seat, kind schema.Kind, body []byte) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return gone
	}
	if s.round != b.round {
		s.round, s.waiting = b.round, 0
	}
	if s.waiting >= seatMessages || len(b.items) >= inboxMessages || len(b.data)+len(body) > inboxBytes {
		return full
	}
	s.waiting++
	b.items = append(b.items, item{kind: itemMessage, seat: s, message: kind, start: len(b.data), n: len(body)})
	b.data = append(b.data, body...)
	return taken
}

// keepInbox is how many bytes of memory an inbox keeps for the next messages.
const keepInbox = 64 << 10

// take empties the inbox. What it returns is good until the next take. The
// room's loop only.
func (b *inbox) take() ([]item, []byte) {
	clear(b.taken)
	if cap(b.takenBytes) > keepInbox {
		b.taken, b.takenBytes = nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items, b.taken = b.taken[:0], b.items
	b.data, b.takenBytes = b.takenBytes[:0], b.data
	b.round++
	return b.taken, b.takenBytes
}

// closeEmpty closes the inbox if nothing is in it.
func (b *inbox) closeEmpty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) > 0 {
		return false
	}
	b.closed = true
	return true
}

// close closes the inbox and returns what was in it.
func (b *inbox) close() []item {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	items := b.items
	b.items, b.data = nil, nil
	return items
}
