package rooms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"runtime/debug"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// maxFailures is how often in a row a tick, or in all a player's inputs, may
// panic before the room is faulted, or the player removed.
const maxFailures = 3

// GameRoom is the Room of a game: its world, players and hooks. It is pure:
// what it does depends on its seed and its ops alone. The runner owns it.
type GameRoom struct {
	def     *definition
	world   any
	store   *state.Store
	hooks   hooks
	inputs  []boundInput
	players playerSet
	options []byte
	now     tick.Tick // the tick that is being made, or the last one made
	open    bool      // now is being made
	control control
	failing int // ticks in a row whose hook panicked
	faulted bool
	logger  *slog.Logger // nil in replays
	ctx     Ctx
}

// hooks are a game's functions tied to the room's world.
type hooks struct {
	create  func(*Ctx)
	join    func(*Ctx, *Player, []byte) error
	leave   func(*Ctx, *Player, LeaveReason)
	tick    func(*Ctx)
	written func(*Ctx, Written)
	dispose func(*Ctx)
}

// control is what rules decide about the room itself; undone like the world.
type control struct {
	locked    bool
	metadata  []byte // JSON object
	news      bool   // locked or metadata were set since the runner looked
	closing   bool
	closeText string
	kicks     []kick
}

type kick struct {
	id   state.ID
	text string
}

// joinOp is the payload of OpJoin. Its JSON stands in recordings.
type joinOp struct {
	User   string          `json:"user"`
	Name   string          `json:"name,omitempty"`
	Guest  bool            `json:"guest,omitempty"`
	Loaded json.RawMessage `json:"loaded,omitempty"`
}

// Store is the room's state, for those who encode or show it between ticks.
func (r *GameRoom) Store() *state.Store { return r.store }

// World is a pointer to the game's world, for tests.
func (r *GameRoom) World() any { return r.world }

// Schema describes the room's tables, events and inputs.
func (r *GameRoom) Schema() *schema.Schema { return &r.def.schema }

// Faulted tells that three ticks in a row failed; the room does nothing more.
func (r *GameRoom) Faulted() bool { return r.faulted }

// Describe writes the room's players and all tables as text.
func (r *GameRoom) Describe(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "tick %d, %d players\n", r.now, r.players.count); err != nil {
		return fmt.Errorf("failed to describe the room: %w", err)
	}
	for _, p := range r.players.seats {
		if p != nil {
			fmt.Fprintf(w, "player %d: user %s, connected %t\n", p.ID, p.User, p.Connected)
		}
	}
	r.store.Describe(w)
	return nil
}

// Apply takes one op into the coming tick.
func (r *GameRoom) Apply(op Op, out *Outbox) {
	if r.faulted {
		return
	}
	r.begin()
	switch op.Kind {
	case OpCreate:
		r.create(op, out)
	case OpJoin:
		r.join(op, out)
	case OpRejoin, OpLost:
		if p := r.players.get(op.Player); p != nil {
			p.Connected, p.lag = op.Kind == OpRejoin, 0
		}
	case OpLeave:
		r.leave(op.Player, LeaveReason(op.Index), out)
	case OpCommand, OpNeutral, OpEvent:
		r.input(op, out)
	case OpLag:
		r.lag(op)
	case OpWritten:
		r.written(op, out)
	case OpDispose:
		if r.hooks.dispose != nil {
			_ = r.call("Dispose", nil, out, func() error { r.hooks.dispose(&r.ctx); return nil })
		}
	}
	r.sendAway(out)
	if op.Kind == OpDispose {
		r.putWrites(out)
	}
}

// Tick runs the Tick hook and ends the tick: changes are found, hashes brought
// up to date.
func (r *GameRoom) Tick(now tick.Tick, out *Outbox) {
	if r.faulted {
		return
	}
	r.begin()
	if now != r.now {
		panic(fmt.Sprintf("rooms: tick %d follows %d", now, r.now-1))
	}
	if r.hooks.tick != nil {
		if r.callTick(out) {
			r.failing = 0
		} else if r.failing++; r.failing == maxFailures {
			r.faulted = true
		}
		r.sendAway(out)
	}
	r.store.EndTick()
	r.putWrites(out)
	r.open = false
}

// begin opens the next tick at its first op.
func (r *GameRoom) begin() {
	if !r.open {
		r.open = true
		r.now++
		r.store.StartTick(r.now)
	}
}

func (r *GameRoom) create(op Op, out *Outbox) {
	r.options = append([]byte(nil), op.Payload...)
	if r.hooks.create == nil {
		return
	}
	if err := r.call("Create", nil, out, func() error { r.hooks.create(&r.ctx); return nil }); err != nil {
		r.faulted = true
	}
}

