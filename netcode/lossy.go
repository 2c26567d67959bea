package netcode

import (
	"math/bits"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

const (
	baseEvery  = 4  // ticks between two that frames may start from: state.BaseEvery, which sessions may not import
	seenWindow = 32 // ticks back in which a repeated command is known again
	maxStreams = 4  // command inputs of one room that are told apart
)

// lossyLink is what a Link knows because packets may be lost.
type lossyLink struct {
	base    atomic.Uint32             // newest base tick that the client holds; 0: none
	streams [maxStreams]commandStream // the reader's; by input
	used    int                       // the reader's; how many streams there are
}

// shortPayload takes a command's payload out of a message. Longer ones take
// the longer way.
type shortPayload [32]byte

// commandStream knows which commands of one input have come already.
type commandStream struct {
	input  uint8
	newest uint32 // the highest tick named
	come   uint32 // bit i: the command for newest - i has come
}

// allCame is the come of a stream of which all ticks that are told apart have.
const allCame = ^uint32(0)

// first reports whether a command for the tick comes for the first time.
func (c *commandStream) first(tick uint32) bool {
	if tick > c.newest {
		c.come = c.come<<min(tick-c.newest, seenWindow) | 1
		c.newest = tick
		return true
	}
	back := c.newest - tick
	if back >= seenWindow || c.come>>back&1 != 0 {
		return false
	}
	c.come |= 1 << back
	return true
}

// stream is that of an input; those beyond the table share the last one, and
// may lose a repeated command by it.
func (l *lossyLink) stream(input uint8) *commandStream {
	for i := range l.streams[:l.used] {
		if l.streams[i].input == input {
			return &l.streams[i]
		}
	}
	if l.used < maxStreams {
		l.used++
	}
	s := &l.streams[l.used-1]
	if s.input != input {
		*s = commandStream{input: input}
	}
	return s
}

// hold takes the client's word for the base ticks that it holds: bit i of held
// stands for the base tick at or before applied, less 4i.
func (l *Link) hold(applied uint32, held uint16) {
	if held == 0 || applied == 0 || applied != l.applied.Load() {
		return // older than what is known, or beyond what was sent
	}
	back := uint32(bits.TrailingZeros16(held)) * baseEvery
	if base := applied - applied%baseEvery; base > back {
		l.lossy.base.Store(base - back)
	}
}

// Datagram sends a State that may be lost. It reports false when the session
// has used up what it may send for now.
func (l *Link) Datagram(head schema.Header, body []byte) bool {
	s := l.session
	head.Handle = l.handle
	if s.datagrams == nil || !s.datagrams.Datagram(wire(head), body) {
		return false
	}
	if head.Kind == schema.KindState {
		l.sent.Store(fb.GetRootAsState(body, 0).Tick())
	}
	s.counted(len(body))
	return true
}

// DatagramSize is the largest body of a Datagram; 0: the transport has none.
func (l *Link) DatagramSize() int {
	if l.session.datagrams == nil {
		return 0
	}
	return l.session.datagrams.DatagramSize()
}

// Base is the newest base tick whose state the client says it holds; 0: none.
func (l *Link) Base() uint32 { return l.lossy.base.Load() }

// RTT is the session's smoothed round trip; 0: not known yet.
func (l *Link) RTT() time.Duration { return l.session.RTT() }

// repeatedCommands takes a Commands message: acknowledgements, and commands of
// which most have come before. The oldest goes first.
func (s *Session) repeatedCommands(h schema.Header, body []byte) error {
	m := fb.GetRootAsCommands(body, 0)
	payload := m.PayloadBytes()
	l := s.named(h.Handle)
	if l != nil {
		l.acknowledge(h.Ack)
		l.hold(h.Ack, m.Held())
		if len(payload) == 0 || s.nextCommand(l, h, payload, m.Seen()) {
			return nil
		}
	}
	if s.commands == nil {
		s.commands = new(schema.CommandReader)
	}
	commands, err := s.commands.Read(payload)
	if err != nil {
		return s.malformed(err.Error())
	}
	if l == nil {
		return nil // packets overtake each other: the room may have been left
	}
	for i := len(commands) - 1; i >= 0; i-- {
		c := &commands[i]
		if !l.lossy.stream(c.Input).first(c.Tick) {
			continue
		}
		if seen := m.Seen(); i == 0 && seen != 0 {
			l.seat.Saw(c.Tick, seen)
		}
		if err := l.seat.Command(c.Tick, c.Input, c.Payload); err != nil {
			s.refuse(h.Handle, 0, err)
		}
	}
	return nil
}

// nextCommand takes the newest command of a message if it is all that is new
// in it, which it is while nothing gets lost: then the others need no unpacking.
func (s *Session) nextCommand(l *Link, h schema.Header, payload []byte, seen uint32) bool {
	c, ok := schema.NewestCommand(s.short[:0], payload)
	if !ok {
		return false
	}
	stream := l.lossy.stream(c.Input)
	if c.Tick != stream.newest+1 || stream.come != allCame {
		return false
	}
	stream.newest = c.Tick
	if seen != 0 {
		l.seat.Saw(c.Tick, seen)
	}
	if err := l.seat.Command(c.Tick, c.Input, c.Payload); err != nil {
		s.refuse(h.Handle, 0, err)
	}
	return true
}
