package ws

import (
	"encoding/binary"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/schema"
)

const (
	secureBacklog = 16 << 10 // bytes of a TLS connection that may wait for the writer before frames are refused
	keepBuffer    = 4 << 10  // a drained buffer up to this size is always kept
	keepDrains    = 256      // a larger one is kept until this many drains in a row used less than a quarter
)

// phase says what a stream still takes.
type phase uint8

const (
	open    phase = iota // everything
	closing              // nothing: the close frame is queued
	dead                 // nothing, and nothing leaves any more
)

// stream is the bytes on their way to one client: whole WebSocket frames in
// the order in which any goroutine appended them. Room loops, the reader, the
// sweep and coder's control frames all share it, under one mutex that is held
// for a copy and at most one non-blocking write.
//
// flush writes at once what the socket takes. When it takes less, the stream
// is waiting: from then on only the writer goroutine writes, until everything
// has left, and droppable messages are refused. The buffer is bounded; an
// append that does not fit ends the connection with SLOW_CLIENT, as does a
// socket that takes nothing for the stall time-out. A TLS connection cannot be
// written without blocking: there all bytes leave through the writer.
type stream struct {
	sock  net.Conn        // the socket; closed by the connection's reader only
	conn  net.Conn        // what is written to: sock, or TLS over it
	raw   syscall.RawConn // nil: write through conn, by the writer goroutine
	limit int
	stall time.Duration

	inline func(fd uintptr)      // s.writeOnce; stored, for a method value allocates
	drain  func(fd uintptr) bool // s.drainOnce
	start  func()                // starts run in a goroutine, at the first need
	wake   chan struct{}         // holds one token when the writer has work
	done   chan struct{}         // closed when the connection is over

	mu         sync.Mutex // guards all below
	phase      phase
	cause      schema.Code // why it is dead, when the stream itself decided so
	buf        []byte      // frames; buf[:off] has left
	off        int
	behindLong int  // bytes behind the last message that was longer than limit
	taken      int  // bytes that a TLS writer took out of buf and has not written yet
	waiting    bool // bytes are the writer's business
	started    bool // the writer runs
	drains     int  // drains in a row for which buf was much too large
}

// append adds a binary frame of head and body. droppable frames are refused
// while earlier bytes are unsent.
func (s *stream) append(head [schema.HeaderSize]byte, body []byte, droppable bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != open || droppable && s.behind() {
		return false
	}
	if !s.fits(len(body) + schema.HeaderSize + maxFrameHeader) {
		return false
	}
	s.frame(opBinary, len(body)+schema.HeaderSize)
	s.buf = append(s.buf, head[:]...)
	s.buf = append(s.buf, body...)
	return true
}

// message adds a binary frame that is never dropped.
func (s *stream) message(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == open && s.fits(len(body)+maxFrameHeader) {
		s.frame(opBinary, len(body))
		s.buf = append(s.buf, body...)
	}
}

// ping sends a ping, unless bytes are unsent: those will be acknowledged.
func (s *stream) ping() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == open && !s.waiting && s.fits(maxFrameHeader) {
		s.frame(opPing, 0)
		s.flushLocked()
	}
}

// flush hands what was appended to the network.
func (s *stream) flush() {
	s.mu.Lock()
	s.flushLocked()
	s.mu.Unlock()
}

// control takes a complete control frame that coder's side of the connection
// wrote (a pong, the answer to a close).
func (s *stream) control(frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != open || len(frame) < 2 {
		return
	}
	if frame[0]&0x0f == opClose {
		if len(frame) >= 4 && binary.BigEndian.Uint16(frame[2:]) == statusProtocolError {
			return // the reader closes with a code that has a name
		}
		s.phase = closing
	}
	if s.fits(len(frame)) {
		s.buf = append(s.buf, frame...)
		s.flushLocked()
	}
}

