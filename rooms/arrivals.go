package rooms

import (
	"encoding/json"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// takeIn applies what arrived since the last tick, in order. It tells whether
// any of it needs a tick.
func (r *runner) takeIn(items []item, data []byte) (worked bool) {
	for i := range items {
		if items[i].kind == itemCall {
			r.calls = append(r.calls, items[i].order.run)
		}
	}
	if !r.room.open { // calls see whole ticks; the first begins with Create
		r.runCalls()
	}
	for i := range items {
		it := &items[i]
		switch it.kind {
		case itemCall:
			continue
		case itemClose:
			r.ending, r.endCode, r.endText = true, it.order.code, it.order.text
			continue
		}
		worked = true
		if it.kind == itemWritten {
			r.takeWritten(it.order.written)
			continue
		}
		if it.kind == itemCommand || it.kind == itemEvent {
			if it.place.current == it.from { // not of a connection that was replaced, or a player who left
				r.takeInput(it.place, it, it.payload(data))
			}
			continue
		}
		p := it.from.place
		switch {
		case it.kind == itemEnter:
			r.takeEnter(it.from)
		case it.kind == itemKick:
			r.takeKick(p, it.order.text)
		case p.current != it.from: // of a connection that was replaced, or a player who left
		case it.kind == itemLost:
			r.takeLost(p)
		case it.kind == itemLeave:
			r.apply(Op{Kind: OpLeave, Player: p.id, Index: uint8(LeaveAsked)})
			r.sendLeft(p.id, schema.CodeLeft, "you left")
		}
	}
	return worked
}

func (r *runner) runCalls() {
	for _, run := range r.calls {
		run()
	}
	clear(r.calls)
	r.calls = r.calls[:0]
}

func (r *runner) takeEnter(s *Seat) {
	p := s.place
	if s.back {
		r.takeBack(s)
		return
	}
	payload, err := json.Marshal(joinOp{User: p.user.ID, Name: p.user.Name, Guest: p.user.Guest, Loaded: p.loaded})
	if err != nil {
		r.refuse(s, schema.CodeInternal, "the room failed to take you in")
		return
	}
	r.apply(Op{Kind: OpJoin, Player: p.id, Payload: payload})
	if r.room.players.get(p.id) == nil {
		code, text := r.whyNot(p.id)
		r.refuse(s, code, text)
		return
	}
	for len(r.places) <= p.id.Slot() {
		r.places = append(r.places, nil)
	}
	r.places[p.id.Slot()] = p
	r.taken++
	if n := len(r.def.commands); n > 1 {
		p.rings = make([]commandRing, n-1)
	}
	p.connect(s)
	r.stats.Joins.Add(1)
	r.logger.Debug("a player joined", "player", uint32(p.id), "user", p.user.ID)
}

// whyNot finds what the room said to a player that it did not keep: its Join
// hook failed, or kicked the player.
func (r *runner) whyNot(id state.ID) (schema.Code, string) {
	for i := range r.out.Send {
		if s := &r.out.Send[i]; s.To == id && s.Kind == schema.KindLeft {
			return s.Code, s.Text
		}
	}
	return schema.CodeInternal, "the room failed to take you in"
}

// takeBack gives a held place its new connection, and closes the old one if
// the server has not yet noticed its end.
func (r *runner) takeBack(s *Seat) {
	p := s.place
	if !r.holds(p) {
		r.refuse(s, schema.CodeBadToken, "the seat is no longer held; join again")
		return
	}
	if old := p.current; old != nil {
		old.conn.Close(schema.CodeReplaced, "the player connected again")
	}
	p.connect(s)
	r.setPhase(p, placeTaken, time.Time{})
	r.apply(Op{Kind: OpRejoin, Player: p.id})
	r.stats.Returned.Add(1)
}

func (r *runner) takeLost(p *place) {
	p.connect(nil)
	r.apply(Op{Kind: OpLost, Player: p.id})
	r.setPhase(p, placeHeld, r.clock.Add(max(0, r.def.grace)))
}

func (r *runner) takeKick(p *place, text string) {
	if !r.holds(p) {
		return
	}
	r.apply(Op{Kind: OpLeave, Player: p.id, Index: uint8(LeaveKicked)})
	r.sendLeft(p.id, schema.CodeKicked, text)
}

func (r *runner) takeInput(p *place, it *item, payload []byte) {
	next := r.room.now
	if !r.room.open {
		next++
	}
	if it.kind == itemCommand {
		if p.timing != nil {
			p.timing.came(it.number, uint32(next))
		}
		if !p.ringOf(r.def, it.input).put(it.number, next, payload) {
			r.stats.CommandsLate.Add(1)
			return
		}
		r.look(p, it, uint32(next))
		return
	}
	if !p.events.take(uint32(next), int(r.def.hz), r.def.events) {
		r.stats.EventsLimited.Add(1)
		r.out.fail(p.id, schema.CodeRateLimited, it.number, "too many events; this room takes a few each second")
		return
	}
	r.apply(Op{Kind: OpEvent, Player: p.id, Index: it.input, Seq: it.number, Payload: payload})
}

// expiryEvery is how often a room that ticks looks for run-out deadlines.
const expiryEvery = 250 * time.Millisecond

// expire ends what has waited long enough: held places and reservations.
func (r *runner) expire() (worked bool) {
	if r.clock.Before(r.nextExpiry) {
		return false
	}
	r.nextExpiry = r.clock.Add(expiryEvery)
	r.mu.Lock()
	var gone []*place
	for slot, p := range r.seats {
		if p == nil || p.phase == placeTaken || r.clock.Before(p.deadline) {
			continue
		}
		if p.phase == placeReserved {
			r.free(slot)
		} else {
			gone = append(gone, p)
		}
	}
	r.mu.Unlock()
	for _, p := range gone {
		r.apply(Op{Kind: OpLeave, Player: p.id, Index: uint8(LeaveTimeout)})
		r.dropPlace(p)
	}
	return len(gone) > 0
}

// refuse answers a join that came too late or failed.
func (r *runner) refuse(s *Seat, code schema.Code, text string) {
	r.sendRefusal(s, code, text)
	if !s.back {
		r.dropPlace(s.place)
	}
}
