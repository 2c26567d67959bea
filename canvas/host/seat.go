package host

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Seat is one client's way into one room. Its methods may be called by any
// goroutine, do not block, and copy what they keep.
type Seat struct {
	room     *room
	request  OpenRequest
	role     canvas.Role   // when it was opened
	entered  atomic.Bool   // Enter was called; the room is no longer held for it
	ended    atomic.Bool   // Leave or Lost was called
	renewals atomic.Uint32 // that have begun
	overrun  atomic.Bool   // the room is going to hear that messages were refused

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
	s.link, s.asked = link, s.request.Request
	s.raw, _ = link.(RawLink)
	ok := true
	stock := s.raw == nil || s.room.kind.Stock()
	if stock {
		ok = s.room.push(item{kind: itemEnter, seat: s})
	}
	if s.entered.CompareAndSwap(false, true) {
		s.room.host.release(s.room)
	}
	switch {
	case !stock:
		return schema.Errorf(schema.CodeForbidden, "the rooms of the kind of %s are not for Yjs clients", s.room.name)
	case !ok:
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
		if s.raw == nil && s.overrun.CompareAndSwap(false, true) {
			s.room.push(item{kind: itemOverrun, seat: s})
		}
		return schema.Errorf(schema.CodeRateLimited, overloaded)
	case gone:
		return s.room.refusal()
	}
	s.room.wake()
	return nil
}

// Renew says that the client's user has shown a new token: the Role hook is asked
// again, and what it says takes effect when it has answered. It comes after Enter.
func (s *Seat) Renew(user canvas.User) {
	h, r := s.room.host, s.room
	n := &renewal{number: s.renewals.Add(1), user: user}
	if h.asking.Full(func() {}) {
		s.link.Close(schema.CodeRateLimited, "the server is too busy to find out what you may do; connect again")
		return
	}
	h.asking.Run(func() {
		ctx, cancel := context.WithTimeout(h.ctx, h.cfg.RoleTimeout)
		defer cancel()
		n.role, n.err = h.askRole(ctx, r.kind, r.name, user)
		if n.err != nil && h.ctx.Err() == nil && ctx.Err() != nil {
			n.err = fmt.Errorf("failed to find out what you may do in %s in time: %w", r.name, n.err)
		}
		r.push(item{kind: itemRenew, seat: s, renewal: n})
	})
}

// Leave says that the client wants to leave: Left arrives after all that is
// under way. Of Leave and Lost the first call counts.
func (s *Seat) Leave() { s.end(itemLeave) }

// Lost says that the connection has ended. For a seat that never entered it
// lets go of the room.
func (s *Seat) Lost() { s.end(itemLost) }

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
