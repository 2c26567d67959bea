package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// outboxSize is how many packets an outbox holds before it flushes by itself.
const outboxSize = 512

// outbox holds packets of one shard until they are sent together. Any goroutine
// may use it. A packet's way: reserve a buffer, fill it under no lock of the
// outbox, commit it; a flush sends all that were committed before. When it is
// full, commit flushes first, and waits if others are at it.
type outbox struct {
	socket  socket
	sent    func(packets, bytes int) // counts what was handed to the socket; nil: nobody does
	waiting atomic.Int64             // len(filling): an empty outbox is flushed by one load

	mu      sync.Mutex // guards filling and free; taken after sending
	filling []datagram
	free    [][]byte // buffers of maxDatagram bytes, the last used first

	sendMu  sync.Mutex // guards sending
	sending []datagram
}

func newOutbox(s socket) *outbox {
	return &outbox{
		socket:  s,
		filling: make([]datagram, 0, outboxSize),
		sending: make([]datagram, 0, outboxSize),
		free:    make([][]byte, 0, 2*outboxSize),
	}
}

// reserve returns a buffer of length 0 for one packet of at most maxDatagram
// bytes. It is the caller's until commit or release. HOT
func (o *outbox) reserve() []byte {
	o.mu.Lock()
	if last := len(o.free) - 1; last >= 0 {
		buf := o.free[last]
		o.free = o.free[:last]
		o.mu.Unlock()
		return buf
	}
	o.mu.Unlock()
	return make([]byte, 0, maxDatagram)
}

// commit queues a packet that begins where the reserved buffer begins. The
// buffer is the outbox's again. HOT
func (o *outbox) commit(addr netip.AddrPort, packet []byte) {
	o.mu.Lock()
	for len(o.filling) == outboxSize {
		o.mu.Unlock()
		o.sendMu.Lock()
		o.send()
		o.sendMu.Unlock()
		o.flush() // for those who found this goroutine sending
		o.mu.Lock()
	}
	o.filling = append(o.filling, datagram{data: packet, addr: addr})
	o.waiting.Store(int64(len(o.filling)))
	o.mu.Unlock()
}

// release gives back a reserved buffer that is not needed. HOT
func (o *outbox) release(buf []byte) {
	o.mu.Lock()
	o.recycle(buf)
	o.mu.Unlock()
}

// recycle keeps a buffer for reserve; o.mu is held.
func (o *outbox) recycle(buf []byte) {
	if cap(buf) == maxDatagram && len(o.free) < cap(o.free) {
		o.free = append(o.free, buf[:0])
	}
}

// flush sends what was committed. If another goroutine is flushing, that one
// sends these packets too, and flush returns at once. HOT
func (o *outbox) flush() {
	for o.waiting.Load() > 0 {
		if !o.sendMu.TryLock() {
			return // it looks at waiting again after it has unlocked
		}
		o.send()
		o.sendMu.Unlock()
	}
}

// count reports what was sent; o.sendMu is held.
func (o *outbox) count() {
	if o.sent == nil {
		return
	}
	bytes := 0
	for i := range o.sending {
		bytes += len(o.sending[i].data)
	}
	o.sent(len(o.sending), bytes)
}

// send sends what was committed so far; o.sendMu is held.
func (o *outbox) send() {
	o.mu.Lock()
	o.filling, o.sending = o.sending[:0], o.filling
	o.waiting.Store(0)
	o.mu.Unlock()

	// After close there is nobody to send to, and the caller learns of it where
	// it reads.
	_ = o.socket.write(o.sending)
	o.count()

	o.mu.Lock()
	for i := range o.sending {
		o.recycle(o.sending[i].data)
	}
	o.mu.Unlock()
}
