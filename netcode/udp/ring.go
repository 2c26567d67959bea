package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// forwardSize is how many packets may wait in a forwardRing.
const forwardSize = 512

// forwardRing takes packets that reached another shard's socket to the shard
// that owns their session. Readers of all shards push, one goroutine of the
// owner takes. Packets are copied; when it is full they are dropped and counted,
// as the kernel does with a full socket.
type forwardRing struct {
	wake    chan struct{} // has a token while packets wait
	waiting atomic.Int64
	dropped atomic.Uint64

	mu      sync.Mutex // guards filling
	filling []datagram // buffers beyond its length are kept for use
	taken   []datagram // the owner's since the last take
}

func newForwardRing() *forwardRing {
	return &forwardRing{
		wake:    make(chan struct{}, 1),
		filling: make([]datagram, 0, forwardSize),
		taken:   make([]datagram, 0, forwardSize),
	}
}

// push copies a packet into the ring; false if it was dropped. It never waits
// for the owner. HOT
func (r *forwardRing) push(data []byte, addr netip.AddrPort) bool {
	r.mu.Lock()
	n := len(r.filling)
	if n == forwardSize || len(data) > maxDatagram {
		r.mu.Unlock()
		r.dropped.Add(1)
		return false
	}
	r.filling = r.filling[:n+1]
	slot := &r.filling[n]
	if slot.data == nil {
		slot.data = make([]byte, 0, maxDatagram) // once a slot
	}
	slot.data = append(slot.data[:0], data...)
	slot.addr = addr
	r.waiting.Store(int64(n + 1))
	r.mu.Unlock()

	select {
	case r.wake <- struct{}{}:
	default:
	}
	return true
}

// take returns all packets that wait, oldest first: nil if none does. They are
// the owner's to change, until its next take. HOT
func (r *forwardRing) take() []datagram {
	if r.waiting.Load() == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.filling, r.taken = r.taken[:0], r.filling
	r.waiting.Store(0)
	return r.taken
}
