package client

import (
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

// frame applies a state frame and tells the observers.
func (r *Room) frame(head schema.Header, at, age uint32, payload []byte, size int, now time.Time) {
	r.state.Lock()
	defer r.state.Unlock()
	keyframe := age == 0
	if !keyframe && r.broken.Load() != 0 {
		return // until the keyframe
	}
	if !keyframe && (r.applied.Load() == 0 || at-age != r.applied.Load()) {
		r.c.stats.badFrames.Add(1)
		r.distrust("a frame does not continue the last one")
		return
	}
	m := r.mirror.Load()
	if err := m.ApplyFrame(payload, keyframe); err != nil {
		r.c.stats.badFrames.Add(1)
		r.distrust(err.Error())
		return
	}
	if want, ok := m.LastFrameHash(); ok && want != m.Hash() {
		r.c.stats.desyncs.Add(1)
		r.distrust("the public hash differs")
		for f := range r.onDesync.all() {
			f(Desync{Tick: tick.Tick(at), Want: want, Got: m.Hash()})
		}
		return
	}
	r.c.stats.frames.Add(1)
	if keyframe {
		r.c.stats.keyframes.Add(1)
		r.broken.Store(0)
	}
	r.applied.Store(at)
	r.ack.Store(head.Ack)
	r.clock.framed(tick.Tick(at), now, false)
	frame := Frame{Tick: tick.Tick(at), Ack: tick.Tick(head.Ack), Keyframe: keyframe, Bytes: size, Arrived: now}
	for o := range r.onFrame.all() {
		o.framed(frame)
	}
	if !r.ready() {
		close(r.first)
	}
}

// distrust gives the mirror up until a keyframe replaces it, and asks for one:
// by saying that nothing has been applied.
func (r *Room) distrust(why string) {
	r.applied.Store(0)
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
