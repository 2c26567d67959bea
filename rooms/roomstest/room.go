package roomstest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Room is a room under test. It is for the test's goroutine.
type Room[W any] struct {
	// World is the room's own: read it freely between steps, do not change it.
	World *W

	t     testing.TB
	hz    int
	local *rooms.Local
	held  map[state.ID]map[int][]byte // commands that are repeated each step
	left  map[state.ID]bool
	inbox map[state.ID][]Message
	errs  map[state.ID][]Refusal

	writes  []state.Transaction
	refuse  func(state.Transaction) error
	settles bool
}

// Message is a room message that a player got.
type Message struct {
	Name string
	Data json.RawMessage
}

// Refusal is an error that a player got for one of its inputs.
type Refusal struct {
	Code schema.Code
	Text string
}

// Option changes how New opens a room.
type Option func(*options)

type options struct {
	seed    uint64
	create  []byte
	refuse  func(state.Transaction) error
	hold    bool
	records rooms.RecordRooms
}

// Refuse decides about the transactions that rules make with state.Records: an
// error refuses one. Without it all become durable, before the next step.
func Refuse(f func(state.Transaction) error) Option { return func(o *options) { o.refuse = f } }

// HoldWrites leaves the rules' transactions without an outcome until Settle.
func HoldWrites() Option { return func(o *options) { o.hold = true } }

// Records is where Load hooks read with rooms.ReadRecords.
func Records(r rooms.RecordRooms) Option { return func(o *options) { o.records = r } }

// Seed chooses the room's random numbers; the default is 1.
func Seed(seed uint64) Option { return func(o *options) { o.seed = seed } }

// Options are what the Create hook reads with Ctx.Options.
func Options(v any) Option {
	return func(o *options) {
		data, err := json.Marshal(v)
		if err != nil {
			panic("roomstest: options cannot be JSON: " + err.Error())
		}
		o.create = data
	}
}

