package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/state"
)

// Local is one room without network, clock and goroutines: for tests and
// tools. It keeps its ops, so that it can run again from the beginning.
type Local struct {
	kind    Kind
	room    *GameRoom
	seed    uint64
	out     Outbox
	log     []Op // OpKind 0 ends a tick
	sent    []Send
	puts    []state.Transaction
	records RecordRooms
	gens    []int
}

// OpenLocal makes a room and runs its Create hook.
func (k Kind) OpenLocal(seed uint64, options []byte) (*Local, error) {
	room, err := k.def.open(seed)
	if err != nil {
		return nil, err
	}
	l := &Local{kind: k, room: room, seed: seed}
	l.apply(Op{Kind: OpCreate, Payload: options})
	if room.faulted {
		return nil, fmt.Errorf("rooms: the Create hook of %q failed", k.Name())
	}
	return l, nil
}

// Records is where Load hooks read with ReadRecords.
func (l *Local) Records(r RecordRooms) { l.records = r }

// Room is the room between two steps.
func (l *Local) Room() *GameRoom { return l.room }

// Join runs Auth and Load, then Join, in the lowest free seat.
func (l *Local) Join(ctx context.Context, req JoinRequest) (state.ID, error) {
	if l.room.control.locked {
		return 0, fmt.Errorf("rooms: the room is locked")
	}
	if l.room.players.count >= l.kind.def.max {
		return 0, fmt.Errorf("rooms: the room is full (%d players)", l.kind.def.max)
	}
	if l.kind.def.auth != nil {
		if err := l.kind.def.auth(ctx, req); err != nil {
			return 0, err
		}
	}
	req.records = l.records
	loaded, err := l.kind.def.load(ctx, req)
	if err != nil {
		return 0, err
	}
	payload, err := json.Marshal(joinOp{User: req.User.ID, Name: req.User.Name, Guest: req.User.Guest, Loaded: loaded})
	if err != nil {
		return 0, fmt.Errorf("failed to encode the join: %w", err)
	}
	id := l.freeSeat()
	l.apply(Op{Kind: OpJoin, Player: id, Payload: payload})
	if l.room.players.get(id) == nil {
		return 0, fmt.Errorf("rooms: the Join hook failed: %s", l.lastText())
	}
	return id, nil
}

func (l *Local) freeSeat() state.ID {
	slot := 0
	for slot < len(l.room.players.seats) && l.room.players.seats[slot] != nil {
		slot++
	}
	for len(l.gens) <= slot {
		l.gens = append(l.gens, 0)
	}
	l.gens[slot] = l.gens[slot]%state.MaxGeneration + 1
	return state.MakeID(slot, l.gens[slot])
}

func (l *Local) lastText() string {
	if n := len(l.sent); n > 0 {
		return l.sent[n-1].Text
	}
	return ""
}

// Apply gives the room an op for the coming tick; see the op's kind for what
// it needs.
func (l *Local) Apply(op Op) { l.apply(op) }

func (l *Local) apply(op Op) {
	op.Payload = append([]byte(nil), op.Payload...)
	if op.Kind == OpNeutral {
		op.Payload = nil
	}
	l.log = append(l.log, op)
	l.room.Apply(op, &l.out)
	l.collect()
}

// Tick ends the tick.
func (l *Local) Tick() {
	l.log = append(l.log, Op{})
	next := l.room.now
	if !l.room.open {
		next++
	}
	l.room.Tick(next, &l.out)
	l.collect()
}

func (l *Local) collect() {
	l.sent = append(l.sent, l.out.Send...)
	l.puts = append(l.puts, l.out.Put...)
	l.out.reset()
}

// Sent gives what the room sent since the last call.
func (l *Local) Sent() []Send {
	sent := l.sent
	l.sent = nil
	return sent
}

// Writes gives the transactions that the rules made since the last call. They
// have no outcome until Settle.
func (l *Local) Writes() []state.Transaction {
	puts := l.puts
	l.puts = nil
	return puts
}

// Settle gives the room the outcome of a transaction.
func (l *Local) Settle(w Written) { l.apply(Op{Kind: OpWritten, Payload: w.appendTo(nil)}) }

// Encode finds the input whose type v has, and its payload.
func (l *Local) Encode(v any) (index int, payload []byte, ok bool) {
	for i := range l.room.inputs {
		if payload, ok := l.room.inputs[i].encode(v); ok {
			return i, payload, true
		}
	}
	return 0, nil, false
}

// Verify runs all ops again in a new room and compares the full hash at the
// end of every tick with the one that this room had. It fails when a rule
// depends on anything but its inputs.
func (l *Local) Verify() error {
	first, err := l.hashes()
	if err != nil {
		return err
	}
	second, err := l.hashes()
	if err != nil {
		return err
	}
	last := l.room.store.FullHash()
	for i := range first {
		if first[i] != second[i] {
			return fmt.Errorf("rooms: two replays of the same inputs differ at tick %d: the rules use something besides their inputs (a map's order, the clock, a global)", i+1)
		}
	}
	if n := len(first); n > 0 && !l.room.open && first[n-1] != last {
		return fmt.Errorf("rooms: the replay ends in another state than the room: the rules use something besides their inputs, or the test edited the world")
	}
	return nil
}

func (l *Local) hashes() ([]state.Hash, error) {
	room, err := l.kind.def.open(l.seed)
	if err != nil {
		return nil, err
	}
	var out Outbox
	var hashes []state.Hash
	for _, op := range l.log {
		if op.Kind != 0 {
			room.Apply(op, &out)
			continue
		}
		next := room.now
		if !room.open {
			next++
		}
		room.Tick(next, &out)
		out.reset()
		hashes = append(hashes, room.store.FullHash())
	}
	return hashes, nil
}

// Describe writes the room's state as text.
func (l *Local) Describe(w io.Writer) error { return l.room.Describe(w) }

// GuestRequest is a join request of a named test user.
func GuestRequest(user string, options []byte) JoinRequest {
	return JoinRequest{RawOptions: options, User: auth.User{ID: user, Name: user, Guest: true}}
}
