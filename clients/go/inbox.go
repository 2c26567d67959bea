package client

// keptInbox is the largest buffer that an empty inbox keeps.
const keptInbox = 64 << 10

// inbox holds the messages that one packet has completed until they are read.
// One goroutine uses it.
type inbox struct {
	data []byte
	ends []int // of each message in data
	read int   // messages that next has returned
	from int   // where the next one begins
}

// put adds a copy of a message.
func (b *inbox) put(msg []byte) error {
	b.data = append(b.data, msg...)
	b.ends = append(b.ends, len(b.data))
	return nil
}

// next is the next message, valid until the next put; nil: there is none.
func (b *inbox) next() []byte {
	if b.read == len(b.ends) {
		if cap(b.data) > keptInbox {
			b.data = nil
		}
		b.data, b.ends, b.read, b.from = b.data[:0], b.ends[:0], 0, 0
		return nil
	}
	end := b.ends[b.read]
	msg := b.data[b.from:end:end]
	b.read, b.from = b.read+1, end
	return msg
}
