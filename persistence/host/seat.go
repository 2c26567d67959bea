package host

import (
	"bytes"
	"context"
	"runtime/debug"
	"sync"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// Seat is one client's way into one room. Its methods may be called by any
// goroutine and do not block.
type Seat struct {
	room    *room
	request OpenRequest

	// Held while an item is pushed, too: the room hears of Enter before Leave.
	mu      sync.Mutex // guards what follows
	entered bool       // Enter was called; the room is no longer held for it
	left    bool       // Leave or Lost was called
	lost    bool       // Lost was called

	conn // the room's
}

// Open asks the kind's Auth hook, and loads the room if nobody has it open. It
// waits as long as ctx lets it. The error is a *schema.Error if it is for the
// client.
func (h *Host) Open(ctx context.Context, req OpenRequest) (*Seat, error) {
	if err := h.authorize(ctx, req.Room, req.User); err != nil {
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
	return &Seat{room: r, request: req}, nil
}

// authorize asks the Auth hook of the room's kind, before the room is loaded or
// made: whom it refuses costs neither memory nor disk.
func (h *Host) authorize(ctx context.Context, room string, u records.User) (err error) {
	kind, err := h.kindOf(room)
	if err != nil {
		return err
	}
	defer func() {
		if p := recover(); p != nil {
			h.cfg.Logger.Error("the Auth hook panicked", "room", room, "user", u.ID, "panic", p, "stack", string(debug.Stack()))
			err = schema.Errorf(schema.CodeInternal, "the server failed to find out whether you may enter")
		}
	}()
	return kind.Auth(ctx, room, u)
}

// Enter brings the client into the room: Opened arrives through link, or an
// Error and then nothing more. After an error the seat is no more.
func (s *Seat) Enter(link Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left { // the client may leave as soon as it can guess its handle
		return schema.Errorf(schema.CodeRefused, "you left %s before you were in it", s.room.name)
	}
	s.link, s.entered = link, true
	defer s.room.host.release(s.room)
	if !s.room.push(item{kind: itemEnter, seat: s}) {
		return s.room.refusal()
	}
	return nil
}

// Subscribe begins a live query, or replaces that of the same ID.
func (s *Seat) Subscribe(sub Subscription) error {
	op := &records.Subscribe{
		ID: sub.ID, Collection: string(sub.Collection), Query: bytes.Clone(sub.Query), Since: sub.Since, Held: bytes.Clone(sub.Held),
	}
	return s.offer(op, len(sub.Query)+len(sub.Held))
}

// Unsubscribe ends a live query.
func (s *Seat) Unsubscribe(id uint32) error { return s.offer(&records.Unsubscribe{ID: id}, 0) }

func (s *Seat) offer(op records.Op, size int) error {
	v := s.room.inbox.offer(item{kind: itemOp, seat: s, op: op}, size)
	return s.answer(v)
}

// Mutate asks for one transaction. HOT
func (s *Seat) Mutate(m Mutation) error {
	it := item{kind: itemMutate, seat: s, id: m.ID, name: s.room.nameOf(m.Name), version: m.Version, void: m.Void}
	return s.answer(s.room.inbox.mutate(it, m.Args))
}

func (s *Seat) answer(v verdict) error {
	switch v {
	case full:
		s.room.host.stats.Overloaded.Add(1)
		return schema.Errorf(schema.CodeRateLimited, overloaded)
	case gone:
		return s.room.refusal()
	}
	s.room.wake()
	return nil
}

// Renew says that the client's user has new claims: its role may be another.
func (s *Seat) Renew(user records.User) {
	s.room.push(item{kind: itemOp, seat: s, op: &records.Renew{User: user}})
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
