package host

import (
	"sync"

	"github.com/parlor-server/parlor/persistence/records"
)

// item is one thing for a room to do.
type item struct {
	kind itemKind
	seat *Seat      // nil: nobody's
	op   records.Op // itemOp

	// itemMutate: the arguments lie in the inbox's bytes.
	id       uint64
	name     string
	from, to int
	version  uint32
	void     bool
}

type itemKind uint8

const (
	itemOp itemKind = iota
	itemMutate
	itemEnter
	itemLeave
	itemLost
)

// itemCost is what an item takes in the inbox besides its bytes, about.
const itemCost = 96

// inbox is what waits for a room. Any goroutine adds; the room takes all at
// once. Messages of clients are refused when it is full, the others, of which
// there are few, are not.
type inbox struct {
	mu     sync.Mutex // guards all below
	closed bool
	items  []item
	bytes  []byte
	cost   int // of all
	most   int // that cost may be for a client's message
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

// verdict is what became of a client's message.
type verdict uint8

const (
	taken verdict = iota
	full
	gone
)

// offer adds a client's op, which takes size bytes.
func (b *inbox) offer(it item, size int) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return gone
	case b.cost+itemCost+size > b.most && b.cost > 0:
		return full
	}
	b.items = append(b.items, it)
	b.cost += itemCost + size
	return taken
}

// mutate adds a client's mutation and copies its arguments. HOT
func (b *inbox) mutate(it item, args []byte) verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return gone
	case b.cost+itemCost+len(args) > b.most && b.cost > 0:
		return full
	}
	it.from = len(b.bytes)
	b.bytes = append(b.bytes, args...)
	it.to = len(b.bytes)
	b.items = append(b.items, it)
	b.cost += itemCost + len(args)
	return taken
}

// take swaps what waits for two empty slices.
func (b *inbox) take(items []item, bytes []byte) ([]item, []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
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
