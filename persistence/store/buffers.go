package store

import "sync"

// keptBuffers is how many buffers wait to be used again, at most.
const keptBuffers = 1024

// buffers are those of journal entries, which go from a Batch to the committer
// and back to another Batch. When it is full, they are left to the collector.
type buffers struct {
	mu   sync.Mutex // guards free
	free [][]byte
}

// get returns an empty buffer, nil if none is at hand.
func (b *buffers) get() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := len(b.free)
	if n == 0 {
		return nil
	}
	buf := b.free[n-1]
	b.free = b.free[:n-1]
	return buf[:0]
}

func (b *buffers) put(buf []byte) {
	if cap(buf) > keptBuffer {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.free) < keptBuffers {
		b.free = append(b.free, buf)
	}
}
