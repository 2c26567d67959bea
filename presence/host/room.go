package host

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/tick"
)

// room runs one machine. It is a task of the scheduler: only its loop calls
// Step, and what Step calls.
type room struct {
	host *Host
	kind presence.Kind
	name string
	task *tick.Task // written before anybody else knows the room
	held int        // seats that were opened and have not entered; guarded by host.mu

	inbox   inbox
	closing atomic.Bool  // the host closes
	faulted atomic.Bool  // it ended by a panic
	members atomic.Int32 // as of its last step
	users   atomic.Int32

	// The loop's only:
	machine  *presence.Machine
	seats    []*Seat // by connection
	free     []uint32
	byMember map[uint32]*Seat
	touched  []*Seat
	builder  *schema.Builder
	send     func(conn uint32, head schema.Header, body []byte) bool
	quiet    int       // steps in a row without anything to do
	idle     time.Time // since when nobody is in it; zero: somebody is
}

func newRoom(h *Host, kind presence.Kind, name string) *room {
	r := &room{
		host: h, kind: kind, name: name, machine: presence.NewMachine(kind),
		byMember: make(map[uint32]*Seat), builder: schema.NewBuilder(),
	}
	r.send = r.deliver
	return r
}

// push adds something that always fits. It reports whether the room is there.
func (r *room) push(it item) bool {
	if r.inbox.put(it) != taken {
		return false
	}
	r.task.Wake()
	return true
}

// refusal is what those get who come to a room that has ended.
func (r *room) refusal() *schema.Error {
	switch {
	case r.closing.Load():
		return schema.Errorf(schema.CodeGoingAway, goingAway)
	case r.faulted.Load():
		return schema.Errorf(schema.CodeRoomFaulted, "the room has failed; enter it again")
	}
	return schema.Errorf(schema.CodeRoomClosed, "the room has just ended; enter it again")
}

// Step implements tick.Stepper. HOT
func (r *room) Step(deadline time.Time, late time.Duration) (next tick.Next) {
	defer func() {
		if p := recover(); p != nil {
			r.fault(p)
			next = tick.Next{Stop: true}
		}
	}()
	now := deadline.Add(late)
	if r.closing.Load() {
		r.end(r.refusal())
		return tick.Next{Stop: true}
	}
	items, data := r.inbox.take()
	for i := range items {
		r.apply(now, &items[i], data)
	}
	if due := r.machine.Next(); r.machine.Busy() || !due.IsZero() && !now.Before(due) {
		r.quiet = 0
		r.machine.Tick(now, r.send)
	}
	r.flush()
	return r.next(now)
}

// next says when the room has to be stepped again.
func (r *room) next(now time.Time) tick.Next {
	if r.machine.Len() == 0 {
		if r.idle.IsZero() {
			r.idle = now
		}
		end := r.idle.Add(r.host.cfg.IdleAfter)
		if now.Before(end) {
			return tick.Next{Sleep: true, Until: end}
		}
		if r.host.retire(r) {
			return tick.Next{Stop: true}
		}
		return tick.Next{}
	}
	r.idle = time.Time{}
	if r.machine.Busy() {
		return tick.Next{}
	}
	if r.quiet++; r.quiet < r.kind.Hz() { // what moves goes on moving: to sleep and to be woken costs more than a step
		return tick.Next{}
	}
	return tick.Next{Sleep: true, Until: r.machine.Next()}
}

// apply does one item. HOT
func (r *room) apply(now time.Time, it *item, data []byte) {
	switch it.kind {
	case itemMessage:
		r.receive(now, it.seat, it.message, data[it.start:it.start+it.n])
	case itemJoin:
		r.join(now, it.seat)
	case itemLeave:
		if it.seat.in {
			r.remove(now, it.seat)
			r.dismiss(it.seat, schema.CodeLeft, "")
		}
	case itemLost:
		r.remove(now, it.seat)
	case itemRenew:
		if it.user.ID != it.seat.request.User.ID {
			return // a session's user stays the same
		}
		it.seat.request.User = *it.user
		if it.seat.in {
			r.machine.Renew(now, it.seat.conn, *it.user)
		}
	case itemCall:
		it.call(now, false)
	}
}

// receive hands a message to the machine, and answers what it says against it. HOT
func (r *room) receive(now time.Time, s *Seat, kind schema.Kind, body []byte) {
	if !s.in {
		return
	}
	r.host.stats.Received.Add(1)
	err := r.machine.Receive(now, s.conn, schema.Header{Kind: kind}, body)
	if err == nil {
		return
	}
	r.host.stats.Refused.Add(1)
	request := uint32(0)
	switch kind {
	case schema.KindCast:
		request = fb.GetRootAsCast(body, 0).Request()
	case schema.KindGroup:
		request = fb.GetRootAsGroup(body, 0).Request()
	}
	r.refuse(s, request, err)
}

