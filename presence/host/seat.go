package host

import (
	"sync/atomic"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// Seat is one client's way into one room. Its methods may be called by any
// goroutine and do not block.
type Seat struct {
	room    *room
	request OpenRequest
	link    Link        // written before the room knows the seat
	entered atomic.Bool // Enter was called; the room is no longer held for it
	ended   atomic.Bool // Leave or Lost was called
	lost    atomic.Bool // Lost was called

	// Guarded by the inbox's lock:
	round   uint64 // the inbox's, of waiting
	waiting int    // messages in the inbox

	// The room's loop only:
	conn    uint32 // its place in room.seats
	member  uint32
	in      bool // the machine knows it
	touched bool // to be flushed
}

// Enter queues the arrival; Opened, or an Error, arrives through link. It is
// called once. After an error the seat is no more.
func (s *Seat) Enter(link Link) error {
	s.link = link
	ok := s.room.push(item{kind: itemJoin, seat: s})
	if s.entered.CompareAndSwap(false, true) {
		s.room.host.release(s.room)
	}
	if !ok {
		return s.room.refusal()
	}
	return nil
}

// Receive takes a verified message to the room: Show, Cast, Look or Group. What
// the room says against it arrives through the link. body is good during the
// call. HOT
func (s *Seat) Receive(head schema.Header, body []byte) error {
	r := s.room
	switch head.Kind {
	case schema.KindShow, schema.KindCast, schema.KindLook, schema.KindGroup:
	default:
		return schema.Errorf(schema.CodeBadInput, "a presence room does not take %s", head.Kind)
	}
	switch r.inbox.message(s, head.Kind, body) {
	case full:
		r.host.stats.Overloaded.Add(1)
		r.host.stats.Refused.Add(1)
		return schema.Errorf(schema.CodeRateLimited, "too much of you waits for this room; show your state again a little later")
	case gone:
		return r.refusal()
	}
	r.task.Wake()
	return nil
}

// Renew says that the client's user has shown a new token.
func (s *Seat) Renew(user presence.User) { s.room.push(item{kind: itemRenew, seat: s, user: &user}) }

// Leave says that the client asked to leave. Left arrives through the link. Of
// Leave and Lost the first call counts.
func (s *Seat) Leave() { s.end(itemLeave) }

// Lost says that the connection ended. It is called at most once, also for a
// seat that did not enter: then it lets go of the room.
func (s *Seat) Lost() {
	s.lost.Store(true)
	s.end(itemLost)
}

func (s *Seat) end(kind itemKind) {
	if !s.ended.CompareAndSwap(false, true) {
		return
	}
	if s.entered.CompareAndSwap(false, true) {
		s.room.host.release(s.room)
		return
	}
	s.room.push(item{kind: kind, seat: s})
}
