package rooms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"runtime/debug"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Reserve finds or makes the room that a player asks for, runs the game's Auth
// and Load hooks, and holds a seat until Seat.Enter. Errors are *schema.Error.
func (g *Registry) Reserve(ctx context.Context, req JoinRequest) (*Seat, error) {
	seat, err := g.reserve(ctx, req)
	if err != nil {
		g.stats.Refused.Add(1)
		return nil, wireError(err)
	}
	seat.request, seat.schemaHash = req.Request, req.SchemaHash
	return seat, nil
}

func (g *Registry) reserve(ctx context.Context, req JoinRequest) (*Seat, error) {
	switch req.Mode {
	case JoinReturn:
		return g.reserveReturn(req)
	case JoinTicket:
		return g.reserveTicket(req)
	case JoinOrCreate, JoinCreate, JoinByID:
	default:
		return nil, schema.Errorf(schema.CodeBadMessage, "there is no join mode %d", req.Mode)
	}
	def, err := g.kindOf(req)
	if err != nil {
		return nil, err
	}
	filter, err := parseFilter(req.Filter)
	if err != nil {
		return nil, err
	}
	loaded, err := g.runHooks(ctx, def, req)
	if err != nil {
		return nil, err
	}
	r, p, err := g.find(def, req, filter, loaded)
	if err != nil {
		return nil, err
	}
	return &Seat{run: r, place: p}, nil
}

// kindOf says which kind of room a request is for, and refuses early what
// cannot succeed, before hooks cost anything.
func (g *Registry) kindOf(req JoinRequest) (*definition, error) {
	if g.isDraining() {
		return nil, schema.Errorf(schema.CodeGoingAway, "the server is going away")
	}
	if req.Mode == JoinByID {
		r := g.room(req.Room)
		if r == nil {
			return nil, schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", req.Room)
		}
		return r.def, nil
	}
	def := g.kinds[req.Kind]
	if def == nil {
		return nil, schema.Errorf(schema.CodeNoSuchKind, "there is no room kind %q", req.Kind)
	}
	return def, nil
}

// runHooks runs Auth and Load, a bounded number of them at once.
func (g *Registry) runHooks(ctx context.Context, def *definition, req JoinRequest) ([]byte, error) {
	if len(req.RawOptions) > 0 && !json.Valid(req.RawOptions) {
		return nil, schema.Errorf(schema.CodeBadOptions, "the join options are not JSON")
	}
	ctx, cancel := context.WithTimeout(ctx, g.cfg.HookTimeout)
	defer cancel()
	select {
	case g.hooks <- struct{}{}:
	case <-ctx.Done():
		return nil, schema.Errorf(schema.CodeRefused, "the server is too busy to take you in; try again")
	}
	defer func() { <-g.hooks }()
	req.records = g.cfg.Records
	return g.callHooks(ctx, def, req)
}

// callHooks stops panics at the join that caused them.
func (g *Registry) callHooks(ctx context.Context, def *definition, req JoinRequest) (loaded []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			g.cfg.Logger.Error("an Auth or Load hook panicked", "kind", def.name, "user", req.User.ID, "panic", p, "stack", string(debug.Stack()))
			loaded, err = nil, schema.Errorf(schema.CodeInternal, "the join failed")
		}
	}()
	if def.auth != nil {
		if err := def.auth(ctx, req); err != nil {
			return nil, refusal(err)
		}
	}
	if loaded, err = def.load(ctx, req); err != nil {
		return nil, refusal(err)
	}
	return loaded, nil
}

// refusal keeps a hook's own wire error and makes any other one a REFUSED.
func refusal(err error) error {
	var own *schema.Error
	if errors.As(err, &own) {
		return own
	}
	return schema.Errorf(schema.CodeRefused, "%v", err)
}

// wireError makes every error one that the client may see.
func wireError(err error) error {
	var own *schema.Error
	if errors.As(err, &own) {
		return own
	}
	return schema.Errorf(schema.CodeInternal, "the join failed")
}

// find reserves a seat in the room that was asked for, or makes one.
func (g *Registry) find(def *definition, req JoinRequest, filter filter, loaded []byte) (*runner, *place, error) {
	if g.isDraining() { // hooks may have taken their time
		return nil, nil, schema.Errorf(schema.CodeGoingAway, "the server is going away")
	}
	r, p, err := g.findSeat(def, req, filter, loaded)
	if err == nil {
		r.wake() // it sleeps no longer than the reservation
	}
	return r, p, err
}