// refuse tells a client why something was not done.
func (r *room) refuse(s *Seat, request uint32, err error) {
	coded, ok := errors.AsType[*schema.Error](err)
	if !ok {
		r.host.cfg.Logger.Error("a presence room failed to do what a client asked", "room", r.name, "user", s.request.User.ID, "error", err)
		coded = &schema.Error{Code: schema.CodeInternal, Message: "the server could not do it"}
	}
	s.link.Message(schema.Header{Kind: schema.KindError}, r.builder.Error(&schema.Error{Code: coded.Code, Request: request, Message: coded.Message}))
	r.touch(s)
}

// join brings a seat in.
func (r *room) join(now time.Time, s *Seat) {
	if s.lost.Load() || s.link.Over() {
		return
	}
	conn := uint32(len(r.seats))
	if n := len(r.free); n > 0 {
		conn = r.free[n-1]
	}
	member, err := r.machine.Join(now, conn, s.request.User)
	if err != nil {
		r.refuse(s, s.request.Request, err)
		s.link.Flush()
		s.link.Done()
		return
	}
	if int(conn) == len(r.seats) {
		r.seats = append(r.seats, s)
	} else {
		r.seats[conn], r.free = s, r.free[:len(r.free)-1]
	}
	s.conn, s.member, s.in = conn, member, true
	r.byMember[member] = s
	r.host.index.add(s.request.User.ID, Place{r.name, member})
	r.host.stats.Members.Add(1)
	r.publish()
	info := schema.OpenedInfo{
		Request: s.request.Request, Room: r.name, Member: member, Hz: uint16(r.kind.Hz()), SchemaHash: r.kind.Hash(),
	}
	if s.request.SchemaHash != info.SchemaHash {
		info.Schema = r.kind.Descriptor()
	}
	s.link.Message(schema.Header{Kind: schema.KindOpened}, r.builder.Opened(info))
	r.touch(s)
}

// remove takes a seat out, if it is in.
func (r *room) remove(now time.Time, s *Seat) {
	if !s.in {
		return
	}
	s.in = false
	r.machine.Leave(now, s.conn)
	r.seats[s.conn] = nil
	r.free = append(r.free, s.conn)
	delete(r.byMember, s.member)
	r.host.index.remove(s.request.User.ID, Place{r.name, s.member})
	r.host.stats.Members.Add(-1)
	r.publish()
}

func (r *room) publish() {
	r.members.Store(int32(r.machine.Len()))
	r.users.Store(int32(r.machine.Users()))
}

// dismiss tells a client that it is in the room no longer.
func (r *room) dismiss(s *Seat, code schema.Code, message string) {
	s.link.Message(schema.Header{Kind: schema.KindLeft}, r.builder.Left(code, message))
	s.link.Flush()
	s.link.Done()
}

// castsAbove is how many bytes may wait for a client that is still sent casts.
const castsAbove = 64 << 10

// deliver is the machine's way to a connection. HOT
func (r *room) deliver(conn uint32, head schema.Header, body []byte) bool {
	s, stats := r.seats[conn], &r.host.stats
	if head.Kind == schema.KindCrowd {
		if !s.link.Offer(head, body) {
			stats.Skipped.Add(1)
			return false
		}
		stats.Frames.Add(1)
		stats.Bytes.Add(uint64(len(body)))
		r.touch(s)
		return true
	}
	if s.link.Pending() > castsAbove {
		stats.CastsLost.Add(1)
		return false
	}
	stats.CastsSent.Add(1)
	s.link.Message(head, body)
	r.touch(s)
	return true
}

func (r *room) touch(s *Seat) {
	if !s.touched {
		s.touched = true
		r.touched = append(r.touched, s)
	}
}

// flush hands to the network what this step sent, once for each connection.
func (r *room) flush() {
	for i, s := range r.touched {
		s.touched = false
		s.link.Flush()
		r.touched[i] = nil
	}
	r.touched = r.touched[:0]
}

// fault ends the room after a panic.
func (r *room) fault(p any) {
	r.host.cfg.Logger.Error("a presence room has failed", "room", r.name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	r.host.stats.RoomsFaulted.Add(1)
	r.faulted.Store(true)
	r.end(r.refusal())
}

// end tells all who are in the room, or on the way into it, that it is over.
func (r *room) end(why *schema.Error) {
	left := r.inbox.close()
	if r.host.forget(r) {
		defer r.host.live.Done()
	}
	for _, s := range r.seats {
		if s == nil {
			continue
		}
		s.in = false
		r.host.index.remove(s.request.User.ID, Place{r.name, s.member})
		r.host.stats.Members.Add(-1)
		r.dismiss(s, why.Code, why.Message)
	}
	r.seats, r.byMember = nil, nil
	for i := range left {
		switch it := &left[i]; it.kind {
		case itemJoin:
			if !it.seat.lost.Load() {
				r.refuse(it.seat, it.seat.request.Request, why)
				it.seat.link.Flush()
				it.seat.link.Done()
			}
		case itemCall:
			it.call(time.Time{}, true)
		}
	}
	r.members.Store(0)
	r.users.Store(0)
}
