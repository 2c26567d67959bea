package rooms

import (
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

const (
	staleAfter    = 10 * time.Second // a client that applies nothing for so long is closed
	windowSeconds = 2                // state frames in flight to one client
)

// delivery is how far one client is served. The loop owns it.
type delivery struct {
	joining  bool      // Joined and a keyframe are due
	keyframe bool      // the next frame must be a keyframe
	owner    bool      // the next owner section must be a full one
	holding  bool      // frames wait until the client has applied those in flight
	sent     tick.Tick // the last frame sent: what the client will hold
	ack      uint32    // the last acknowledgement sent
	acked    bool      // the client has applied something since its last keyframe
	applied  uint32    // the last tick that the client said it has applied
	progress tick.Tick // when applied moved last, or nothing was in flight
	keyed    tick.Tick // the last keyframe
	dirty    bool      // messages wait for a flush
}

// frames encodes a tick's state once for each base that clients hold. The
// runner owns it; its bytes are valid until the next tick.
type frames struct {
	store   *state.Store
	builder *schema.Builder
	payload []byte
	bodies  []frameBody
	used    int
	now     tick.Tick
	hash    bool // this tick's frames carry the public hash

	splits     []split
	usedSplits int
	ends       []int                          // of the parts in payload
	emit       func(part int, payload []byte) // keepPart
}

type frameBody struct {
	tables   state.Tables
	keyframe bool
	base     tick.Tick
	body     []byte
}

func newFrames(store *state.Store, builder *schema.Builder) *frames {
	f := &frames{store: store, builder: builder}
	f.emit = f.keepPart
	return f
}

func (f *frames) reset(now tick.Tick, hash bool) {
	f.used, f.usedSplits, f.now, f.hash = 0, 0, now, hash
}

// since gives the body of the frame from base to now; a keyframe when base has
// left the ring.
func (f *frames) since(base tick.Tick, keyframe bool) *frameBody {
	if keyframe {
		return f.all()
	}
	return f.of(state.AllTables, base)
}

// of gives the same for some tables. A keyframe has all of them.
func (f *frames) of(tables state.Tables, base tick.Tick) *frameBody {
	for i := range f.bodies[:f.used] {
		if b := &f.bodies[i]; b.base == base && b.tables == tables && !b.keyframe {
			return b
		}
	}
	payload, ok := f.store.AppendDeltaOf(f.payload[:0], tables, base, f.hash || base+1 != f.now || tables == state.LossyTables)
	f.payload = payload
	if !ok {
		return f.all()
	}
	return f.keep(frameBody{tables: tables, base: base}, f.builder.State(uint32(f.now), uint32(f.now-base), f.payload))
}

func (f *frames) all() *frameBody {
	for i := range f.bodies[:f.used] {
		if b := &f.bodies[i]; b.keyframe {
			return b
		}
	}
	f.payload = f.store.AppendKeyframe(f.payload[:0], true)
	return f.keep(frameBody{keyframe: true}, f.builder.State(uint32(f.now), 0, f.payload))
}

func (f *frames) keep(as frameBody, body []byte) *frameBody {
	if f.used == len(f.bodies) {
		f.bodies = append(f.bodies, frameBody{})
	}
	b := &f.bodies[f.used]
	f.used++
	as.body = append(b.body[:0], body...)
	*b = as
	return b
}

// deliver sends every client what this tick brought it.
func (r *runner) deliver() {
	now := r.room.now
	pulse := uint32(now)%r.pulse == 0
	r.noteChanges(now)
	r.frames.reset(now, pulse)
	lossy := false // some packets may be lost
	for _, p := range r.places {
		switch {
		case p == nil || p.current == nil:
		case p.lossy != nil:
			lossy = true
			r.deliverSure(p, now)
		default:
			lossy = lossy || p.timing != nil
			r.deliverTo(p, now, pulse)
		}
	}
	r.deliverEvents(uint32(now))
	r.deliverOutbox(uint32(now))
	if lossy {
		r.endLossy(now)
	}
	r.flush()
}

// deliverTo sends one client its frame, or nothing: when nothing is new, or
// when the client is behind.
func (r *runner) deliverTo(p *place, now tick.Tick, pulse bool) {
	d, conn := &p.delivery, p.conn
	if d.joining {
		r.sendJoined(p)
		*d = delivery{keyframe: true, owner: true, progress: r.room.now}
	}
	if r.behind(p, d, conn) {
		d.owner = d.owner || r.store.OwnerChanged()
		return
	}
	ack := p.named()
	if r.changed <= d.sent && ack == d.ack && !pulse && !d.keyframe && !r.owes(p, d) {
		return
	}
	frame := r.frames.since(d.sent, d.keyframe)
	head := schema.Header{Kind: schema.KindState, Ack: ack}
	if frame.keyframe {
		head.Flags = schema.FlagKeyframe
	}
	if !conn.Frame(head, frame.body) {
		r.stats.FramesHeld.Add(1)
		d.owner = true
		return
	}
	r.countFrame(frame, d)
	if frame.keyframe {
		d.applied, d.progress = uint32(now)-1, now // nothing is in flight before it
		d.acked, d.keyed = false, now
	}
	d.sent, d.ack, d.dirty, d.keyframe = now, ack, true, false
	r.sendOwner(p, d.owner || frame.keyframe)
	d.owner = false
}

func (r *runner) countFrame(frame *frameBody, d *delivery) {
	r.stats.Frames.Add(1)
	if frame.keyframe {
		r.stats.Keyframes.Add(1)
	} else if r.changed > d.sent+1 {
		r.stats.CatchUps.Add(1)
	}
}

// behind judges a client by what it has applied, never by blocked writes: a
// socket takes megabytes before it blocks. Frames pause while too many are in
// flight; a client that applies nothing for staleAfter is closed.
func (r *runner) behind(p *place, d *delivery, conn Conn) bool {
	if d.keyframe {
		return false
	}
	applied := conn.Applied()
	switch {
	case applied == 0 && d.acked: // it has lost its state and asks for all of it
		if r.room.now-d.keyed < r.def.hz.Ticks(keyframeGap) {
			return true
		}
		*d = delivery{keyframe: true, owner: true, ack: d.ack, progress: r.room.now}
		return false
	case applied > 0 && !d.acked:
		d.acked = true
		r.tokenReceived(p)
	}
	return r.progress(d, conn, applied)
}

// progress notes how far a client has come; true means that too much is on its
// way to it already.
func (r *runner) progress(d *delivery, conn Conn, applied uint32) bool {
	if applied > d.applied {
		d.applied, d.progress = min(applied, uint32(d.sent)), r.room.now
	}
	inFlight := uint32(d.sent) - d.applied
	if inFlight == 0 {
		d.progress = r.room.now
	}
	if r.room.now-d.progress > r.def.hz.Ticks(staleAfter) {
		conn.Close(schema.CodeStaleClient, "nothing of this room was applied for 10 seconds")
		d.progress = r.room.now
	}
	window := uint32(r.def.hz) * windowSeconds
	d.holding = inFlight > window || d.holding && inFlight > window/2
	return d.holding
}

// owes tells that a client is to get owner columns, though nothing changed that
// all may see.
func (r *runner) owes(p *place, d *delivery) (some bool) {
	if d.owner || !r.store.OwnerChanged() {
		return d.owner
	}
	r.payload, some = r.store.AppendOwner(r.payload[:0], p.id, false)
	return some
}

// sendOwner sends a client its owner columns, if they changed or all is set.
func (r *runner) sendOwner(p *place, all bool) {
	if !r.store.HasOwner() {
		return
	}
	var some bool
	r.payload, some = r.store.AppendOwner(r.payload[:0], p.id, all)
	if some {
		r.message(p, schema.KindOwner, r.builder.Owner(uint32(r.room.now), r.payload))
	}
}

// sendJoined tells a client that it is in, with the token to come back with.
func (r *runner) sendJoined(p *place) {
	seat := p.current
	p.since = r.room.now
	info := schema.JoinedInfo{
		Request: seat.request, Room: r.id, Kind: r.def.name, Player: uint32(p.id),
		Token: r.newPlaceToken(seat), Hz: uint16(r.def.hz), Tick: uint32(r.room.now),
		Grace: uint32(max(0, r.def.grace.Milliseconds())), Reconnected: seat.back, SchemaHash: r.def.hash,
	}
	if seat.schemaHash != r.def.hash {
		info.Schema = &r.def.schema
	}
	seat.conn.Message(schema.Header{Kind: schema.KindJoined}, r.builder.Joined(info))
}

// deliverEvents sends what the state.Event tables hold: one encoding for all,
// one more for each player that was addressed alone.
func (r *runner) deliverEvents(now uint32) {
	var some bool
	r.payload, some = r.store.AppendEvents(r.payload[:0])
	if some {
		body := r.builder.Events(now, r.payload)
		for _, p := range r.places {
			r.message(p, schema.KindEvents, body)
		}
	}
	if !r.store.EventTargets() {
		return
	}
	for _, p := range r.places {
		if p == nil || p.current == nil {
			continue
		}
		if r.payload, some = r.store.AppendEventsTo(r.payload[:0], p.id); some {
			r.message(p, schema.KindEvents, r.builder.Events(now, r.payload))
		}
	}
}

// deliverOutbox sends what the rules put out, in order.
func (r *runner) deliverOutbox(now uint32) {
	for i := range r.out.Send {
		s := &r.out.Send[i]
		var body []byte
		switch s.Kind {
		case schema.KindMessage:
			body = r.builder.Message(now, s.Name, s.Data)
		case schema.KindError:
			if s.Code == schema.CodeBadInput {
				r.stats.InputsRefused.Add(1)
			}
			body = r.builder.Error(&schema.Error{Code: s.Code, Request: s.Request, Message: s.Text})
		case schema.KindLeft:
			r.sendLeft(s.To, s.Code, s.Text)
			continue
		}
		for _, p := range r.places {
			if p != nil && (s.To == 0 || s.To == p.id) {
				r.message(p, s.Kind, body)
			}
		}
	}
	r.out.reset()
}

// message queues one message for a player that is connected.
func (r *runner) message(p *place, kind schema.Kind, body []byte) {
	if p == nil || p.current == nil || p.delivery.joining {
		return // of those who join, this is for a room that ends before their tick
	}
	p.conn.Message(schema.Header{Kind: kind, Ack: p.delivery.ack}, body)
	p.delivery.dirty = true
	if p.lossy != nil {
		p.lossy.owed = r.room.now
	}
}

// flush hands all that was queued to the network, one write for each client.
func (r *runner) flush() {
	for _, p := range r.places {
		if p != nil && p.current != nil && p.delivery.dirty {
			p.delivery.dirty = false
			p.conn.Flush()
		}
	}
}
