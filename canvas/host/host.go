package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/internal/pool"
	"github.com/parlor-server/parlor/internal/roomname"
	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// Config configures a Host. Store is required; zero values of the others stand
// for the defaults named here.
type Config struct {
	Store  *store.Store  // open, and closed by its owner after the host
	Kinds  []canvas.Kind // of rooms that can be opened
	Logger *slog.Logger  // nil: none

	Workers      int           // goroutines that run rooms: GOMAXPROCS
	Openers      int           // rooms that are loaded at once: 2
	Asking       int           // Role hooks of Renew that run at once: 64
	RoleTimeout  time.Duration // after which a Role hook's context ends: 30 s
	IdleAfter    time.Duration // a room without anybody stays in memory: 60 s
	InboxBytes   int           // messages that wait for one room; beyond them they are refused: 16 MiB
	BacklogBytes int           // messages that wait for one client, besides the document itself; beyond them it is ended: 8 MiB

	// MayOpen says whether a client at that address may make one more room. Nil:
	// it may. A room that exists opens without being asked about.
	MayOpen func(remote string) bool
	// OnCommit is told how long after the commit began what it wrote was
	// durable. It is called on the rooms' workers; nil: nobody is.
	OnCommit func(took time.Duration)
}

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, errors.New("failed to configure canvas rooms: Store is missing")
	}
	seen := make(map[string]bool)
	for _, kind := range c.Kinds {
		if err := kind.Err(); err != nil {
			return c, err
		}
		if seen[kind.Name()] {
			return c, fmt.Errorf("two kinds of canvas rooms are named %q: give each its own name", kind.Name())
		}
		seen[kind.Name()] = true
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.Workers, runtime.GOMAXPROCS(0))
	setDefault(&c.Openers, 2)
	setDefault(&c.Asking, 64)
	setDefault(&c.RoleTimeout, 30*time.Second)
	setDefault(&c.IdleAfter, time.Minute)
	setDefault(&c.InboxBytes, 16<<20)
	setDefault(&c.BacklogBytes, 8<<20)
	return c, nil
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}

// Host runs the rooms. Its methods may be called by any goroutine.
type Host struct {
	cfg     Config
	kinds   map[string]canvas.Kind
	queue   *turns.Queue[*room]
	openers chan struct{} // a place for each room that is being loaded
	asking  *pool.Pool
	stats   Stats
	ctx     context.Context // of hooks; ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup // workers, openers, watch

	mu      sync.Mutex // guards all below
	closing bool
	rooms   map[string]*room
	refused map[string]error // rooms that this program cannot open, whoever asks again
	clients map[string]identity
	parked  []*room       // wait for the store
	empty   chan struct{} // closed when closing and there are no rooms; nil: nobody waits
}

// identity is what a room's own edits were by when it was closed, and how far
// they had come. As nothing of them is lost, the room goes on with it.
type identity struct{ client, clock uint64 }

// maxIdentities is how many are remembered. A room that is not among them draws
// a new ID, which makes its document a little larger.
const maxIdentities = 10_000

// New starts the workers; Close ends them.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg: cfg, kinds: make(map[string]canvas.Kind), queue: turns.New[*room](), openers: make(chan struct{}, cfg.Openers),
		asking: pool.New(cfg.Asking), rooms: make(map[string]*room), refused: make(map[string]error), clients: make(map[string]identity),
	}
	for _, kind := range cfg.Kinds {
		h.kinds[kind.Name()] = kind
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	for range cfg.Workers {
		h.running.Go(func() { newWorker(h).run() })
	}
	h.running.Go(h.watch)
	return h, nil
}

// Kinds lists what can be opened.
func (h *Host) Kinds() []canvas.Kind { return h.cfg.Kinds }

// Err is nil as long as rooms can be served; later it says why not.
func (h *Host) Err() error { return h.cfg.Store.Err() }

// kindOf finds the kind of a room by its name, "kind/name".
func (h *Host) kindOf(room string) (canvas.Kind, error) {
	kind, _, ok := roomname.Split(room)
	if !ok {
		return canvas.Kind{}, schema.Errorf(schema.CodeNoSuchRoom, "%q names no room: %s", room, roomname.Rule)
	}
	k, ok := h.kinds[kind]
	if !ok {
		return canvas.Kind{}, schema.Errorf(schema.CodeNoSuchKind, "this server has no canvas rooms of the kind %q", kind)
	}
	return k, nil
}

