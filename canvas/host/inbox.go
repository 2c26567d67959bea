package host

import (
	"sync"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// item is one thing for a room to do.
type item struct {
	kind     itemKind
	seat     *Seat
	head     schema.Header // itemMessage
	from, to int           // itemSync, itemMessage: the bytes in the inbox
	call     *call         // itemCall
	renewal  *renewal      // itemRenew
}

type itemKind uint8

const (
	itemSync itemKind = iota
	itemMessage
	itemCall
	itemRenew
	itemOverrun
	itemEnter
	itemLeave
	itemLost
)

// renewal is what the Role hook has said of a user with a new token.
type renewal struct {
	user canvas.User
	role canvas.Role
	err  error
}

// itemCost is what an item takes in the inbox besides its bytes, about.
const itemCost = 96

// inbox is what waits for a room. Any goroutine adds; the room takes all at
// once. Messages and calls are refused when it is full, the others, of which
// there are few, are not.
type inbox struct {
	mu     sync.Mutex // guards all below
	closed bool
	items  []item
	bytes  []byte
	cost   int // of all
	most   int // that cost may be for a message
}

// push adds an item. It reports false when the room has closed.
func (b *inbox) push(it item) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.items = append(b.items, it)
	b.cost += itemCost
	return true
}

// verdict is what became of a message.
type verdict uint8

const (
	taken verdict = iota
	full
	gone
)

// offer adds a message or a call, and copies its bytes. HOT
func (b *inbox) offer(it item, body []byte) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return gone
	case b.cost+itemCost+len(body) > b.most && b.cost > 0:
		return full
	}
	it.from = len(b.bytes)
	b.bytes = append(b.bytes, body...)
	it.to = len(b.bytes)
	b.items = append(b.items, it)
	b.cost += itemCost + len(body)
	return taken
}

// keptBytes is the largest buffer that is used again: one large document sent by
// a client should not stay in memory.
const keptBytes = 1 << 20

// take swaps what waits for two empty slices.
func (b *inbox) take(items []item, bytes []byte) ([]item, []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if cap(bytes) > keptBytes {
		bytes = nil
	}
	items, b.items = b.items, items
	bytes, b.bytes = b.bytes, bytes
	b.cost = 0
	return items, bytes
}

// close closes an empty inbox. It reports whether it was empty.
func (b *inbox) close() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = b.closed || len(b.items) == 0
	return b.closed
}

// drop closes the inbox and returns what waits, which nobody works on any more.
func (b *inbox) drop() []item {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.closed, b.items, b.bytes = true, nil, nil
	return items
}