func (r *GameRoom) join(op Op, out *Outbox) {
	var j joinOp
	err := json.Unmarshal(op.Payload, &j)
	p := &Player{ID: op.Player, User: j.User, Name: j.Name, Guest: j.Guest, Connected: true}
	if err == nil {
		r.players.put(p)
		err = r.call("Join", p, out, func() error { return r.hooks.join(&r.ctx, p, j.Loaded) })
	}
	if err != nil {
		r.players.drop(p.ID)
		out.left(p.ID, schema.CodeInternal, "the room failed to take the player in")
	}
}

func (r *GameRoom) leave(id state.ID, why LeaveReason, out *Outbox) {
	p := r.players.get(id)
	if p == nil {
		return
	}
	p.Connected = false
	if r.hooks.leave != nil {
		_ = r.call("Leave", p, out, func() error { r.hooks.leave(&r.ctx, p, why); return nil })
	}
	r.players.drop(id)
}

// input runs one command or event. What was wrong with it goes to its player only.
func (r *GameRoom) input(op Op, out *Outbox) {
	p := r.players.get(op.Player)
	if p == nil || int(op.Index) >= len(r.inputs) {
		return
	}
	in := &r.inputs[op.Index]
	if command := op.Kind != OpEvent; command != in.def.Command {
		return
	}
	mark, saved := out.mark(), r.control
	err := r.try(out, func() error {
		if in.def.Command {
			return in.step(p.ID, op.commandPayload())
		}
		return in.apply(&r.ctx, p, op.Payload)
	})
	if err == nil {
		return
	}
	r.control = saved
	out.cut(mark)
	var failed *panicError
	switch {
	case errors.As(err, &failed):
		r.report(in.def.Name, p, failed)
		if p.failures++; p.failures == maxFailures {
			out.left(p.ID, schema.CodeKicked, "the room removed you: your inputs made it fail three times")
			r.leave(p.ID, LeaveFailing, out)
			return
		}
		out.fail(p.ID, schema.CodeInternal, op.Seq, "the room failed on "+in.def.Name+"; it was undone")
	case errors.Is(err, errBadInput):
		out.fail(p.ID, schema.CodeBadInput, op.Seq, in.def.Name+": "+err.Error())
	case errors.Is(err, ErrIgnored):
	default:
		out.fail(p.ID, schema.CodeRefused, op.Seq, err.Error())
	}
}

// try runs fn as one transaction.
func (r *GameRoom) try(out *Outbox, fn func() error) (err error) {
	r.store.Begin()
	r.ctx.out = out
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
		if err != nil {
			r.store.Rollback()
		} else {
			r.store.Commit()
		}
	}()
	return fn()
}

// callTick runs the Tick hook; false means that it panicked and was undone.
func (r *GameRoom) callTick(out *Outbox) (ok bool) {
	mark, saved := out.mark(), r.control
	err := r.try(out, func() error { r.hooks.tick(&r.ctx); return nil })
	if err != nil {
		r.control = saved
		out.cut(mark)
		r.report("Tick", nil, err)
	}
	return err == nil
}

// call runs a rare hook as one transaction and reports its failure.
func (r *GameRoom) call(hook string, p *Player, out *Outbox, fn func() error) error {
	mark, saved := out.mark(), r.control
	err := r.try(out, fn)
	if err != nil {
		r.control = saved
		out.cut(mark)
		r.report(hook, p, err)
	}
	return err
}

// sendAway turns the rules' kicks into leaves.
func (r *GameRoom) sendAway(out *Outbox) {
	for len(r.control.kicks) > 0 {
		k := r.control.kicks[0]
		r.control.kicks = r.control.kicks[1:]
		if r.players.get(k.id) != nil {
			out.left(k.id, schema.CodeKicked, k.text)
			r.leave(k.id, LeaveKicked, out)
		}
	}
	r.control.kicks = nil
}

// panicError is a rule's panic with its stack.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (r *GameRoom) report(hook string, p *Player, err error) {
	attrs := []any{"hook", hook, "tick", uint32(r.now), "error", err}
	if p != nil {
		attrs = append(attrs, "player", uint32(p.ID), "user", p.User)
	}
	var failed *panicError
	if errors.As(err, &failed) {
		attrs = append(attrs, "stack", string(failed.stack))
	}
	r.log().Error("a hook failed and was undone", attrs...)
}

func (r *GameRoom) log() *slog.Logger {
	if r.logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return r.logger
}

// Players walks the players by seat.
func (r *GameRoom) Players() iter.Seq[*Player] { return r.ctx.Players() }
