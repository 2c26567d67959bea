package netcode

import (
	"sync/atomic"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Link is one membership: a session's way to one room and the room's way to
// the client. The room's loop calls the exported methods, none of which
// blocks; the session's reader hands inputs to the seat.
type Link struct {
	session *Session
	handle  uint16
	seat    Seat
	open    OpenSeat      // nil: a game's room
	sent    atomic.Uint32 // tick of the newest State that was queued
	applied atomic.Uint32 // newest tick that the client says it has applied
	over    atomic.Bool   // Done, or told the seat that it is lost
	lossy   lossyLink
}

// Frame queues a State message, unless bytes of an earlier flush are unsent:
// then it reports false, and the room makes a catch-up later.
func (l *Link) Frame(head schema.Header, body []byte) bool {
	head.Handle = l.handle
	s := l.session
	if !s.transport.TryQueue(wire(head), body) {
		if s.closing.Load() == 0 {
			s.server.stats.FramesDropped.Add(1)
		}
		return false
	}
	l.sent.Store(fb.GetRootAsState(body, 0).Tick())
	s.counted(len(body))
	return true
}

// Offer queues a message if all bytes of earlier flushes have left. Otherwise it
// reports false and takes nothing.
func (l *Link) Offer(head schema.Header, body []byte) bool {
	head.Handle = l.handle
	if !l.session.transport.TryQueue(wire(head), body) {
		return false
	}
	l.session.counted(len(body))
	return true
}

// Pending returns how many bytes of this session, all its rooms together, the
// network has not taken yet.
func (l *Link) Pending() int { return l.session.transport.Pending() }

// Over reports whether the session has closed or the membership is done.
func (l *Link) Over() bool { return l.over.Load() || l.session.closing.Load() != 0 }

// Message queues a message that is never dropped. When it does not fit, the
// session ends with SLOW_CLIENT.
func (l *Link) Message(head schema.Header, body []byte) {
	head.Handle = l.handle
	l.session.queue(head, body)
}

// Flush hands everything queued to the network in one write.
func (l *Link) Flush() {
	s := l.session
	if s.pingDue.Load() && s.pingDue.CompareAndSwap(true, false) {
		s.ping()
	}
	s.transport.Flush()
}

// Applied is the last tick that the client has said it applied in this room;
// 0: none yet, or it lost its state and needs a keyframe. It never exceeds the tick of a State that was sent.
func (l *Link) Applied() uint32 { return l.applied.Load() }

// Done frees the handle: the membership is over and Left was sent.
func (l *Link) Done() {
	if l.over.CompareAndSwap(false, true) {
		l.session.drop(l)
	}
}

// Close ends the whole session with code.
func (l *Link) Close(code schema.Code, message string) { l.session.Close(code, message) }

// Session is the connection that the membership belongs to.
func (l *Link) Session() *Session { return l.session }

// acknowledge takes the client's word for what it applied, within reason:
// never more than was sent, and forwards only, except that 0 says that the
// client lost its state. Only the reader calls it.
func (l *Link) acknowledge(tick uint32) {
	applied := l.applied.Load()
	if tick > applied && tick <= l.sent.Load() || tick == 0 && applied != 0 {
		l.applied.Store(tick)
	}
	if tick == 0 {
		l.lossy.base.Store(0)
	}
}

// lost tells the seat, once, that the connection ended.
func (l *Link) lost() {
	if l.over.CompareAndSwap(false, true) {
		l.session.drop(l)
		l.seat.Lost()
	}
}
