package rooms

import (
	"sync"

	"github.com/parlor-server/parlor/schema"
)

// The inbox's limits between two ticks. A room's clients cannot crowd out
// each other: each has its own part.
const (
	inboxItems   = 1 << 15
	inboxBytes   = 4 << 20
	inboxPerSeat = 64
)

type itemKind uint8

const (
	itemEnter itemKind = iota + 1
	itemLost
	itemLeave
	itemCommand
	itemEvent
	itemKick
	itemCall // reads the room on its loop
	itemClose
	itemWritten // fits always: a bounded number of transactions wait
)

// item is what another goroutine wants of a room.
type item struct {
	kind   itemKind
	input  uint8
	size   uint16 // of an input's payload
	number uint32 // itemCommand: the tick; itemEvent: the client's count
	from   *Seat
	place  *place // from's, for inputs
	at     uint32 // of an input's payload, in the inbox's data
	seen   uint32 // itemCommand: what the player saw, in 1/256 ticks; 0: it did not say
	order  *order // for the rare kinds
}

// order is what itemKick, itemCall, itemClose and itemWritten carry.
type order struct {
	text    string
	run     func()
	code    schema.Code
	written Written
}

// payload is what an input carries; data came with it from take.
func (it *item) payload(data []byte) []byte { return data[it.at : it.at+uint32(it.size)] }

// inbox takes in what arrives between two ticks, in order. Any goroutine may
// push; the room's loop takes all at once. When it is full, commands and
// events are refused; the other items come once for each seat, or from operators, and always fit.
type inbox struct {
	mu    sync.Mutex
	items []item // guarded by mu
	data  []byte // guarded by mu
	epoch uint64 // guarded by mu; counts takes

	spare     []item // the loop's: taken last time, empty again
	spareData []byte // the loop's
}

func (b *inbox) push(it item) {
	b.mu.Lock()
	b.items = append(b.items, it)
	b.mu.Unlock()
}

// pushInput copies payload; false means full, for all or for this seat.
func (b *inbox) pushInput(it item, payload []byte) bool {
	b.mu.Lock()
	if it.from.epoch != b.epoch {
		it.from.epoch, it.from.pushed = b.epoch, 0
	}
	if it.from.pushed >= inboxPerSeat || len(b.items) >= inboxItems || len(b.data)+len(payload) > inboxBytes {
		b.mu.Unlock()
		return false
	}
	it.from.pushed++
	it.at, it.size = uint32(len(b.data)), uint16(len(payload))
	b.data = append(b.data, payload...)
	b.items = append(b.items, it)
	b.mu.Unlock()
	return true
}

// take gives all items and the bytes that their payloads lie in; both are
// valid until the next take.
func (b *inbox) take() ([]item, []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.items) == 0 {
		return nil, nil
	}
	items, data := b.items, b.data
	clear(b.spare) // lets go of the seats
	b.items, b.data = b.spare[:0], b.spareData[:0]
	b.spare, b.spareData = items, data
	b.epoch++
	return items, data
}
