package client

import (
	"errors"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Frame tells about a state frame that has just been applied.
type Frame struct {
	Tick     tick.Tick // the tick whose end it shows
	Ack      tick.Tick // the highest named tick among this player's consumed commands
	Keyframe bool      // it replaced the whole state
	Bytes    int       // the message's size
	Arrived  time.Time
	// Partial: other rows may have changed in this tick too, as the frame is
	// one part of several, or of the tables that travel on the reliable lane
	// only. Room.Tick is the last tick of which all is known.
	Partial bool

	tables state.Tables // that it is about
}

// Desync tells about a frame after which the public hash was not the server's.
type Desync struct {
	Tick      tick.Tick
	Want, Got state.Hash
}

// frameObserver is told of every frame, in a callback.
type frameObserver interface{ framed(Frame) }

// eventObserver is told of every event that the room sends, in a callback.
type eventObserver interface {
	event(index int, cells []state.Cell)
}

type frameFunc func(Frame)

func (f frameFunc) framed(frame Frame) { f(frame) }

// stateFrame is a State message that has arrived.
type stateFrame struct {
	head        schema.Header
	tick, age   uint32
	part, parts int
	payload     []byte
	size        int // of the message
	arrived     time.Time
}

// frame applies a state frame and tells the observers.
func (r *Room) frame(f stateFrame) {
	r.state.Lock()
	defer r.state.Unlock()
	switch lossy := f.head.Flags&schema.FlagLossy != 0; {
	case f.age == 0:
		r.keyframe(f)
	case r.broken.Load() != 0:
		// until the keyframe
	case lossy:
		r.lossyPart(f)
	case f.head.Flags&schema.FlagReliable != 0:
		r.reliableTables(f)
	default:
		r.delta(f)
	}
	r.acknowledge(f.arrived)
}

// keyframe replaces the state; state is held. Where frames overtake each other
// it may be older than what is known: then it is not needed any more.
func (r *Room) keyframe(f stateFrame) {
	m := r.mirror.Load()
	lossy := r.c.send.lossy.Load()
	if _, held := m.Held(); lossy && held != 0 && f.tick < r.applied.Load() {
		r.c.stats.dropped.Add(1)
		return
	}
	if err := m.ApplyFrame(f.payload, true); err != nil {
		r.undecodable(err)
		return
	}
	if !r.agrees(f) {
		return
	}
	if lossy {
		m.Keep(tick.Tick(f.tick))
	}
	r.c.stats.keyframes.Add(1)
	r.broken.Store(0)
	if !lossy || !r.clock.running() {
		r.clock.framed(tick.Tick(f.tick), f.arrived) // the reliable lane may be late
	}
	r.advance(f.tick)
	r.tell(f, Frame{Keyframe: true})
	if !r.ready() {
		close(r.first)
	}
}

// delta applies the change since the last frame; state is held.
func (r *Room) delta(f stateFrame) {
	if r.applied.Load() == 0 || f.tick-f.age != r.applied.Load() {
		r.c.stats.badFrames.Add(1)
		r.distrust("a frame does not continue the last one")
		return
	}
	if err := r.mirror.Load().ApplyFrame(f.payload, false); err != nil {
		r.undecodable(err)
		return
	}
	if !r.agrees(f) {
		return
	}
	r.clock.framed(tick.Tick(f.tick), f.arrived)
	r.advance(f.tick)
	r.tell(f, Frame{})
}

// lossyPart applies a part of a frame that starts from a state that is held;
// state is held.
func (r *Room) lossyPart(f stateFrame) {
	if p := &r.parts; f.tick > p.tick {
		r.clock.framedLossy(tick.Tick(f.tick), f.arrived, p.missing())
		*p = partCount{tick: f.tick, of: f.parts}
	}
	m := r.mirror.Load()
	complete, err := m.ApplyPart(state.Part{
		Tick: tick.Tick(f.tick), Base: tick.Tick(f.tick - f.age),
		Part: f.part, Parts: f.parts, Payload: f.payload,
	})
	switch {
	case errors.Is(err, state.ErrOld), errors.Is(err, state.ErrNotHeld):
		r.c.stats.dropped.Add(1)
		return
	case errors.Is(err, state.ErrOutOfStep):
		r.agrees(f)
		return
	case err != nil:
		r.undecodable(err)
		return
	}
	r.parts.come++
	if complete {
		r.advance(f.tick)
	}
	r.tell(f, Frame{Partial: !complete, tables: state.LossyTables})
}

// partCount counts the parts of the newest lossy frame that were applied.
type partCount struct {
	tick     uint32
	come, of int
}

// missing is the share of the frame that has not come.
func (p *partCount) missing() float64 {
	if p.of == 0 {
		return 0
	}
	return max(0, 1-float64(p.come)/float64(p.of))
}

// reliableTables applies what has changed in the tables that travel on the
// reliable lane; state is held.
func (r *Room) reliableTables(f stateFrame) {
	if err := r.mirror.Load().ApplyReliable(f.payload); err != nil {
		r.undecodable(err)
		return
	}
	if r.agrees(f) {
		f.head.Ack = max(f.head.Ack, r.ack.Load()) // it may have been overtaken
		r.tell(f, Frame{Partial: true, tables: state.ReliableTables})
	}
}

// undecodable is what happens to a frame that cannot be read; state is held.
func (r *Room) undecodable(err error) {
	r.c.stats.badFrames.Add(1)
	r.distrust(err.Error())
}

// agrees compares the public hash, if the frame brought one; state is held.
func (r *Room) agrees(f stateFrame) bool {
	m := r.mirror.Load()
	want, ok := m.LastFrameHash()
	if !ok {
		return true
	}
	got := m.Hash()
	if got == want {
		return true
	}
	r.c.stats.desyncs.Add(1)
	r.distrust("the public hash differs")
	for tell := range r.onDesync.all() {
		tell(Desync{Tick: tick.Tick(f.tick), Want: want, Got: got})
	}
	return false
}

// advance notes that the state of a tick is known completely; state is held.
func (r *Room) advance(at uint32) {
	_, held := r.mirror.Load().Held()
	r.applied.Store(at)
	r.standing.Store(uint64(at)<<16 | uint64(held))
	r.c.stats.frames.Add(1)
}

// tell gives the frame to the observers; state is held.
func (r *Room) tell(f stateFrame, frame Frame) {
	r.ack.Store(f.head.Ack)
	frame.Tick, frame.Ack = tick.Tick(f.tick), tick.Tick(f.head.Ack)
	frame.Bytes, frame.Arrived = f.size, f.arrived
	for o := range r.onFrame.all() {
		o.framed(frame)
	}
}

// distrust gives the mirror up until a keyframe replaces it, and asks for one:
// by saying that nothing has been applied.
func (r *Room) distrust(why string) {
	r.applied.Store(0)
	r.standing.Store(0)
	if r.broken.Load() != 0 {
		return
	}
	r.broken.Store(max(1, int64(time.Since(r.c.start))))
	r.c.log.Warn("asking for a keyframe", "room", r.member.Load().id, "why", why)
	if err := r.c.pong(0, 0); err != nil {
		r.c.log.Info("asking for a keyframe failed", "error", err) // the read loop meets the same end
	}
}

// owner applies the owner columns of this player's rows.
func (r *Room) owner(payload []byte) {
	r.state.Lock()
	defer r.state.Unlock()
	if r.broken.Load() != 0 {
		return // the keyframe brings all of them
	}
	if err := r.mirror.Load().ApplyOwner(payload); err != nil {
		r.c.stats.badFrames.Add(1)
		r.distrust(err.Error())
		return
	}
	for o := range r.onFrame.all() {
		if o, ok := o.(ownerObserver); ok {
			o.owned()
		}
	}
}

// ownerObserver is told when owner columns have changed.
type ownerObserver interface{ owned() }

// events hands one tick's events to those who asked for their kind.
func (r *Room) events(payload []byte) {
	r.state.Lock()
	defer r.state.Unlock()
	err := r.mirror.Load().DecodeEvents(payload, func(index int, cells []state.Cell) {
		for o := range r.onEvent.all() {
			o.event(index, cells)
		}
	})
	if err != nil {
		r.c.stats.badFrames.Add(1)
		r.c.log.Warn("a tick's events could not be read", "error", err)
	}
}

func (r *Room) message(m Message) {
	r.state.Lock()
	defer r.state.Unlock()
	for f := range r.onMessage.all() {
		f(m)
	}
}

func (r *Room) refused(e *schema.Error) {
	r.state.Lock()
	defer r.state.Unlock()
	for f := range r.onError.all() {
		f(e)
	}
}
