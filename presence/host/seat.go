package host

import (
	"sync"
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
	lost    atomic.Bool // Lost was called

	// Held while an item is pushed, too: the room hears of Enter before Leave.
	mu      sync.Mutex // guards what follows
	entered bool       // Enter was called; the room is no longer held for it
	ended   bool       // Leave or Lost was called

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
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended { // the client may leave as soon as it can guess its handle
		return schema.Errorf(schema.CodeRefused, "you left %s before you were in it", s.room.name)
	}
	s.link, s.entered = link, true
	defer s.room.host.release(s.room)
	if !s.room.push(item{kind: itemJoin, seat: s}) {
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
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ended:
	case s.entered:
		s.room.push(item{kind: kind, seat: s})
	default:
		s.room.host.release(s.room)
	}
	s.ended = true
}
