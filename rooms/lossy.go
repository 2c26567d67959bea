package rooms

import (
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

const (
	renewAfter   = 32 // ticks after which a client is helped to hold a newer base: the ring has 64
	partOverhead = 52 // bytes of a State message around its payload, at most

	keyframeGap = time.Second // between two keyframes of a client that says that it loses them
)

// lossyDelivery is how far one client is served whose state frames may be
// lost. Each frame starts from a state that the client holds, and decodes
// alone; frames are sent until the client has applied one that is new enough.
// What must not be lost (keyframes, reliable tables, owner columns, messages)
// takes the reliable lane. The loop owns it, beside the place's delivery.
type lossyDelivery struct {
	keyed    tick.Tick // the last keyframe
	sure     tick.Tick // the newest state that went over the reliable lane: it comes to be held
	reliable tick.Tick // what the client has of the reliable tables
	owed     tick.Tick // the last tick with something else for the client, which waits there for a frame
	applied  tick.Tick // what the client says it has applied, as of this tick
	size     int       // of a datagram
}

// split is a tick's lossy frame from one base, in parts that fit a datagram
// each. Its bytes are valid until the next tick.
type split struct {
	base     tick.Tick
	limit    int
	ok, fits bool
	parts    int
	bodies   [][]byte // the first parts of them
}

// splitFrom gives the lossy frame from base to now in bodies of at most limit
// bytes, encoded once for all clients that hold base.
func (f *frames) splitFrom(base tick.Tick, limit int) *split {
	for i := range f.splits[:f.usedSplits] {
		if s := &f.splits[i]; s.base == base && s.limit == limit {
			return s
		}
	}
	if f.usedSplits == len(f.splits) {
		f.splits = append(f.splits, split{})
	}
	s := &f.splits[f.usedSplits]
	f.usedSplits++
	s.base, s.limit = base, limit
	f.payload, f.ends = f.payload[:0], f.ends[:0]
	s.parts, s.fits, s.ok = f.store.Parts(state.LossyTables, base, limit-partOverhead, f.now%state.BaseEvery == 0, f.emit)
	from := 0
	for part, end := range f.ends {
		if part == len(s.bodies) {
			s.bodies = append(s.bodies, nil)
		}
		body := f.builder.StatePart(uint32(f.now), uint32(f.now-base), uint8(part), uint8(s.parts), f.payload[from:end])
		s.bodies[part] = append(s.bodies[part][:0], body...)
		from = end
	}
	return s
}

// keepPart takes in a part that the store cut off.
func (f *frames) keepPart(_ int, payload []byte) {
	f.payload = append(f.payload, payload...)
	f.ends = append(f.ends, len(f.payload))
}

// noteChanges remembers which lanes this tick has something for.
func (r *runner) noteChanges(now tick.Tick) {
	if !r.store.Changed() {
		return
	}
	r.changed = now
	if !r.sureTables {
		r.changedLossy = now
		return
	}
	if r.store.ChangedIn(state.LossyTables) {
		r.changedLossy = now
	}
	if r.store.ChangedIn(state.ReliableTables) {
		r.changedSure = now
	}
}

// deliverSure sends a lossy client what must not be lost, but messages: they
// follow, and deliverLossy ends the tick.
func (r *runner) deliverSure(p *place, now tick.Tick) {
	d, l := &p.delivery, p.lossy
	if d.joining {
		r.sendJoined(p)
		*d = delivery{keyframe: true, owner: true, progress: now}
		*l = lossyDelivery{size: p.conn.DatagramSize()}
	}
	applied := p.conn.Applied()
	l.applied = tick.Tick(applied)
	r.judge(p, applied)
	if ack := p.named(); ack != d.ack {
		d.ack, l.owed = ack, now
	}
	switch {
	case d.keyframe:
		r.sendSureKeyframe(p, now)
	case r.changedSure > l.reliable:
		r.sendSureTables(p, now)
	}
	if d.keyframe || d.holding {
		d.owner = d.owner || r.store.OwnerChanged()
	} else if d.owner || r.store.OwnerChanged() {
		r.sendOwner(p, d.owner)
		d.owner = false
	}
}

// judge looks at what a lossy client says it has applied.
func (r *runner) judge(p *place, applied uint32) {
	d, l := &p.delivery, p.lossy
	switch {
	case d.keyframe:
		if r.room.now-d.progress > r.def.hz.Ticks(staleAfter) {
			p.conn.Close(schema.CodeStaleClient, "nothing of this room was taken for 10 seconds")
			d.progress = r.room.now
		}
		return
	case applied == 0 && d.acked: // it has lost its state and asks for all of it
		if r.room.now-l.keyed < r.def.hz.Ticks(keyframeGap) {
			return
		}
		*d = delivery{keyframe: true, owner: true, ack: d.ack, progress: r.room.now}
		return
	case applied >= uint32(l.sure) && !d.acked: // what comes before is of the state it lost
		d.acked = true
		r.tokenReceived(p)
	}
	r.progress(d, p.conn, applied)
}

func (r *runner) sendSureKeyframe(p *place, now tick.Tick) {
	d, l := &p.delivery, p.lossy
	frame := r.frames.since(0, true)
	if !p.conn.Frame(schema.Header{Kind: schema.KindState, Flags: schema.FlagKeyframe, Ack: d.ack}, frame.body) {
		r.stats.FramesHeld.Add(1)
		return
	}
	r.countFrame(frame, d)
	progress := now
	if d.acked { // its base left the ring: it has been silent, and still is
		progress = d.progress
	}
	*d = delivery{ack: d.ack, owner: true, sent: now, applied: uint32(now) - 1, progress: progress, dirty: true}
	l.keyed, l.sure, l.reliable = now, now, now
}

// sendSureTables sends what the reliable tables have changed since the client
// was last told. Like a message it waits there for the frame of its tick.
func (r *runner) sendSureTables(p *place, now tick.Tick) {
	d, l := &p.delivery, p.lossy
	frame := r.frames.of(state.ReliableTables, l.reliable)
	if frame.keyframe { // the lane was full for all of the ring's ticks
		d.keyframe = true
		return
	}
	if !p.conn.Frame(schema.Header{Kind: schema.KindState, Flags: schema.FlagReliable, Ack: d.ack}, frame.body) {
		r.stats.FramesHeld.Add(1)
		return
	}
	r.stats.Frames.Add(1)
	l.reliable, l.owed, d.dirty = now, now, true
}

// endLossy ends the tick of clients whose packets may be lost: after its
// messages, which wait there for the frame.
func (r *runner) endLossy(now tick.Tick) {
	for _, p := range r.places {
		if p == nil || p.current == nil || p.timing == nil {
			continue
		}
		if p.lossy != nil {
			r.deliverLossy(p, now)
		}
		r.reportTiming(p, now)
	}
}

// deliverLossy ends a lossy client's tick with its frame, or none: when it has
// all that it should have.
func (r *runner) deliverLossy(p *place, now tick.Tick) {
	d, l, conn := &p.delivery, p.lossy, p.conn
	if d.keyframe || l.sure == now {
		return
	}
	base := max(tick.Tick(conn.Base()), l.sure)
	due := max(l.applied, l.sure) < max(r.changedLossy, l.owed) && !d.holding
	renew := now%state.BaseEvery == 0 && now-base >= renewAfter
	if !due && !renew && now%r.lossyPulse != 0 {
		return
	}
	frame := r.frames.splitFrom(base, l.size)
	switch {
	case !frame.ok: // base has left the ring
		d.keyframe = l.applied >= l.sure
		return
	case !frame.fits:
		r.sendWhole(p, base, now)
		return
	}
	head := schema.Header{Kind: schema.KindState, Flags: schema.FlagLossy, Ack: d.ack}
	for _, body := range frame.bodies[:frame.parts] {
		if !conn.Datagram(head, body) {
			r.stats.FramesHeld.Add(1)
			return
		}
		d.dirty = true
	}
	r.stats.Frames.Add(1)
	d.sent = now
}

// sendWhole sends a frame with a row that fits no datagram over the reliable
// lane. It waits for a base tick, so that later frames can start from it, and
// for the one before to arrive.
func (r *runner) sendWhole(p *place, base, now tick.Tick) {
	d, l := &p.delivery, p.lossy
	if now%state.BaseEvery != 0 || l.applied < l.sure {
		return
	}
	frame := r.frames.of(state.LossyTables, base)
	if frame.keyframe || !p.conn.Frame(schema.Header{Kind: schema.KindState, Flags: schema.FlagLossy, Ack: d.ack}, frame.body) {
		r.stats.FramesHeld.Add(1)
		return
	}
	r.stats.Frames.Add(1)
	l.sure, d.sent, d.dirty = now, now, true
}
