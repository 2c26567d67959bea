package rooms

import (
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// runner is the shell around one GameRoom: it takes in what players send,
// steps the room, records it and sends what came of it. Its Step runs on the
// room's loop; fields without a note are the loop's.
type runner struct {
	id      string
	def     *definition
	room    *GameRoom
	store   *state.Store
	private bool
	created time.Time
	reg     *Registry
	stats   *Stats
	logger  *slog.Logger
	task    *tick.Task
	inbox   inbox

	places     []*place // by seat, taken and held ones
	taken      int      // how many places there are
	clock      time.Time
	pulse      uint32    // ticks between two frames that carry the hash
	lossyPulse tick.Tick // ticks between two frames for lossy clients that have everything: base ticks
	changed    tick.Tick // the last tick that changed what clients see
	sureTables bool      // some tables are on the reliable lane

	changedLossy, changedSure tick.Tick // changed, of the tables of either lane

	rec        *record.Writer
	calls      []func() // wait for the end of the tick
	out        Outbox
	ops        []Op // this tick's commands
	builder    *schema.Builder
	payload    []byte
	frames     *frames
	nextExpiry time.Time
	empty      time.Time // since when there are no places; zero: there are
	ending     bool
	endCode    schema.Code
	endText    string

	now atomic.Uint32 // the last tick, for the room list

	mu       sync.Mutex
	seats    []*place // guarded by mu; by seat: reserved, taken and held ones
	gens     []uint16 // guarded by mu; each seat's generation
	count    int      // guarded by mu; of seats that are not free
	locked   bool     // guarded by mu; what the rules said last
	metadata []byte   // guarded by mu; JSON object
	closed   bool     // guarded by mu; takes in nobody any more
}

// newRunner makes a room and runs its Create hook, on the caller's goroutine:
// nobody else knows the room yet.
func newRunner(reg *Registry, def *definition, id string, private bool, seed uint64, options []byte) (*runner, error) {
	room, err := def.open(seed)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	r := &runner{
		id: id, def: def, room: room, store: room.store, private: private, created: now, clock: now, empty: now,
		reg: reg, stats: &reg.stats, logger: reg.cfg.Logger.With("room", id, "kind", def.name),
		builder: schema.NewBuilder(), pulse: uint32(min(def.hz, 32)),
	}
	room.logger = r.logger
	r.lossyPulse = (tick.Tick(r.pulse) + state.BaseEvery - 1) / state.BaseEvery * state.BaseEvery
	r.sureTables = r.store.HasReliable()
	r.frames = newFrames(r.store, r.builder)
	r.rec = reg.cfg.Recorder.Open(recordHeader(def, id, seed, options, now))
	if err := r.beginSegment(); err != nil {
		return nil, err
	}
	r.apply(Op{Kind: OpCreate, Payload: options})
	r.publish()
	if room.faulted {
		r.rec.Close("Create failed", true)
		return nil, schema.Errorf(schema.CodeRoomFaulted, "the room's Create hook failed")
	}
	return r, nil
}

// wake makes the room step soon. Any goroutine may call it.
func (r *runner) wake() { r.task.Wake() }

// Step runs one tick, unless nobody is there: then the tick stands still. A
// panic outside of the rules' hooks faults the room.
func (r *runner) Step(deadline time.Time, late time.Duration) (next tick.Next) {
	defer func() {
		if v := recover(); v != nil {
			next = r.fail(v)
		}
	}()
	r.clock = deadline
	items, data := r.inbox.take()
	worked := r.takeIn(items, data)
	worked = r.expire() || worked
	if r.ending || r.endsEmpty() {
		return r.end(r.endCode, r.endText)
	}
	if !worked && r.idle() {
		return r.sleep()
	}
	r.step()
	r.runCalls()
	switch {
	case r.room.faulted:
		return r.end(schema.CodeRoomFaulted, "the room failed three ticks in a row")
	case r.room.control.closing:
		return r.end(schema.CodeRoomClosed, r.room.control.closeText)
	}
	if r.reg.cfg.OnTick != nil {
		r.reg.cfg.OnTick(time.Since(deadline)-late, late)
	}
	return tick.Next{}
}

// fail ends a room whose shell panicked.
func (r *runner) fail(v any) tick.Next {
	r.logger.Error("the room panicked", "tick", uint32(r.room.now), "panic", v, "stack", string(debug.Stack()))
	r.room.faulted = true
	return r.end(schema.CodeRoomFaulted, "the room failed")
}

// step makes the next tick out of all that was taken in.
func (r *runner) step() {
	now := r.room.now
	if !r.room.open {
		now++
	}
	r.useCommands(now)
	r.room.Tick(now, &r.out)
	r.now.Store(uint32(now))
	r.stats.Ticks.Add(1)
	hash := r.store.FullHash()
	r.rec.TickEnd(now, record.Hash{A: hash.A, B: hash.B})
	r.publish()
	r.dropGone()
	r.write()
	r.deliver()
	if r.rec.NeedSegment(now) {
		if err := r.beginSegment(); err != nil {
			r.logger.Error("failed to begin a segment of the recording", "error", err)
		}
	}
}

// useCommands gives every player's row its command for this tick.
func (r *runner) useCommands(now tick.Tick) {
	if len(r.def.commands) == 0 {
		return
	}
	r.useLags(now)
	r.ops = r.ops[:0]
	for _, p := range r.places {
		if p == nil {
			continue
		}
		r.useCommand(p, &p.ring, r.def.commands[0], now)
		for i, input := range r.def.commands[1:] {
			r.useCommand(p, &p.rings[i], input, now)
		}
	}
	r.room.applyCommands(r.ops, &r.out, r.refuseCommand)
}

func (r *runner) useCommand(p *place, ring *commandRing, input uint8, now tick.Tick) {
	payload, ok := ring.take(now)
	op := Op{Kind: OpCommand, Player: p.id, Index: input, Payload: payload}
	if !ok {
		op.Kind = OpNeutral
		r.stats.CommandsNeutral.Add(1)
	} else if ring.missed > 0 {
		r.stats.CommandsRepeated.Add(1)
	}
	if p.timing != nil && ring.missed > 0 && ring.named > 0 {
		p.timing.missed()
	}
	r.rec.Input(record.Input{Kind: uint8(op.Kind), Index: op.Index, Player: uint32(op.Player), Payload: op.Payload})
	r.ops = append(r.ops, op)
}

// refuseCommand keeps a malformed command from being repeated.
func (r *runner) refuseCommand(i int) {
	op := &r.ops[i]
	if p := r.places[op.Player.Slot()]; p != nil {
		p.ringOf(r.def, op.Index).refuse()
	}
}

// apply records an op and gives it to the room.
func (r *runner) apply(op Op) {
	r.rec.Input(record.Input{Kind: uint8(op.Kind), Index: op.Index, Player: uint32(op.Player), Payload: op.Payload})
	r.room.Apply(op, &r.out)
}

// idle tells that the tick may stand still: no player is connected and no
// timer is running.
func (r *runner) idle() bool {
	if r.room.open || r.store.TimersPending() > 0 {
		return false
	}
	for _, p := range r.places {
		if p != nil && p.current != nil {
			return false
		}
	}
	return true
}

// sleep ends in time for the next deadline: a held seat's, a reservation's or
// the empty room's own.
func (r *runner) sleep() tick.Next {
	r.rec.Flush()
	r.nextExpiry = time.Time{}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == 0 {
		if r.def.emptyFor < 0 {
			return tick.Next{Sleep: true}
		}
		return tick.Next{Sleep: true, Until: r.empty.Add(r.def.emptyFor)}
	}
	var until time.Time
	for _, p := range r.seats {
		if p != nil && p.phase != placeTaken && (until.IsZero() || p.deadline.Before(until)) {
			until = p.deadline
		}
	}
	return tick.Next{Sleep: true, Until: until}
}

// endsEmpty tells that nobody has been in the room for long enough, and takes
// in nobody from then on.
func (r *runner) endsEmpty() bool {
	if r.taken > 0 || r.def.emptyFor < 0 || r.clock.Before(r.empty.Add(r.def.emptyFor)) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count > 0 {
		return false
	}
	r.closed = true
	r.endCode, r.endText = schema.CodeRoomClosed, "the room was empty"
	return true
}

// end closes the room for all and takes it out of the scheduler.
func (r *runner) end(code schema.Code, text string) tick.Next {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.deliverOutbox(uint32(r.room.now)) // what the last inputs and the operator said
	if !r.room.faulted {
		for _, p := range r.places {
			if p != nil {
				r.apply(Op{Kind: OpLeave, Player: p.id, Index: uint8(LeaveClosed)})
			}
		}
		r.apply(Op{Kind: OpDispose})
		r.write() // what rules save when players leave, and at the end
	}
	r.rec.Close(text, r.room.faulted)
	if r.room.faulted {
		r.stats.Faulted.Add(1)
		r.logger.Error("the room is faulted and closes; its recording is kept", "tick", uint32(r.room.now))
	}
	r.out.reset()
	items, _ := r.inbox.take()
	for _, it := range items {
		switch it.kind {
		case itemCall:
			r.calls = append(r.calls, it.order.run)
		case itemEnter:
			r.refuse(it.from, code, text)
		}
	}
	r.runCalls()
	for _, p := range r.places {
		if p != nil {
			r.sendLeft(p.id, code, text)
		}
	}
	r.freeAll()
	r.reg.remove(r)
	return tick.Next{Stop: true}
}

func (r *runner) beginSegment() error {
	if r.rec == nil {
		return nil
	}
	snapshot, err := r.room.snapshot()
	if err != nil {
		return err
	}
	r.rec.BeginSegment(r.room.now, snapshot)
	return nil
}
