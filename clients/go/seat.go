package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// RoomStatus is how a presence room, a board or a document stands with its
// server.
type RoomStatus uint8

// The states of a shared room.
const (
	RoomOffline RoomStatus = iota // no connection, or not opened yet
	RoomOpen
	RoomEnded // for good; Err says why
)

// String returns the status's name.
func (s RoomStatus) String() string {
	return [...]string{"offline", "open", "ended", "unknown"}[min(s, 3)]
}

// seat is the place of a presence room, a board or a document in the session.
// It outlives lost connections: the room is entered again after each. It has no
// goroutine: callbacks run one at a time, on the client's goroutine when the
// server was the cause, on a timer's or a caller's when it was theirs.
type seat struct {
	c    *Client
	name string
	room seated

	opened chan struct{} // closed when the room has opened for the first time
	gone   chan struct{} // closed at its end

	mu       sync.Mutex // guards what follows, and what the room says that it guards
	handle   uint16     // 0: not open
	role     string
	member   uint32 // this connection's number
	hz       int
	epoch    uint64      // of what is held
	attempt  int         // of opening
	retry    *time.Timer // of opening; nil: none is due
	notices  []func()    // callbacks that are due
	noticing bool        // a goroutine is running them
	pushing  bool        // a goroutine sends what is due
	more     bool        // and more has become due meanwhile
	ended    *schema.Error

	onStatus  callbacks[func(RoomStatus)]
	onRefused callbacks[func(*schema.Error)]
}

// seated is the room that a seat carries messages for. Its methods are called
// with the seat's mu held, but for sendDue.
type seated interface {
	// asks completes what is sent to enter.
	asks(*schema.OpenInfo)
	// entered takes on what the server says of the room, and calls isOpen once it
	// needs no more; seat.epoch is still the one before. An error ends the room.
	entered(*fb.Opened) error
	// received handles a message. An error ends the room.
	received(head schema.Header, body []byte) error
	// refusal handles an Error about one of the room's messages.
	refusal(*schema.Error)
	// lost is called when the connection is.
	lost()
	// over is called once at the end; seat.ended says why.
	over()
	// sendDue sends what is due to the handle. One goroutine at a time calls it,
	// without mu: what becomes due while the network is full waits in the room.
	sendDue(handle uint16)
}

func newSeat(c *Client, name string) *seat {
	return &seat{c: c, name: name, opened: make(chan struct{}), gone: make(chan struct{})}
}

// enterAs asks for the room and waits until it is open.
func (s *seat) enterAs(ctx context.Context, room seated) error {
	s.room = room
	s.c.addSeat(s)
	select {
	case <-s.opened:
		return nil
	case <-s.gone:
		return fmt.Errorf("open %s: %w", s.name, s.Err())
	case <-ctx.Done():
		s.end(&schema.Error{Code: schema.CodeLeft, Message: "given up before it had opened"})
		return fmt.Errorf("open %s: %w", s.name, ctx.Err())
	}
}

// Name is the room's name, "kind/name".
func (s *seat) Name() string { return s.name }

// Client is the client that the room belongs to.
func (s *seat) Client() *Client { return s.c }

// Role is what the room takes this user for; empty where there are no roles.
func (s *seat) Role() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.role
}

// Number is this connection's member number, which is another one after a
// reconnection; 0 before it is known.
func (s *seat) Number() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.member
}

// Status is how the room stands with its server.
func (s *seat) Status() RoomStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status()
}

func (s *seat) status() RoomStatus {
	switch {
	case s.ended != nil:
		return RoomEnded
	case s.handle != 0:
		return RoomOpen
	}
	return RoomOffline
}

// Gone is closed when the room is over for good; Err then says why.
func (s *seat) Gone() <-chan struct{} { return s.gone }

// Err says why the room is over; nil while it is not.
func (s *seat) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		return nil // not a nil *schema.Error in an error
	}
	return s.ended
}

// OnStatus registers f, called when the connection to the room is lost, is
// back, or is over for good. What it returns takes f back.
func (s *seat) OnStatus(f func(RoomStatus)) (cancel func()) { return s.onStatus.add(f) }

// OnRefused registers f, called when the server refuses something that has no
// receipt: what is shown, a cast, a group, a drag.
func (s *seat) OnRefused(f func(*schema.Error)) (cancel func()) { return s.onRefused.add(f) }

// Close leaves the room.
func (s *seat) Close() error {
	s.end(&schema.Error{Code: schema.CodeLeft, Message: "closed"})
	return nil
}

// unlock releases mu and runs the callbacks that are due, unless another
// goroutine is at it, which then runs these too.
func (s *seat) unlock() {
	if s.noticing {
		s.mu.Unlock()
		return
	}
	s.noticing = true
	for len(s.notices) > 0 {
		due := s.notices
		s.notices = nil
		s.mu.Unlock()
		for _, f := range due {
			f()
		}
		s.mu.Lock()
	}
	s.noticing = false
	s.mu.Unlock()
}

// notify makes a callback due; mu is held.
func (s *seat) notify(f func()) { s.notices = append(s.notices, f) }