func (g *Registry) findSeat(def *definition, req JoinRequest, filter filter, loaded []byte) (*runner, *place, error) {
	now := time.Now()
	switch req.Mode {
	case JoinByID:
		r := g.room(req.Room)
		if r == nil {
			return nil, nil, schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", req.Room)
		}
		p, err := r.reserve(req.User, loaded, now)
		return r, p, err
	case JoinOrCreate:
		g.matching.Lock()
		defer g.matching.Unlock()
		for _, r := range g.ofKind(def.name) {
			if r.private || !r.matches(filter) {
				continue
			}
			if p, err := r.reserve(req.User, loaded, now); err == nil {
				return r, p, nil
			}
		}
	}
	if g.cfg.MayOpen != nil && !g.cfg.MayOpen(req.Remote) {
		return nil, nil, schema.Errorf(schema.CodeRateLimited, "you have opened too many rooms; wait a little")
	}
	r, err := g.create(CreateRequest{Kind: def.name, Options: req.RawOptions, Private: req.Private && req.Mode == JoinCreate})
	if err != nil {
		return nil, nil, err
	}
	p, err := r.reserve(req.User, loaded, now)
	return r, p, err
}

func (g *Registry) ofKind(kind string) []*runner {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]*runner(nil), g.byKind[kind]...)
}

// reserveReturn finds the place that a token holds. The token is bound to the
// user and to the room.
func (g *Registry) reserveReturn(req JoinRequest) (*Seat, error) {
	if r := g.room(req.Room); r != nil {
		if p := r.returning(req.User, req.Token); p != nil {
			return &Seat{run: r, place: p, back: true, token: req.Token}, nil
		}
	}
	return nil, schema.Errorf(schema.CodeBadToken, "this seat is no longer held for you; join again")
}

// Ticket is a reserved seat for a player who will connect in a moment.
type Ticket struct {
	Room    string
	Token   string
	Expires time.Time
}

type ticket struct {
	seat    *Seat
	user    string
	guest   bool
	expires time.Time
}

// Ticket reserves a seat as Reserve does, for a later join with JoinTicket.
func (g *Registry) Ticket(ctx context.Context, req JoinRequest) (Ticket, error) {
	seat, err := g.Reserve(ctx, req)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{Room: seat.run.id, Token: newToken(), Expires: time.Now().Add(reservationTime)}
	g.mu.Lock()
	defer g.mu.Unlock()
	for token, old := range g.tickets {
		if time.Now().After(old.expires) {
			delete(g.tickets, token)
		}
	}
	g.tickets[t.Token] = ticket{seat, req.User.ID, req.User.Guest, t.Expires}
	return t, nil
}

// reserveTicket hands out the seat behind a ticket, once. A guest's ticket is
// good for whoever holds it: guests have no name before they connect.
func (g *Registry) reserveTicket(req JoinRequest) (*Seat, error) {
	g.mu.Lock()
	t, ok := g.tickets[req.Token]
	if ok && (t.guest || t.user == req.User.ID) {
		delete(g.tickets, req.Token)
	} else {
		ok = false
	}
	g.mu.Unlock()
	if !ok || time.Now().After(t.expires) {
		return nil, schema.Errorf(schema.CodeBadToken, "the ticket is unknown or has run out; ask for another")
	}
	t.seat.run.mu.Lock()
	defer t.seat.run.mu.Unlock()
	t.seat.place.user = req.User
	return t.seat, nil
}

// filter is what a room's metadata must have: JSON values by key.
type filter map[string]json.RawMessage

func parseFilter(raw []byte) (filter, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var f filter
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, schema.Errorf(schema.CodeBadOptions, "the filter is not a JSON object")
	}
	return f, nil
}

// matches tells whether the room's metadata has every value of f.
func (r *runner) matches(f filter) bool {
	if len(f) == 0 {
		return true
	}
	r.mu.Lock()
	metadata := r.metadata
	r.mu.Unlock()
	var have map[string]json.RawMessage
	if len(metadata) == 0 || json.Unmarshal(metadata, &have) != nil {
		return false
	}
	for key, want := range f {
		if !sameJSON(have[key], want) {
			return false
		}
	}
	return true
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
