package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/parlor-server/parlor/internal/pool"
	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// Host runs the record rooms of one data folder. Its methods may be called by
// any goroutine.
type Host struct {
	cfg       Config
	kinds     map[string]records.Kind
	store     *store.Store
	queue     *turns.Queue[*room]
	openers   chan struct{} // a place for each room that is being loaded
	preparing *pool.Pool
	following *pool.Pool
	stats     Stats
	ctx       context.Context // of hooks; ends with Close
	cancel    context.CancelFunc
	running   sync.WaitGroup // workers, openers, watch

	mu      sync.Mutex // guards all below
	closing bool
	rooms   map[string]*room
	refused map[string]error     // rooms that this program cannot open, whoever asks again
	due     map[string]time.Time // when rooms that are closed have to run
	alarm   *time.Timer          // for the first of due; nil: none yet
	parked  []*room              // wait for the store
	empty   chan struct{}        // closed when closing and there are no rooms; nil: nobody waits
}

// New opens the data folder, which no other process may have open, unless it is
// given an open one, and starts the workers; Close ends them.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := cfg.Shared
	if s == nil {
		if s, err = store.Open(cfg.Dir, cfg.Store); err != nil {
			return nil, fmt.Errorf("failed to open the records in %s: %w", cfg.Dir, err)
		}
	}
	h := &Host{
		cfg: cfg, store: s, kinds: make(map[string]records.Kind), queue: turns.New[*room](),
		openers: make(chan struct{}, cfg.Openers), preparing: pool.New(cfg.Preparing), following: pool.New(cfg.Following),
		rooms: make(map[string]*room), refused: make(map[string]error), due: make(map[string]time.Time),
	}
	for _, kind := range cfg.Kinds {
		h.kinds[kind.Name()] = kind
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	for range cfg.Workers {
		h.running.Go(func() { newWorker(h).run() })
	}
	h.running.Go(h.watch)
	h.readDue()
	return h, nil
}

// Kinds lists what can be opened.
func (h *Host) Kinds() []records.Kind { return h.cfg.Kinds }

// Err is nil as long as rooms can be served; later it says why not.
func (h *Host) Err() error { return h.store.Err() }

// Backup writes all rooms as of one moment to w, while they go on.
func (h *Host) Backup(w io.Writer) error { return h.store.Backup(w) }

// watch closes all rooms when the store fails: what they hold may not be on disk.
func (h *Host) watch() {
	select {
	case <-h.ctx.Done():
		return
	case <-h.store.Failed():
	}
	h.cfg.Logger.Error("the disk has failed: all record rooms are closed until the server is restarted", "error", h.store.Err())
	h.wakeAll()
}

func (h *Host) wakeAll() {
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
	h.parked = append(h.parked, r)
	if len(h.parked) > 1 {
		return
	}
	drained := h.store.Drained()
	h.running.Go(func() {
		select {
		case <-drained:
		case <-h.store.Failed():
		}
		h.mu.Lock()
		parked := h.parked
		h.parked = nil
		h.mu.Unlock()
		for _, r := range parked {
			r.wake()
		}
	})
}

// Close refuses what is new, lets the rooms finish what they have, and writes a
// last checkpoint. Connections should have ended before. When ctx ends first,
// rooms are closed as they are: what was confirmed is on disk anyway.
func (h *Host) Close(ctx context.Context) error {
	empty := h.beginClose()
	var late error
	if empty != nil {
		select {
		case <-empty:
		case <-ctx.Done():
			late = errors.New("failed to let all record rooms finish in time; what was confirmed is safe")
		}
	}
	h.preparing.Close()
	h.following.Close()
	h.cancel()
	hooks := make(chan struct{})
	go func() {
		h.preparing.Wait()
		h.following.Wait()
		close(hooks)
	}()
	select {
	case <-hooks:
	case <-ctx.Done():
		h.cfg.Logger.Warn("hooks of record rooms still run although their context has ended")
	}
	h.queue.Close()
	var err error
	if h.cfg.Shared == nil {
		err = h.store.Close() // also frees those who wait for the store
	}
	h.running.Wait()
	if errors.Is(err, store.ErrClosed) {
		err = nil
	}
	return errors.Join(late, err)
}

// beginClose returns a channel that is closed when no room is left, nil if
// there is none now.
func (h *Host) beginClose() chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closing = true
	if h.alarm != nil {
		h.alarm.Stop()
	}
	if len(h.rooms) == 0 {
		return nil
	}
	h.empty = make(chan struct{})
	for _, r := range h.rooms {
		r.wake()
	}
	return h.empty
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
		r.remote = remote
		h.rooms[name] = r
		h.running.Go(r.open)
	}
	r.held++
	return r, nil
}

// release lets go of a room, which may close then.
func (h *Host) release(r *room) {
	h.mu.Lock()
	r.held--
	h.mu.Unlock()
}

// forget takes a room out of the list.
func (h *Host) forget(r *room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.forgetLocked(r)
}

func (h *Host) forgetLocked(r *room) {
	if h.rooms[r.name] != r {
		return
	}
	delete(h.rooms, r.name)
	if h.empty != nil && len(h.rooms) == 0 {
		close(h.empty)
		h.empty = nil
	}
}

// wait returns when the room is open, or says why it cannot be.
func (r *room) wait(ctx context.Context) error {
	select {
	case <-r.ready:
		return r.unready // written before ready was closed
	case <-ctx.Done():
		return fmt.Errorf("failed to wait for room %s to open: %w", r.name, ctx.Err())
	}
}