// tellStatus makes the callbacks about a change of status due; mu is held.
func (s *seat) tellStatus() {
	now := s.status()
	s.notify(func() {
		for f := range s.onStatus.all() {
			f(now)
		}
	})
}

// push sends what is due, unless another goroutine is at it, which then sends
// this too, and runs callbacks. mu is not held.
func (s *seat) push() {
	s.mu.Lock()
	s.more = true
	if !s.pushing {
		s.pushing = true
		for s.more && s.handle != 0 {
			s.more = false
			handle := s.handle
			s.mu.Unlock()
			s.room.sendDue(handle)
			s.mu.Lock()
		}
		s.pushing = false
	}
	s.unlock()
}

// reopen leaves the room and enters it anew; mu is held, and released.
func (s *seat) reopen() {
	handle := s.handle
	if handle == 0 {
		s.mu.Unlock()
		return
	}
	s.handle = 0
	s.room.lost()
	s.mu.Unlock()
	s.c.forgetSeat(handle)
	_ = s.c.send.leave(handle, 0)
	s.open()
}

// isOpen lets who opened the room go on: what it needs is here. mu is held.
func (s *seat) isOpen() {
	select {
	case <-s.opened:
	default:
		close(s.opened)
	}
}

// open asks to enter the room. While the connection is lost nothing happens:
// its return asks for all rooms.
func (s *seat) open() {
	s.mu.Lock()
	info := schema.OpenInfo{Room: s.name, Epoch: s.epoch}
	s.room.asks(&info)
	over := s.ended != nil
	s.mu.Unlock()
	if over {
		return
	}
	c := s.c
	c.mu.Lock()
	c.requests++
	info.Request = c.requests
	c.seats.entering[info.Request] = s
	c.mu.Unlock()
	if err := c.send.record(schema.KindOpen, 0, func(b *schema.Builder) []byte { return b.Open(info) }); err != nil {
		c.log.Info("opening a room failed", "room", s.name, "error", err) // the read loop meets the same end
	}
}

// enter begins to follow the room at its handle. It runs on the client's
// goroutine.
func (s *seat) enter(handle uint16, m *fb.Opened) {
	s.mu.Lock()
	s.handle, s.role, s.member, s.hz, s.attempt = handle, string(m.Role()), m.Member(), int(m.Hz()), 0
	err := s.room.entered(m)
	s.epoch = m.Epoch()
	if err == nil {
		s.tellStatus()
	}
	s.unlock()
	if err != nil {
		s.end(&schema.Error{Code: schema.CodeSchemaMismatch, Message: err.Error()})
		return
	}
	s.push()
}

// message handles a message to the room, on the client's goroutine. One that
// cannot be read ends the room: other rooms of the session need not notice.
func (s *seat) message(head schema.Header, body []byte) {
	if head.Kind == schema.KindLeft {
		m := fb.GetRootAsLeft(body, 0)
		s.c.forgetSeat(head.Handle)
		s.enterRefused(&schema.Error{Code: schema.Code(m.Code()), Message: string(m.Message())})
		return
	}
	s.mu.Lock()
	if s.handle != head.Handle {
		s.unlock()
		return // of a stay that is over
	}
	err := s.room.received(head, body)
	s.unlock()
	if err != nil {
		s.end(schema.Errorf(schema.CodeBadMessage, "read a %v of %s: %v", head.Kind, s.name, err))
		return
	}
	s.push()
}

// refused handles the server's refusal of a message to the open room.
func (s *seat) refused(e *schema.Error) {
	s.mu.Lock()
	s.c.log.Info("the room refused a message", "room", s.name, "error", e)
	s.room.refusal(e)
	s.notify(func() {
		for f := range s.onRefused.all() {
			f(e)
		}
	})
	s.unlock()
	s.push()
}

// lost takes the room off a connection that is lost.
func (s *seat) lost() {
	s.mu.Lock()
	if s.handle != 0 {
		s.handle = 0
		s.room.lost()
		s.tellStatus()
	}
	s.unlock()
}

// enterRefused ends the room, or asks again later when the reason may pass.
func (s *seat) enterRefused(e *schema.Error) {
	if !passing(e.Code) {
		s.end(e)
		return
	}
	s.c.log.Info("the room does not open yet", "room", s.name, "error", e)
	s.lost()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil || s.retry != nil {
		return
	}
	pause := s.c.opts.Reconnect.wait(max(s.attempt, 1), shortOutage, rand.Float64())
	s.attempt++
	s.retry = time.AfterFunc(pause, func() {
		s.mu.Lock()
		s.retry = nil
		again := s.handle == 0
		s.mu.Unlock()
		if again {
			s.open()
		}
	})
}

// end closes the room for good, once.
func (s *seat) end(why *schema.Error) {
	s.mu.Lock()
	if s.ended != nil {
		s.mu.Unlock()
		return
	}
	handle := s.handle
	s.ended, s.handle = why, 0
	if s.retry != nil {
		s.retry.Stop()
	}
	s.room.over()
	s.tellStatus()
	s.mu.Unlock()
	s.c.dropSeat(s, handle)
	close(s.gone)
	s.mu.Lock()
	s.unlock()
}
