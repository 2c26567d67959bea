package rooms

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Info is what others may know of a room.
type Info struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind"`
	Players    int             `json:"players"` // reserved and held seats included
	MaxPlayers int             `json:"max_players"`
	Locked     bool            `json:"locked"`
	Private    bool            `json:"private"`
	Metadata   json.RawMessage `json:"metadata,omitempty"`
	Hz         int             `json:"hz"`
	Tick       uint32          `json:"tick"`
	Dilation   float64         `json:"dilation"` // 1: real time; 0.8: the room runs at 80 %
	CreatedAt  time.Time       `json:"created_at"`
}

func (r *runner) info() Info {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Info{
		ID: r.id, Kind: r.def.name, Players: r.count, MaxPlayers: r.def.max, Locked: r.locked, Private: r.private,
		Metadata: r.metadata, Hz: int(r.def.hz), Tick: r.now.Load(), Dilation: r.task.Dilation(), CreatedAt: r.created,
	}
}

// List gives the public rooms of a kind ("" for all) whose metadata has every
// value of filter, oldest first within a kind.
func (g *Registry) List(kind string, filter map[string]json.RawMessage) []Info {
	list := []Info{}
	for _, r := range g.all() {
		if !r.private && (kind == "" || r.def.name == kind) && r.matches(filter) {
			list = append(list, r.info())
		}
	}
	return list
}

// ListAll gives every room, private ones too: for operators.
func (g *Registry) ListAll() []Info {
	list := []Info{}
	for _, r := range g.all() {
		list = append(list, r.info())
	}
	return list
}

func (g *Registry) all() []*runner {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*runner
	for _, k := range g.cfg.Kinds {
		all = append(all, g.byKind[k.Name()]...)
	}
	return all
}

// Info describes one room; private ones too, for those who know the ID.
func (g *Registry) Info(room string) (Info, bool) {
	r := g.room(room)
	if r == nil {
		return Info{}, false
	}
	return r.info(), true
}

// Kick removes a user's players from a room; text reaches them.
func (g *Registry) Kick(room, user, text string) error {
	r := g.room(room)
	if r == nil {
		return schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", room)
	}
	if !r.kick(user, text) {
		return schema.Errorf(schema.CodeNotInRoom, "user %q is not in room %s", user, room)
	}
	return nil
}

func (r *runner) kick(user, text string) (found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.seats {
		if p != nil && p.user.ID == user && p.phase != placeReserved {
			r.inbox.push(item{kind: itemKick, from: &Seat{run: r, place: p}, order: &order{text: text}})
			r.wake()
			found = true
		}
	}
	return found
}

// Message sends a room message from the operator to all players of a room.
func (g *Registry) Message(room, name string, data []byte) error {
	r := g.room(room)
	if r == nil {
		return schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", room)
	}
	if !json.Valid(data) {
		return schema.Errorf(schema.CodeBadOptions, "the message is not JSON")
	}
	data = append([]byte(nil), data...)
	return r.call(func() { r.out.add(Send{Kind: schema.KindMessage, Name: name, Data: data}) })
}

// Dump writes a room's whole state as text.
func (g *Registry) Dump(ctx context.Context, room string, w io.Writer) error {
	r := g.room(room)
	if r == nil {
		return schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", room)
	}
	done := make(chan error, 1)
	var snapshot []byte
	err := r.call(func() {
		if r.room.open { // its last tick, which never ends
			done <- r.hasClosed()
			return
		}
		var err error
		snapshot, err = r.room.snapshot()
		done <- err
	})
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return r.def.describe(snapshot, w)
}

// describe opens a snapshot apart from its room, so that no tick waits for it.
func (d *definition) describe(snapshot []byte, w io.Writer) error {
	room, err := d.open(0)
	if err != nil {
		return err
	}
	if err := room.loadSnapshot(snapshot); err != nil {
		return err
	}
	return room.Describe(w)
}

// call has fn run on the room's loop, between two ticks or when the room ends.
func (r *runner) call(fn func()) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return r.hasClosed()
	}
	r.inbox.push(item{kind: itemCall, order: &order{run: fn}})
	r.wake()
	return nil
}

func (r *runner) hasClosed() error {
	return schema.Errorf(schema.CodeNoSuchRoom, "room %s has closed", r.id)
}

// close ends the room soon.
func (r *runner) close(code schema.Code, text string) {
	r.inbox.push(item{kind: itemClose, order: &order{code: code, text: text}})
	r.wake()
}
