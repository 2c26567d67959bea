package rooms

import (
	"context"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Config says how a Registry runs its rooms.
type Config struct {
	Kinds     []Kind           // the games, each name once
	Scheduler *tick.Scheduler  // steps the rooms; the caller closes it after the Registry
	Recorder  *record.Recorder // nil: rooms are not recorded
	Records   RecordRooms      // where rules write with state.Records; nil: nowhere
	Logger    *slog.Logger     // nil: discarded

	HookLimit   int           // Auth and Load hooks that run at once; default 64
	HookTimeout time.Duration // default 10 s
	MaxRooms    int           // default 10,000

	// MayOpen, if set, is asked before a join opens a room; false refuses it.
	// remote is JoinRequest.Remote.
	MayOpen func(remote string) bool

	// OnTick, if set, is told of every tick: how long it took and how late it
	// began. It is called on the loops' goroutines and must be quick.
	OnTick func(took, late time.Duration)
}

// Registry holds all rooms of a server and finds seats in them. Its methods
// are safe for concurrent use.
type Registry struct {
	cfg   Config
	kinds map[string]*definition
	hooks chan struct{} // one for each running Auth or Load hook
	stats Stats
	gone  bell // rung when a room has gone, or its last seat

	mu       sync.Mutex
	rooms    map[string]*runner   // guarded by mu
	byKind   map[string][]*runner // guarded by mu; oldest first
	tickets  map[string]ticket    // guarded by mu
	draining bool                 // guarded by mu

	matching sync.Mutex // held while a JoinOrCreate looks, so that a crowd shares rooms
}

// NewRegistry checks the kinds and makes an empty registry.
func NewRegistry(cfg Config) (*Registry, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.HookLimit = orInt(cfg.HookLimit, 64)
	cfg.HookTimeout = orDuration(cfg.HookTimeout, 10*time.Second)
	cfg.MaxRooms = orInt(cfg.MaxRooms, 10_000)
	g := &Registry{
		cfg: cfg, kinds: make(map[string]*definition), hooks: make(chan struct{}, cfg.HookLimit),
		rooms: make(map[string]*runner), byKind: make(map[string][]*runner), tickets: make(map[string]ticket),
	}
	for _, k := range cfg.Kinds {
		if err := k.Err(); err != nil {
			return nil, err
		}
		if g.kinds[k.Name()] != nil {
			return nil, fmt.Errorf("rooms: two kinds are named %q", k.Name())
		}
		g.kinds[k.Name()] = k.def
	}
	return g, nil
}

// Stats counts what the rooms do.
func (g *Registry) Stats() *Stats { return &g.stats }

// CreateRequest asks for a new room without joining it.
type CreateRequest struct {
	Kind    string
	Options []byte // JSON for the Create hook
	Private bool   // listed nowhere; its ID is a 128-bit secret
}

// Create opens a room. It is disposed of when nobody comes, as any empty room.
func (g *Registry) Create(_ context.Context, req CreateRequest) (Info, error) {
	r, err := g.create(req)
	if err != nil {
		return Info{}, err
	}
	return r.info(), nil
}

func (g *Registry) create(req CreateRequest) (*runner, error) {
	def := g.kinds[req.Kind]
	if def == nil {
		return nil, schema.Errorf(schema.CodeNoSuchKind, "there is no room kind %q", req.Kind)
	}
	if len(req.Options) > 0 && !json.Valid(req.Options) {
		return nil, schema.Errorf(schema.CodeBadOptions, "the room's options are not JSON")
	}
	if err := g.mayCreate(); err != nil {
		return nil, err
	}
	r, err := newRunner(g, def, crand.Text(), req.Private, newSeed(), req.Options)
	if err != nil {
		return nil, err
	}
	if err := g.add(r); err != nil {
		r.rec.Close("the room was not opened", false)
		return nil, err
	}
	return r, nil
}

// add makes a room known and begins to step it. The loop may end it at once;
// it waits for mu then, so that no room is removed before it is here.
func (g *Registry) add(r *runner) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.full(); err != nil { // Create may have taken its time
		return err
	}
	g.rooms[r.id] = r
	g.byKind[r.def.name] = append(g.byKind[r.def.name], r)
	g.stats.Rooms.Add(1)
	g.stats.Created.Add(1)
	r.task = g.cfg.Scheduler.Add(r.def.hz, r)
	return nil
}

func (g *Registry) mayCreate() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.full()
}

// full says why no room can be opened. mu is held.
func (g *Registry) full() error {
	if g.draining {
		return schema.Errorf(schema.CodeGoingAway, "the server is going away and opens no rooms")
	}
	if len(g.rooms) >= g.cfg.MaxRooms {
		return schema.Errorf(schema.CodeTooManyRooms, "the server has %d rooms and opens no more", len(g.rooms))
	}
	return nil
}

func newSeed() uint64 {
	var b [8]byte
	crand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// room finds a room by ID, or gives nil.
func (g *Registry) room(id string) *runner {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rooms[id]
}

// remove forgets a room that has ended. Its loop calls it.
func (g *Registry) remove(r *runner) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.rooms, r.id)
	list := g.byKind[r.def.name]
	for i := range list {
		if list[i] == r {
			g.byKind[r.def.name] = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	g.stats.Rooms.Add(-1)
	g.gone.ring()
}

func (g *Registry) isDraining() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.draining
}

// Drain takes in nobody new and waits until every room is without players, or
// ctx ends. Players who lost their connection may come back meanwhile.
func (g *Registry) Drain(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	g.mu.Unlock()
	for {
		gone := g.gone.wait()
		if g.stats.Players.Load() <= 0 {
			return nil
		}
		select {
		case <-gone:
		case <-ctx.Done():
			return fmt.Errorf("failed to drain: %d players are still in rooms: %w", g.stats.Players.Load(), ctx.Err())
		}
	}
}

// Close closes all rooms and waits for them to end, so that their recordings
// are whole; at most until ctx ends.
func (g *Registry) Close(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	all := make([]*runner, 0, len(g.rooms))
	for _, r := range g.rooms {
		all = append(all, r)
	}
	g.mu.Unlock()
	for _, r := range all {
		r.close(schema.CodeGoingAway, "the server is going away")
	}
	for {
		gone := g.gone.wait()
		if g.count() == 0 {
			return nil
		}
		select {
		case <-gone:
		case <-ctx.Done():
			return errors.Join(errors.New("failed to close every room"), ctx.Err())
		}
	}
}

func (g *Registry) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.rooms)
}
