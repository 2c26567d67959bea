package reliable

import (
	"encoding/binary"
	"fmt"

	"github.com/xtaci/kcp-go/v5"
)

// Input takes the segments of one packet, answers with acknowledgements and
// what they set free at once, and passes the messages that are complete to
// receive, each valid during its call. An error, be it receive's own, ends the
// lane: the peer is broken, and nothing more may be put in.
//
// receive may call all methods but Input, and may let go of the lock that
// guards the lane as long as it holds it again when it returns.
func (l *Lane) Input(segments []byte, receive func(msg []byte) error) error {
	if err := l.check(segments); err != nil {
		return err
	}
	l.open()
	l.look(segments)
	const acksAtOnce = true
	if code := l.kcp.Input(segments, kcp.IKCP_PACKET_REGULAR, acksAtOnce); code != 0 {
		return fmt.Errorf("%w: code %d", ErrSegment, code)
	}
	l.note()
	closed := l.reportsNo
	for l.kcp.PeekSize() >= 0 {
		size := l.kcp.Recv(l.scratch[:])
		if err := l.in.feed(l.scratch[:size], receive); err != nil {
			return err
		}
	}
	if closed {
		l.owed = 2 // tell the peer that the window is open again
	}
	return nil
}

// check looks at every segment before KCP does: KCP trusts lengths more than it
// should, takes the segments before a broken one, and would wait forever for
// the rest of a fragmented message.
func (l *Lane) check(segments []byte) error {
	if len(segments) == 0 {
		return fmt.Errorf("%w: it is empty", ErrSegment)
	}
	for len(segments) > 0 {
		if len(segments) < kcp.IKCP_OVERHEAD {
			return fmt.Errorf("%w: %d bytes are left over", ErrSegment, len(segments))
		}
		conversation := binary.LittleEndian.Uint32(segments)
		command, fragment := segments[offCommand], segments[offFragment]
		length := binary.LittleEndian.Uint32(segments[offLength:])
		segments = segments[kcp.IKCP_OVERHEAD:]
		switch {
		case conversation != l.cfg.Conversation:
			return fmt.Errorf("%w: conversation %d, this is %d", ErrSegment, conversation, l.cfg.Conversation)
		case command < kcp.IKCP_CMD_PUSH || command > kcp.IKCP_CMD_WINS:
			return fmt.Errorf("%w: command %d", ErrSegment, command)
		case fragment != 0:
			return fmt.Errorf("%w: fragment %d, the lane uses none", ErrSegment, fragment)
		case length > segmentSize || int(length) > len(segments):
			return fmt.Errorf("%w: %d bytes of data, %d are there", ErrSegment, length, len(segments))
		}
		segments = segments[length:]
	}
	return nil
}

// look notes what checked segments tell, and what they make KCP owe the peer: a
// word about the window, or what has got lost.
func (l *Lane) look(segments []byte) {
	for len(segments) > 0 {
		gap := l.air.arrived(segments)
		if gap || segments[offCommand] == kcp.IKCP_CMD_WASK {
			l.owed = 2 // of two updates, 10 ms apart, KCP uses at least one
		}
		segments = segments[kcp.IKCP_OVERHEAD+binary.LittleEndian.Uint32(segments[offLength:]):]
	}
}