// New opens a room. When the test ends, the room's inputs are run again and
// every tick's hash compared: rules that depend on anything else fail the test.
func New[W, L any](t testing.TB, game rooms.Game[W, L], opts ...Option) *Room[W] {
	t.Helper()
	o := options{seed: 1}
	for _, opt := range opts {
		opt(&o)
	}
	kind := rooms.Define("test", game)
	if err := kind.Err(); err != nil {
		t.Fatal(err)
	}
	local, err := kind.OpenLocal(o.seed, o.create)
	if err != nil {
		t.Fatal(err)
	}
	r := &Room[W]{
		World: local.Room().World().(*W), t: t, hz: kind.Hz(), local: local,
		held: make(map[state.ID]map[int][]byte), left: make(map[state.ID]bool),
		inbox: make(map[state.ID][]Message), errs: make(map[state.ID][]Refusal),
		refuse: o.refuse, settles: !o.hold,
	}
	local.Records(o.records)
	r.collect()
	t.Cleanup(func() {
		if err := local.Verify(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// Join takes a player in; joinOptions (nil: none) are what Load reads with
// JoinRequest.Options. The test fails if the room refuses.
func (r *Room[W]) Join(user string, joinOptions any) state.ID {
	r.t.Helper()
	id, err := r.TryJoin(user, joinOptions)
	if err != nil {
		r.t.Fatalf("failed to join as %s: %v", user, err)
	}
	return id
}

// TryJoin is Join for tests that expect a refusal.
func (r *Room[W]) TryJoin(user string, joinOptions any) (state.ID, error) {
	r.t.Helper()
	var raw []byte
	if joinOptions != nil {
		var err error
		if raw, err = json.Marshal(joinOptions); err != nil {
			r.t.Fatalf("join options cannot be JSON: %v", err)
		}
	}
	id, err := r.local.Join(context.Background(), rooms.GuestRequest(user, raw))
	r.collect()
	return id, err
}

// Send gives an input to the room: a command is held and used in every step
// until the next one, an event is applied at once. m is a value of the input's
// type.
func (r *Room[W]) Send(player state.ID, m any) {
	r.t.Helper()
	index, payload, ok := r.local.Encode(m)
	if !ok {
		r.t.Fatalf("the game has no input of type %T", m)
	}
	if !r.local.Room().Schema().Inputs[index].Command {
		r.local.Apply(rooms.Op{Kind: rooms.OpEvent, Player: player, Index: uint8(index), Payload: payload})
		r.collect()
		return
	}
	if r.held[player] == nil {
		r.held[player] = make(map[int][]byte)
	}
	r.held[player][index] = payload
}

// Step makes n ticks.
func (r *Room[W]) Step(n int) {
	r.t.Helper()
	for range n {
		r.settleAll()
		r.useCommands()
		r.local.Tick()
		r.collect()
		r.writes = append(r.writes, r.local.Writes()...)
	}
}

// useCommands gives each player one command of each kind, as the server does.
func (r *Room[W]) useCommands() {
	for p := range r.local.Room().Players() {
		for index, in := range r.local.Room().Schema().Inputs {
			if !in.Command {
				continue
			}
			op := rooms.Op{Kind: rooms.OpNeutral, Player: p.ID, Index: uint8(index)}
			if payload, ok := r.held[p.ID][index]; ok {
				op.Kind, op.Payload = rooms.OpCommand, payload
			}
			r.local.Apply(op)
		}
	}
}

// Tick is the last tick that was made.
func (r *Room[W]) Tick() tick.Tick { return r.local.Room().Store().Tick() }

// Lag makes a player see the room as it was so long before the tick that uses
// its inputs, until the next call: what Ctx.Rewind gives for it.
func (r *Room[W]) Lag(player state.ID, behind time.Duration) {
	lag := uint16(behind * time.Duration(r.hz) * 16 / time.Second)
	r.local.Apply(rooms.Op{Kind: rooms.OpLag, Player: player, Payload: binary.LittleEndian.AppendUint16(nil, lag)})
}

// Leave removes a player, as if it had asked to leave.
func (r *Room[W]) Leave(player state.ID) { r.leave(player, rooms.LeaveAsked) }

// Lose cuts a player's connection; the seat is held until Return or TimeOut.
func (r *Room[W]) Lose(player state.ID) {
	r.local.Apply(rooms.Op{Kind: rooms.OpLost, Player: player})
	delete(r.held, player)
	r.collect()
}

// Return brings a lost player back into its seat.
func (r *Room[W]) Return(player state.ID) {
	r.local.Apply(rooms.Op{Kind: rooms.OpRejoin, Player: player})
	r.collect()
}

// TimeOut ends a lost player's grace.
func (r *Room[W]) TimeOut(player state.ID) { r.leave(player, rooms.LeaveTimeout) }

func (r *Room[W]) leave(player state.ID, why rooms.LeaveReason) {
	r.local.Apply(rooms.Op{Kind: rooms.OpLeave, Player: player, Index: uint8(why)})
	delete(r.held, player)
	r.collect()
}

// Gone tells that the room itself removed the player: a kick, or a failed join.
func (r *Room[W]) Gone(player state.ID) bool { return r.left[player] }

// Messages gives the room messages that a player got since the last call.
func (r *Room[W]) Messages(player state.ID) []Message {
	got := r.inbox[player]
	delete(r.inbox, player)
	return got
}

// Refusals gives the errors that a player got since the last call.
func (r *Room[W]) Refusals(player state.ID) []Refusal {
	got := r.errs[player]
	delete(r.errs, player)
	return got
}

// Describe is the room's whole state as text, for a failing test's log.
func (r *Room[W]) Describe() string {
	var b bytes.Buffer
	if err := r.local.Describe(&b); err != nil {
		r.t.Fatal(err)
	}
	return b.String()
}

func (r *Room[W]) collect() {
	for _, s := range r.local.Sent() {
		switch s.Kind {
		case schema.KindMessage:
			for p := range r.local.Room().Players() {
				if s.To == 0 || s.To == p.ID {
					r.inbox[p.ID] = append(r.inbox[p.ID], Message{s.Name, s.Data})
				}
			}
		case schema.KindError:
			r.errs[s.To] = append(r.errs[s.To], Refusal{s.Code, s.Text})
		case schema.KindLeft:
			r.left[s.To] = true
			delete(r.held, s.To)
		}
	}
}
