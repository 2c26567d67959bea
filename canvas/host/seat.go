package host

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Seat is one client's way into one room. Its methods may be called by any
// goroutine, do not block, and copy what they keep.
type Seat struct {
	room    *room
	request OpenRequest
	role    canvas.Role // when it was opened
	overrun atomic.Bool // the room is going to hear that messages were refused

	// Held while an item is pushed, too: the room hears of Enter before Leave.
	mu       sync.Mutex   // guards what follows
	entered  bool         // Enter was called; the room is no longer held for it
	left     bool         // Leave or Lost was called
	lost     bool         // Lost was called
	renewing bool         // the Role hook is about to be asked, or is being asked
	renewed  *canvas.User // is to be asked about next; nil: nobody

	conn // the room's
}

// Open asks the kind's Role hook, and loads the room if nobody has it open. It
// waits as long as ctx lets it. The error is a *schema.Error if it is for the
// client.
func (h *Host) Open(ctx context.Context, req OpenRequest) (*Seat, error) {
	kind, err := h.kindOf(req.Room)
	if err != nil {
		return nil, err
	}
	role, err := h.askRole(ctx, kind, req.Room, req.User) // before the room costs memory or disk
	if err != nil {
		return nil, err
	}
	r, err := h.enter(req.Room, req.Remote)
	if err != nil {
		return nil, err
	}
	if err := r.wait(ctx); err != nil {
		h.release(r)
		return nil, err
	}
	return &Seat{room: r, request: req, role: role}, nil
}

// askRole asks the Role hook of a room's kind.
func (h *Host) askRole(ctx context.Context, kind canvas.Kind, room string, u canvas.User) (role canvas.Role, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.cfg.Logger.Error("the Role hook panicked", "room", room, "user", u.ID, "panic", p, "stack", string(debug.Stack()))
			err = schema.Errorf(schema.CodeInternal, "the server failed to find out what you may do here")
		}
	}()
	return kind.Role(ctx, room, u)
}

// Enter brings the client into the room. If link is a RawLink it is a stock
// client; else Opened arrives through it, or an Error and then nothing more.
// After an error the seat is no more.
func (s *Seat) Enter(link Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left { // the client may leave as soon as it can guess its handle
		return schema.Errorf(schema.CodeRefused, "you left %s before you were in it", s.room.name)
	}
	s.link, s.asked = link, s.request.Request
	s.raw, _ = link.(RawLink)
	s.entered = true
	defer s.room.host.release(s.room)
	if s.raw != nil && !s.room.kind.Stock() {
		return schema.Errorf(schema.CodeForbidden, "the rooms of the kind of %s are not for Yjs clients", s.room.name)
	}
	if !s.room.push(item{kind: itemEnter, seat: s}) {
		return s.room.refusal()
	}
	return nil
}

// Receive takes a verified message. The error, if there is one, is a
// *schema.Error for the client; the message had no effect. If the room has too
// much to do (RATE_LIMITED), the client is asked with sync step 1, later, for
// edits that were refused. HOT
func (s *Seat) Receive(head schema.Header, body []byte) error {
	if head.Kind == schema.KindSync {
		return s.Sync(fb.GetRootAsSync(body, 0).PayloadBytes())
	}
	return s.offer(item{kind: itemMessage, seat: s, head: head}, body)
}

// Sync takes one message of the Yjs protocols, as a stock client sends it. The
// error is a *schema.Error to close such a client with: it does not know that the
// message had no effect. HOT
func (s *Seat) Sync(message []byte) error { return s.offer(item{kind: itemSync, seat: s}, message) }

func (s *Seat) offer(it item, body []byte) error {
	switch s.room.inbox.offer(it, body) {
	case full:
		s.room.host.stats.Overloaded.Add(1)
		if s.raw == nil {
			s.Overrun()
		}
		return schema.Errorf(schema.CodeRateLimited, overloaded)
	case gone:
		return s.room.refusal()
	}
	s.room.wake()
	return nil
}

// Overrun says that messages of the client were ignored before they came here. If
// edits may be among them, it is asked for what it has. It reports false if the
// room has not come to that since the last time.
func (s *Seat) Overrun() bool {
	return s.overrun.CompareAndSwap(false, true) && s.room.push(item{kind: itemOverrun, seat: s})
}

// Renew says that the client's user has shown a new token: the Role hook is asked
// again, and what it says takes effect when it has answered. It is asked once at a
// time for each seat, then about the newest token.
func (s *Seat) Renew(user canvas.User) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asking := s.room.host.asking
	switch {
	case s.renewing:
		s.renewed = &user
	case !asking.Full(func() {}):
		s.renewing = true
		asking.Run(func() { s.renew(user) })
	case s.link != nil: // else it has not entered, and its session says so again
		s.link.Close(schema.CodeRateLimited, "the server is too busy to find out what you may do; connect again")
	}
}

// renew asks the Role hook and hands its answer to the room.
func (s *Seat) renew(user canvas.User) {
	h, r := s.room.host, s.room
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.RoleTimeout)
	defer cancel()
	n := &renewal{user: user}
	n.role, n.err = h.askRole(ctx, r.kind, r.name, user)
	if n.err != nil && h.ctx.Err() == nil && ctx.Err() != nil {
		n.err = fmt.Errorf("failed to find out what you may do in %s in time: %w", r.name, n.err)
	}
	r.push(item{kind: itemRenew, seat: s, renewal: n})
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.renewed
	s.renewed, s.renewing = nil, next != nil
	if next != nil {
		h.asking.Run(func() { s.renew(*next) }) // after those who waited meanwhile
	}
}

// Leave says that the client wants to leave: Left arrives after all that is
// under way. Lost may follow.
func (s *Seat) Leave() { s.end(itemLeave) }

// Lost says that the connection has ended. For a seat that never entered it
// lets go of the room.
func (s *Seat) Lost() { s.end(itemLost) }

func (s *Seat) end(kind itemKind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost || s.left && kind == itemLeave {
		return
	}
	before := s.left
	s.left, s.lost = true, kind == itemLost
	switch {
	case s.entered:
		s.room.push(item{kind: kind, seat: s})
	case !before:
		s.room.host.release(s.room)
	}
}
