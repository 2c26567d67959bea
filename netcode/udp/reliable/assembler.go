package reliable

import (
	"errors"
	"fmt"
)

// Errors of Input: the peer does not speak this protocol, and the session is
// over.
var (
	ErrSegment = errors.New("a packet is no row of KCP segments")
	ErrLength  = errors.New("a message's length is wrong")
)

const (
	lengthBytes = 4 // of a varint, at most
	maxLength   = 1<<(7*lengthBytes) - 1
)

// assembler makes messages of the stream's bytes.
type assembler struct {
	max    int    // bytes of a message
	length int    // of the message that is coming
	shift  uint8  // bits of length that have come
	inBody bool   // the length is complete
	part   []byte // of a message that spans segments
}

// feed takes the stream's next bytes. It passes each message that they
// complete to receive, valid during the call.
func (a *assembler) feed(chunk []byte, receive func(msg []byte) error) error {
	for len(chunk) > 0 {
		if !a.inBody {
			if err := a.lengthByte(chunk[0]); err != nil {
				return err
			}
			chunk = chunk[1:]
			continue
		}
		missing := a.length - len(a.part)
		if len(chunk) < missing {
			a.hold(chunk)
			return nil
		}
		msg := chunk[:missing]
		if len(a.part) > 0 {
			a.hold(msg)
			msg = a.part
		}
		chunk = chunk[missing:]
		a.length, a.shift, a.inBody = 0, 0, false
		if a.part = a.part[:0]; cap(a.part) > keptBuffer {
			a.part = nil // msg is the last to hold it
		}
		if err := receive(msg); err != nil {
			return err
		}
	}
	return nil
}

func (a *assembler) lengthByte(b byte) error {
	a.length |= int(b&0x7f) << a.shift
	a.shift += 7
	switch {
	case b >= 0x80 && a.shift == 7*lengthBytes:
		return fmt.Errorf("%w: more than %d bytes of varint", ErrLength, lengthBytes)
	case b >= 0x80:
		return nil
	case b == 0:
		return fmt.Errorf("%w: zero, or not in its shortest form", ErrLength)
	case a.length > a.max:
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrLength, a.length, a.max)
	}
	a.inBody = true
	return nil
}

// hold keeps a piece of a message. Memory is taken for what has come, not for
// what the length promises.
func (a *assembler) hold(piece []byte) { a.part = append(a.part, piece...) }
