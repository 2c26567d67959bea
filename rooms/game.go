package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Game is all that Parlor needs to know of a game. W is the World: a struct
// of state tables. L is what Load brings for a joining player; it travels
// through JSON, into the recording too. Every hook may be nil.
//
// Hooks that get a *Ctx run inside the room's tick: they must not wait, start
// goroutines, read the wall clock or range over maps. A hook that panics
// leaves no trace in the world.
type Game[W, L any] struct {
	Hz         int           // ticks a second, 1 to 128; default 20
	MaxPlayers int           // seats; default 16
	Version    string        // the rules' version, written into recordings
	Grace      time.Duration // how long a lost player's seat is held; default 20 s, negative: not at all
	EmptyFor   time.Duration // how long a room without players is kept; default 30 s, negative: for ever

	// EventsPerSecond limits each player's events; default 30, with bursts of twice that.
	EventsPerSecond int

	// Reliable keeps all of a room's state on the reliable lane, over UDP too:
	// for turns and cards, where every step counts and none is in a hurry.
	// Single tables are kept there by the tag `parlor:"reliable"`.
	Reliable bool

	// Auth refuses a join by returning an error; its text reaches the player.
	Auth func(context.Context, JoinRequest) error
	// Load may wait on a database or network before the join; never called in a replay.
	Load func(context.Context, JoinRequest) (L, error)

	// Create sets up a new room, in its first tick. A panic closes the room.
	Create func(*W, *Ctx)
	// Join takes a player in, with what Load brought. A panic refuses the player.
	Join func(*W, *Ctx, *Player, L)
	// Leave is called when a player is gone for good: not while a lost
	// player's seat is held. Remove the player's rows here.
	Leave func(*W, *Ctx, *Player, LeaveReason)
	// Tick runs once in every tick, after joins, leaves, events and commands.
	// Three panics in a row close the room.
	Tick func(*W, *Ctx)
	// Written tells what became of a transaction made with state.Records, for
	// rules that must know: what players hear is better said with Writing.Then.
	Written func(*W, *Ctx, Written)
	// Dispose is the last call to a room, when all players have left. A room
	// that failed is not disposed of.
	Dispose func(*W, *Ctx)

	// Inputs are what players can send, each a Command or an Event of a type
	// of its own; 255 at most. Their order is part of the wire.
	Inputs []Input[W]
}

// Defaults of Game.
const (
	DefaultHz         = 20
	DefaultMaxPlayers = 16
	DefaultGrace      = 20 * time.Second
	DefaultEmptyFor   = 30 * time.Second
	DefaultEvents     = 30
	maxSeats          = 4096
)

// Kind is a game under its name, ready to be opened as rooms. The zero Kind is
// not usable.
type Kind struct{ def *definition }

// definition is what all rooms of a kind share; it never changes after Define.
type definition struct {
	name     string
	version  string
	hz       tick.Rate
	max      int
	grace    time.Duration
	emptyFor time.Duration
	events   int
	reliable bool
	rewinds  bool // some table can be rewound: only then is it followed, and recorded, how far behind players see
	schema   schema.Schema
	hash     uint64
	inputs   []schema.InputDef
	commands []uint8 // the inputs that are commands
	auth     func(context.Context, JoinRequest) error
	load     func(context.Context, JoinRequest) ([]byte, error)
	open     func(seed uint64) (*GameRoom, error)
}

// Define names a game. A game that cannot work (a world with a map in it, two
// inputs of one name) is reported by Kind.Err, and by the server when it starts.
func Define[W, L any](name string, game Game[W, L]) Kind {
	d, err := define(name, game)
	if err != nil {
		d = &definition{name: name, open: func(uint64) (*GameRoom, error) { return nil, err }}
	}
	return Kind{def: d}
}

// Name is the name that clients join by.
func (k Kind) Name() string { return k.def.name }

// Hz is the number of ticks a second.
func (k Kind) Hz() int { return int(k.def.hz) }

// MaxPlayers is the number of seats.
func (k Kind) MaxPlayers() int { return k.def.max }

// Schema describes the kind's tables, events and inputs.
func (k Kind) Schema() schema.Schema { return k.def.schema }

// Err says why the game cannot run, or nil.
func (k Kind) Err() error {
	if k.def == nil {
		return errors.New("rooms: a Kind comes from Define")
	}
	_, err := k.def.open(0)
	return err
}

