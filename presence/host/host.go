package host

import (
	"context"
	"sync"

	"github.com/parlor-server/parlor/internal/roomname"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Host runs presence rooms. Its methods may be called by any goroutine.
type Host struct {
	cfg   Config
	kinds map[string]presence.Kind
	stats Stats
	index index
	live  sync.WaitGroup // rooms

	mu      sync.Mutex // guards all below, and room.held
	closing bool
	rooms   map[string]*room
}

// New makes a host without rooms.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Host{cfg: cfg, kinds: make(map[string]presence.Kind), rooms: make(map[string]*room)}
	for _, kind := range cfg.Kinds {
		h.kinds[kind.Name()] = kind
	}
	return h, nil
}

// Kinds lists what can be opened.
func (h *Host) Kinds() []presence.Kind { return h.cfg.Kinds }

// Stats returns the counters.
func (h *Host) Stats() *Stats { return &h.stats }

const goingAway = "the server is shutting down"

// Open makes the room if there is none, and holds a seat in it. It does not
// wait. The error is a *schema.Error.
func (h *Host) Open(_ context.Context, req OpenRequest) (*Seat, error) {
	kind, err := h.kindOf(req.Room)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return nil, schema.Errorf(schema.CodeGoingAway, goingAway)
	}
	r := h.rooms[req.Room]
	if r == nil {
		if len(h.rooms) >= h.cfg.MaxRooms {
			return nil, schema.Errorf(schema.CodeTooManyRooms, "this server has its %d presence rooms; try again later", h.cfg.MaxRooms)
		}
		if req.Remote != "" && h.cfg.MayOpen != nil && !h.cfg.MayOpen(req.Remote) {
			return nil, schema.Errorf(schema.CodeRateLimited, "too many new rooms from your address; wait a second")
		}
		r = newRoom(h, kind, req.Room)
		h.rooms[req.Room] = r
		h.live.Add(1)
		h.stats.Rooms.Add(1)
		h.stats.RoomsOpened.Add(1)
		r.task = h.cfg.Scheduler.Add(tick.Rate(kind.Hz()), r)
	}
	r.held++
	return &Seat{room: r, request: req}, nil
}

// kindOf finds the kind of a room by its name, "kind/name".
func (h *Host) kindOf(room string) (presence.Kind, error) {
	kind, _, ok := roomname.Split(room)
	if !ok {
		return presence.Kind{}, schema.Errorf(schema.CodeNoSuchRoom, "%q names no presence room: %s", room, roomname.Rule)
	}
	k, ok := h.kinds[kind]
	if !ok {
		return presence.Kind{}, schema.Errorf(schema.CodeNoSuchKind, "this server has no presence rooms of the kind %q", kind)
	}
	return k, nil
}

// find returns the room, or nil if it is not there.
func (h *Host) find(name string) *room {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rooms[name]
}

// release lets go of a room, which may end then.
func (h *Host) release(r *room) {
	h.mu.Lock()
	r.held--
	h.mu.Unlock()
}

// forget takes a room that ends out of the list. It reports whether it was
// there: then live counts it until it has ended.
func (h *Host) forget(r *room) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rooms[r.name] != r {
		return false
	}
	delete(h.rooms, r.name)
	h.stats.Rooms.Add(-1)
	return true
}

// retire takes a room that nobody is in out of the list, unless somebody is on
// the way into it.
func (h *Host) retire(r *room) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.held > 0 || !r.inbox.closeEmpty() {
		return false
	}
	delete(h.rooms, r.name)
	h.stats.Rooms.Add(-1)
	h.live.Done()
	return true
}

// Close tells all members that the server goes away, and ends the rooms. The
// scheduler must still run.
func (h *Host) Close() {
	h.mu.Lock()
	h.closing = true
	for _, r := range h.rooms {
		r.closing.Store(true)
		r.task.Wake()
	}
	h.mu.Unlock()
	h.live.Wait()
}
