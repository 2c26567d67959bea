package reliable

// queue is a stream of bytes between Send and Pump. Its owner bounds it.
type queue struct {
	buf  []byte
	head int // of buf that has been popped
}

func (q *queue) len() int { return len(q.buf) - q.head }

// push appends pieces. The space of what was popped is used again before the
// buffer grows.
func (q *queue) push(pieces ...[]byte) {
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	if q.head > 0 && len(q.buf)+size > cap(q.buf) {
		q.buf = q.buf[:copy(q.buf, q.buf[q.head:])]
		q.head = 0
	}
	for _, p := range pieces {
		q.buf = append(q.buf, p...)
	}
}

// peek returns the first n bytes, valid until push or pop.
func (q *queue) peek(n int) []byte { return q.buf[q.head : q.head+n] }

func (q *queue) pop(n int) {
	q.head += n
	if q.head < len(q.buf) {
		return
	}
	q.head, q.buf = 0, q.buf[:0]
	if cap(q.buf) > keptBuffer {
		q.buf = nil
	}
}
