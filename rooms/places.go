package rooms

import (
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// reserve holds a seat for a user who has not arrived yet. Any goroutine may
// call it; the room is never over-full.
func (r *runner) reserve(user auth.User, loaded []byte, now time.Time) (*place, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return nil, r.hasClosed()
	case r.locked:
		return nil, schema.Errorf(schema.CodeRoomLocked, "room %s takes nobody in at the moment", r.id)
	}
	slot := r.freeSlot(now)
	if slot < 0 {
		return nil, schema.Errorf(schema.CodeRoomFull, "room %s is full (%d players)", r.id, r.def.max)
	}
	r.gens[slot] = r.gens[slot]%state.MaxGeneration + 1
	p := &place{
		id: state.MakeID(slot, int(r.gens[slot])), user: user, loaded: loaded,
		phase: placeReserved, deadline: now.Add(reservationTime),
	}
	r.seats[slot] = p
	r.count++
	r.stats.Players.Add(1)
	return p, nil
}

// freeSlot finds the lowest free seat, those of run-out reservations included.
// mu is held.
func (r *runner) freeSlot(now time.Time) int {
	for slot, p := range r.seats {
		if p != nil && p.phase == placeReserved && !now.Before(p.deadline) {
			r.free(slot)
		}
		if r.seats[slot] == nil {
			return slot
		}
	}
	if len(r.seats) < r.def.max {
		r.seats = append(r.seats, nil)
		r.gens = append(r.gens, 0)
		return len(r.seats) - 1
	}
	return -1
}

// free makes a seat free. mu is held.
func (r *runner) free(slot int) {
	r.seats[slot].phase = placeFree
	r.seats[slot] = nil
	r.count--
	r.stats.Players.Add(-1)
	if r.count == 0 {
		r.reg.gone.ring()
	}
}

// enter turns a reservation into a taken seat and queues the join; false when
// it has run out or the room has closed. The join is in the inbox before mu is
// free: a room that closes later answers it.
func (r *runner) enter(s *Seat, conn Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed, s.conn != nil:
		return false
	case s.back:
		if s.place.phase == placeFree {
			return false
		}
	case s.place.phase != placeReserved:
		return false
	default:
		s.place.phase = placeTaken
	}
	s.conn = conn
	r.inbox.push(item{kind: itemEnter, from: s})
	return true
}

// depart queues the end of a membership, once, or gives back a seat whose
// player never entered. It reports whether the room has something to do.
func (r *runner) depart(s *Seat, kind itemKind) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.conn == nil {
		if s.place.phase == placeReserved {
			r.free(s.place.id.Slot())
		}
		return false
	}
	if s.gone || r.closed {
		return false
	}
	s.gone = true
	r.inbox.push(item{kind: kind, from: s})
	return true
}

// freeAll frees what is left of the seats of a room that has ended:
// reservations that nobody can enter any more.
func (r *runner) freeAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for slot, p := range r.seats {
		if p != nil {
			r.free(slot)
		}
	}
}

// returning finds the place that a token holds for a user.
func (r *runner) returning(user auth.User, token string) *place {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.seats {
		if p == nil || (p.phase != placeTaken && p.phase != placeHeld) || p.user.ID != user.ID {
			continue
		}
		if sameToken(p.token, token) || sameToken(p.previous, token) {
			return p
		}
	}
	return nil
}

// newPlaceToken makes the token for the next return. The one that the player
// came with stays good until the client shows that it has received the new one:
// on a bad network the answer that carries it may be lost, also twice.
func (r *runner) newPlaceToken(s *Seat) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.place.previous, s.place.token = s.token, newToken()
	return s.place.token
}

func (r *runner) tokenReceived(p *place) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.previous = ""
}

func (r *runner) setPhase(p *place, phase placePhase, deadline time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.phase, p.deadline = phase, deadline
}

// holds tells whether a place is still one of the room.
func (r *runner) holds(p *place) bool {
	slot := p.id.Slot()
	return slot < len(r.places) && r.places[slot] == p
}

// dropPlace makes a place's seat free.
func (r *runner) dropPlace(p *place) {
	slot := p.id.Slot()
	if r.holds(p) {
		r.places[slot] = nil
		r.taken--
	}
	p.connect(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seats[slot] == p {
		r.free(slot)
	}
	if r.count == 0 {
		r.empty = r.clock
	}
}

// dropGone frees the places of players that the room no longer has.
func (r *runner) dropGone() {
	if r.taken == r.room.players.count {
		return
	}
	for _, p := range r.places {
		if p != nil && r.room.players.get(p.id) == nil && p.current == nil {
			r.dropPlace(p)
		}
	}
}

// sendLeft ends a membership and frees its seat. A player who has not been told
// Joined yet gets an Error for the join instead.
func (r *runner) sendLeft(id state.ID, code schema.Code, text string) {
	for _, p := range r.places {
		if p == nil || p.id != id {
			continue
		}
		switch s := p.current; {
		case s == nil:
		case p.delivery.joining:
			r.sendRefusal(s, code, text)
		default:
			s.conn.Message(schema.Header{Kind: schema.KindLeft}, r.builder.Left(code, text))
			s.conn.Done() // first: what the client sends from now on is for no room
			s.conn.Flush()
		}
		r.dropPlace(p)
	}
}

// sendRefusal answers a join with an Error.
func (r *runner) sendRefusal(s *Seat, code schema.Code, text string) {
	body := r.builder.Error(&schema.Error{Code: code, Request: s.request, Message: text})
	s.conn.Message(schema.Header{Kind: schema.KindError}, body)
	s.conn.Done()
	s.conn.Flush()
	r.stats.Refused.Add(1)
}

// publish shows the rules' decisions to those who look for a room.
func (r *runner) publish() {
	c := &r.room.control
	if !c.news {
		return
	}
	c.news = false
	r.mu.Lock()
	defer r.mu.Unlock()
	r.locked, r.metadata = c.locked, c.metadata
}