func define[W, L any](name string, game Game[W, L]) (*definition, error) {
	d := &definition{
		name:     name,
		version:  game.Version,
		hz:       tick.Rate(orInt(game.Hz, DefaultHz)),
		max:      orInt(game.MaxPlayers, DefaultMaxPlayers),
		grace:    orDuration(game.Grace, DefaultGrace),
		emptyFor: orDuration(game.EmptyFor, DefaultEmptyFor),
		events:   orInt(game.EventsPerSecond, DefaultEvents),
		reliable: game.Reliable,
		auth:     game.Auth,
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if err := d.hz.Validate(); err != nil {
		return nil, fmt.Errorf("rooms: game %q: %w", name, err)
	}
	if d.max < 1 || d.max > maxSeats {
		return nil, fmt.Errorf("rooms: game %q: MaxPlayers is %d, it must be 1 to %d", name, d.max, maxSeats)
	}
	if d.events < 1 {
		return nil, fmt.Errorf("rooms: game %q: EventsPerSecond is %d, it must be at least 1", name, d.events)
	}
	d.open = func(seed uint64) (*GameRoom, error) { return openGame(d, game, seed) }
	d.load = func(ctx context.Context, r JoinRequest) ([]byte, error) { return load(ctx, game, r) }

	room, err := d.open(0)
	if err != nil {
		return nil, fmt.Errorf("rooms: game %q: %w", name, err)
	}
	d.schema = room.store.Schema()
	d.rewinds = room.store.HasRewind()
	for i, in := range room.inputs {
		d.inputs = append(d.inputs, in.def)
		if in.def.Command {
			d.commands = append(d.commands, uint8(i))
		}
	}
	d.schema.Inputs = d.inputs
	d.hash = d.schema.Hash()
	return d, nil
}

// openGame makes a room in its first state; Create has not run yet.
func openGame[W, L any](d *definition, game Game[W, L], seed uint64) (*GameRoom, error) {
	w := new(W)
	store, err := state.NewStore(w, state.Options{Hz: d.hz, Seed: seed})
	if err != nil {
		return nil, err
	}
	r := &GameRoom{def: d, store: store, hooks: bindHooks(w, game)}
	r.ctx = Ctx{room: r}
	seen := make(map[string]bool)
	for _, in := range game.Inputs {
		bound, err := in.bind(w, store, d.hz)
		if err != nil {
			return nil, err
		}
		if seen[bound.def.Name] {
			return nil, fmt.Errorf("two inputs are named %s; give each its own type", bound.def.Name)
		}
		seen[bound.def.Name] = true
		r.inputs = append(r.inputs, bound)
	}
	if len(r.inputs) > 255 {
		return nil, fmt.Errorf("%d inputs, there may be 255", len(r.inputs))
	}
	r.world = w
	return r, nil
}

// bindHooks ties a game's hooks to one world, so that GameRoom needs no type
// parameters.
func bindHooks[W, L any](w *W, game Game[W, L]) hooks {
	h := hooks{}
	if game.Create != nil {
		h.create = func(ctx *Ctx) { game.Create(w, ctx) }
	}
	h.join = func(ctx *Ctx, p *Player, loaded []byte) error {
		var l L
		if len(loaded) > 0 {
			if err := json.Unmarshal(loaded, &l); err != nil {
				return fmt.Errorf("failed to read what Load returned: %w", err)
			}
		}
		if game.Join != nil {
			game.Join(w, ctx, p, l)
		}
		return nil
	}
	if game.Leave != nil {
		h.leave = func(ctx *Ctx, p *Player, why LeaveReason) { game.Leave(w, ctx, p, why) }
	}
	if game.Tick != nil {
		h.tick = func(ctx *Ctx) { game.Tick(w, ctx) }
	}
	if game.Written != nil {
		h.written = func(ctx *Ctx, written Written) { game.Written(w, ctx, written) }
	}
	if game.Dispose != nil {
		h.dispose = func(ctx *Ctx) { game.Dispose(w, ctx) }
	}
	return h
}

// load runs the Load hook and encodes its result for the join op.
func load[W, L any](ctx context.Context, game Game[W, L], r JoinRequest) ([]byte, error) {
	if game.Load == nil {
		return nil, nil
	}
	l, err := game.Load(ctx, r)
	if err != nil {
		return nil, err
	}
	return json.Marshal(l)
}

func checkName(name string) error {
	if name == "" || len(name) > 64 {
		return fmt.Errorf("rooms: a game's name has 1 to 64 characters, not %q", name)
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("rooms: a game's name has only a-z, 0-9, - and _, not %q", name)
		}
	}
	return nil
}

func orInt(v, otherwise int) int {
	if v == 0 {
		return otherwise
	}
	return v
}

func orDuration(v, otherwise time.Duration) time.Duration {
	if v == 0 {
		return otherwise
	}
	return v
}