// finish appends the last message and the WebSocket close frame. It reports
// whether the stream was still open.
func (s *stream) finish(message []byte, status int, reason string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != open {
		return false
	}
	s.phase = closing
	if len(message) > 0 {
		s.frame(opBinary, len(message))
		s.buf = append(s.buf, message...)
	}
	s.frame(opClose, 2+len(reason))
	s.buf = binary.BigEndian.AppendUint16(s.buf, uint16(status))
	s.buf = append(s.buf, reason...)
	s.flushLocked()
	return true
}

// abort ends the connection without a word: the reader wakes with an error.
// cause 0 means that the network failed.
func (s *stream) abort(cause schema.Code) {
	s.mu.Lock()
	s.abortLocked(cause)
	s.mu.Unlock()
}

// ended returns why the stream ended the connection, 0 if it did not.
func (s *stream) ended() schema.Code {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

func (s *stream) pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pendingLocked()
}

func (s *stream) pendingLocked() int { return len(s.buf) - s.off + s.taken }

// behind reports whether bytes of an earlier flush are unsent. The writer of
// a TLS connection always lags a little; there a small backlog is no sign.
func (s *stream) behind() bool {
	return s.waiting && (s.raw != nil || s.pendingLocked() > secureBacklog)
}

// fits makes place for n bytes or ends the connection. One message may be
// longer than the limit: the bytes behind it, as those before it, count for
// themselves.
func (s *stream) fits(n int) bool {
	waits := s.pendingLocked()
	long := waits > s.behindLong // the long message has not left yet
	switch {
	case n > s.limit && !long:
		s.behindLong = 0
	case min(waits, s.behindLong)+n > s.limit:
		s.abortLocked(schema.CodeSlowClient)
		return false
	default:
		s.behindLong += n
	}
	if s.off > 0 && cap(s.buf)-len(s.buf) < n {
		s.buf = s.buf[:copy(s.buf, s.buf[s.off:])]
		s.off = 0
	}
	return true
}

// frame appends the header of an unmasked, unfragmented frame.
func (s *stream) frame(opcode byte, size int) {
	switch {
	case size < 126:
		s.buf = append(s.buf, finBit|opcode, byte(size))
	case size <= 0xffff:
		s.buf = append(s.buf, finBit|opcode, 126, byte(size>>8), byte(size))
	default:
		s.buf = append(s.buf, finBit|opcode, 127)
		s.buf = binary.BigEndian.AppendUint64(s.buf, uint64(size))
	}
}

func (s *stream) flushLocked() {
	if s.waiting || s.phase == dead || s.off == len(s.buf) {
		return
	}
	if s.raw != nil {
		// Control only holds a reference on the socket. RawConn.Write would
		// also take its write lock, which is for the writer: it waits in there.
		if err := s.raw.Control(s.inline); err != nil {
			s.abortLocked(0)
		}
		if s.phase == dead || s.off == len(s.buf) {
			return
		}
	}
	s.waiting = true
	if !s.started {
		s.started = true
		s.start()
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// writeOnce writes what the socket takes now. The caller holds mu.
func (s *stream) writeOnce(fd uintptr) {
	n, err := send(fd, s.buf[s.off:])
	if err != nil {
		s.abortLocked(0)
		return
	}
	if s.off += n; s.off == len(s.buf) {
		s.drained()
	}
}

// drained empties buf, and lets go of it when it has been too large for long.
func (s *stream) drained() {
	s.waiting = false
	used := len(s.buf)
	s.buf, s.off = s.buf[:0], 0
	if cap(s.buf) <= keepBuffer || used >= cap(s.buf)/4 {
		s.drains = 0
	} else if s.drains++; s.drains == keepDrains {
		s.buf, s.drains = nil, 0
	}
}

// abortLocked wakes the reader and the writer by a deadline in the past: unlike
// closing the socket, that waits for nobody.
func (s *stream) abortLocked(cause schema.Code) {
	if s.phase == dead {
		return
	}
	s.phase, s.cause = dead, cause
	s.buf, s.off, s.waiting = nil, 0, false
	_ = s.sock.SetDeadline(time.Unix(1, 0))
}
