package record

import (
	"sync"
	"sync/atomic"

	"github.com/parlor-server/parlor/tick"
)

// step is what a Writer asks of the Recorder.
type step uint8

const (
	stepBegin   step = iota + 1 // a new segment, data is its snapshot; ends the one before
	stepEntries                 // data is a block of entries
	stepGap                     // what follows is lost up to the next stepBegin
	stepClose                   // the room is over
)

// chunk is one step with its data. The data begins with blockHead free bytes.
type chunk struct {
	step    step
	data    []byte
	first   tick.Tick // stepBegin: the first tick of the segment
	ticks   uint32    // stepEntries: complete ticks of the segment up to here
	faulted bool      // stepClose
}

const (
	// maxChunks is how many chunks of one room may wait, at about one a second.
	maxChunks = 16
	// keepBuffers is how many written buffers wait for their room's next use,
	// unless they are larger than keepBytes.
	keepBuffers = 2
	keepBytes   = 128 << 10
)

// queue is the way from all Writers to the Recorder's goroutine. It is bounded
// by chunks a room and by bytes in total. When it is full, put refuses data and
// the Writer reports a gap. Gaps and closes carry no data and are never refused:
// there is at most one gap for each segment that was begun, and one close.
//
// Rooms take turns: each has its own list of chunks and stands in line once.
type queue struct {
	wake chan struct{} // holds one token when there is something to do
	gaps atomic.Uint64 // that Writers made

	mu          sync.Mutex
	first, last *lane // rooms with chunks, linked by lane.next
	bytes       int   // of all data that waits
	maxBytes    int
	closed      bool // nothing is accepted any more
}

// lane is one room's part of the queue.
type lane struct {
	rec *recording // belongs to the Recorder's goroutine

	// Guarded by queue.mu.
	chunks []chunk
	free   [][]byte
	next   *lane
}

// put appends a chunk and returns an empty buffer for the next one, or false
// when the chunk was refused. It never blocks for longer than the lock.
func (q *queue) put(l *lane, c chunk) (fresh []byte, ok bool) {
	q.mu.Lock()
	if c.data != nil && !q.accepts(l, len(c.data)) {
		q.mu.Unlock()
		return nil, false
	}
	q.bytes += len(c.data)
	l.chunks = append(l.chunks, c)
	if len(l.chunks) == 1 {
		q.line(l)
	}
	if n := len(l.free); n > 0 && c.data != nil {
		fresh = l.free[n-1]
		l.free = l.free[:n-1]
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
	return fresh, true
}

// accepts reports whether data fits. One chunk alone always does, however large.
func (q *queue) accepts(l *lane, size int) bool {
	if q.closed || len(l.chunks) >= maxChunks {
		return false
	}
	return q.bytes == 0 || q.bytes+size <= q.maxBytes
}

// waiting is the number of the room's chunks that have not been taken.
func (q *queue) waiting(l *lane) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(l.chunks)
}

// line puts a room at the end of the line.
func (q *queue) line(l *lane) {
	if q.last == nil {
		q.first = l
	} else {
		q.last.next = l
	}
	q.last = l
}

// take removes the next chunk of the room whose turn it is. Its data counts
// until give.
func (q *queue) take() (l *lane, c chunk, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l = q.first
	if l == nil {
		return nil, chunk{}, false
	}
	if q.first = l.next; q.first == nil {
		q.last = nil
	}
	l.next = nil
	c = l.chunks[0]
	n := copy(l.chunks, l.chunks[1:])
	l.chunks[n] = chunk{}
	l.chunks = l.chunks[:n]
	if n > 0 {
		q.line(l)
	}
	return l, c, true
}

// give returns the buffer of a chunk that has been dealt with.
func (q *queue) give(l *lane, data []byte) {
	if data == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= len(data)
	if len(l.free) < keepBuffers && cap(data) <= keepBytes {
		l.free = append(l.free, data[:0])
	}
}

// close refuses everything from now on.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}