// watch closes all rooms when the store fails: what they hold may not be on disk.
func (h *Host) watch() {
	select {
	case <-h.ctx.Done():
		return
	case <-h.cfg.Store.Failed():
	}
	h.cfg.Logger.Error("the disk has failed: all canvas rooms are closed until the server is restarted", "error", h.Err())
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		r.wake()
	}
}

// park puts a room aside while the store has more to write than it can.
func (h *Host) park(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.parked { // and woken for something else
		return
	}
	r.parked = true
	h.parked = append(h.parked, r)
	if len(h.parked) > 1 {
		return
	}
	drained := h.cfg.Store.Drained()
	h.running.Go(func() {
		select {
		case <-drained:
		case <-h.cfg.Store.Failed():
		case <-h.ctx.Done():
		}
		h.mu.Lock()
		parked := h.parked
		h.parked = nil
		for _, r := range parked {
			r.parked = false
		}
		h.mu.Unlock()
		for _, r := range parked {
			r.wake()
		}
	})
}

// Close refuses what is new, lets the rooms finish what they have, and ends the
// workers. Connections should have ended before, and the store is closed after.
// When ctx ends first, rooms are dropped as they are: what was confirmed is on
// disk anyway.
func (h *Host) Close(ctx context.Context) error {
	var late error
	if empty := h.beginClose(); empty != nil {
		select {
		case <-empty:
		case <-ctx.Done():
			late = errors.New("failed to let all canvas rooms finish in time; what was confirmed is safe")
		}
	}
	h.asking.Close()
	h.cancel()
	asked := make(chan struct{})
	go func() {
		h.asking.Wait()
		close(asked)
	}()
	select {
	case <-asked:
	case <-ctx.Done():
		h.cfg.Logger.Warn("Role hooks of canvas rooms still run although their context has ended")
	}
	h.queue.Close()
	h.running.Wait()
	h.stopTimers()
	return late
}

// beginClose returns a channel that is closed when no room is left, nil if
// there is none now.
func (h *Host) beginClose() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closing = true
	if len(h.rooms) == 0 {
		return nil
	}
	h.empty = make(chan struct{})
	for _, r := range h.rooms {
		r.wake()
	}
	return h.empty
}

// stopTimers ends those of rooms that were left when time was up. No worker runs.
func (h *Host) stopTimers() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.rooms {
		if r.timer != nil {
			r.timer.Stop()
		}
	}
}

func (h *Host) isClosing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closing
}

// enter finds the room or begins to open it, and holds it: release lets go.
func (h *Host) enter(name, remote string) (*room, error) {
	kind, err := h.kindOf(name)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return nil, schema.Errorf(schema.CodeGoingAway, goingAway)
	}
	if err := h.refused[name]; err != nil {
		return nil, err
	}
	r := h.rooms[name]
	if r == nil {
		r = newRoom(h, kind, name)
		r.remote, r.identity = remote, h.clients[name]
		h.rooms[name] = r
		h.running.Go(r.open)
	}
	r.held++
	return r, nil
}

// release lets go of a room, which may close then.
func (h *Host) release(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.held--; r.held == 0 && h.closing {
		r.wake()
	}
}

// forget takes a room out of the list. What its own edits were by is forgotten
// too, unless it was closed whole: then it is remembered.
func (h *Host) forget(r *room, whole bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetLocked(r, whole)
}

func (h *Host) forgetLocked(r *room, whole bool) {
	if h.rooms[r.name] != r {
		return
	}
	delete(h.rooms, r.name)
	delete(h.clients, r.name)
	if whole {
		h.remember(r)
	}
	if h.empty != nil && len(h.rooms) == 0 {
		close(h.empty)
		h.empty = nil
	}
}

// remember keeps a room's identity, in the place of any other if there are many.
func (h *Host) remember(r *room) {
	client, clock := r.machine.Client()
	if clock == 0 {
		return
	}
	for name := range h.clients {
		if len(h.clients) < maxIdentities {
			break
		}
		delete(h.clients, name)
	}
	h.clients[r.name] = identity{client, clock}
}
