package client

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// JoinOptions are the choices of a join.
type JoinOptions struct {
	// Options goes as JSON to the game's Load and Auth hooks; nil: none.
	Options any
	// Filter is metadata that a room must have to be joined (JoinOrCreate).
	Filter map[string]any
	// Private makes a room that is never listed and can be joined by ID only (Create).
	Private bool
	// Setup, if set, runs as a callback after the join and before the first
	// frame, so that callbacks registered in it miss nothing.
	Setup func(*Room)
}

// JoinOrCreate enters any open room of the kind that matches the filter, or a
// new one. Like all joins it returns when the first frame has been applied;
// when the server refuses, the error wraps a *schema.Error.
func (c *Client) JoinOrCreate(ctx context.Context, kind string, o JoinOptions) (*Room, error) {
	return c.join(ctx, o, schema.JoinInfo{Mode: fb.JoinModeJoinOrCreate, Kind: kind})
}

// Create opens a new room of the kind and enters it.
func (c *Client) Create(ctx context.Context, kind string, o JoinOptions) (*Room, error) {
	return c.join(ctx, o, schema.JoinInfo{Mode: fb.JoinModeCreate, Kind: kind, Private: o.Private})
}

// JoinByID enters the room with this ID.
func (c *Client) JoinByID(ctx context.Context, id string, o JoinOptions) (*Room, error) {
	return c.join(ctx, o, schema.JoinInfo{Mode: fb.JoinModeJoinByID, Room: id})
}

// JoinTicket takes the seat that matchmaking has reserved under a ticket.
func (c *Client) JoinTicket(ctx context.Context, ticket string, o JoinOptions) (*Room, error) {
	return c.join(ctx, o, schema.JoinInfo{Mode: fb.JoinModeTicket, Token: ticket})
}

// joinCall is a Join on its way. The client's goroutine owns it once it is in
// Client.calls.
type joinCall struct {
	room  *Room
	info  schema.JoinInfo
	again bool       // after a reconnection; nobody waits for it
	err   chan error // room for one: why the join failed
}

func (j *joinCall) fail(err error) { j.err <- err }

func (c *Client) join(ctx context.Context, o JoinOptions, info schema.JoinInfo) (*Room, error) {
	var err error
	if o.Options != nil {
		if info.Options, err = json.Marshal(o.Options); err != nil {
			return nil, fmt.Errorf("encode join options: %w", err)
		}
	}
	if len(o.Filter) > 0 {
		if info.Filter, err = json.Marshal(o.Filter); err != nil {
			return nil, fmt.Errorf("encode join filter: %w", err)
		}
	}
	info.SchemaHash = c.schemas.hash(info.Kind)
	call := &joinCall{room: newRoom(c, o, info), info: info, err: make(chan error, 1)}
	c.mu.Lock()
	c.requests++
	call.info.Request = c.requests
	c.calls[call.info.Request] = call
	c.mu.Unlock()
	if err := c.send.join(call.info); err != nil {
		c.mu.Lock()
		delete(c.calls, call.info.Request)
		c.mu.Unlock()
		return nil, fmt.Errorf("send join: %w", err)
	}
	select {
	case <-call.room.first:
		return call.room, nil
	case err := <-call.err:
		return nil, fmt.Errorf("join: %w", err)
	case <-call.room.gone:
		return nil, fmt.Errorf("join: %w", call.room.Err())
	case <-ctx.Done():
		c.abandon(call)
		return nil, fmt.Errorf("join: %w", ctx.Err())
	case <-c.done:
		return nil, fmt.Errorf("join: %w", c.Err())
	}
}

// abandon gives a join up; when its answer comes, the room is left at once.
func (c *Client) abandon(call *joinCall) {
	call.room.leaving.Store(true)
	if handle := call.room.handle.Load(); handle != 0 {
		_ = c.send.leave(uint16(handle), call.room.applied.Load())
	}
}

// joined puts the room of a Join at its handle.
func (c *Client) joined(head schema.Header, m *fb.Joined, now time.Time) error {
	c.mu.Lock()
	call := c.calls[m.Request()]
	delete(c.calls, m.Request())
	rtt := c.rtt
	c.mu.Unlock()
	if call == nil || head.Handle == 0 {
		return schema.Errorf(schema.CodeBadMessage, "Joined for request %d, which is not open", m.Request())
	}
	def, err := c.schemaOf(m)
	if err != nil {
		return err
	}
	member := &membership{
		id: string(m.Room()), kind: string(m.Kind()), token: string(m.Token()),
		player: state.ID(m.Player()), rate: tick.Rate(m.Hz()),
		grace: time.Duration(m.Grace()) * time.Millisecond,
		hash:  m.SchemaHash(), schema: def,
	}
	if err := member.rate.Validate(); err != nil {
		return schema.Errorf(schema.CodeBadMessage, "Joined: %v", err)
	}
	room := call.room
	c.mu.Lock()
	c.rooms[head.Handle] = room
	room.handle.Store(uint32(head.Handle))
	c.mu.Unlock()
	if room.leaving.Load() { // given up while the answer was on its way
		_ = c.send.leave(head.Handle, 0)
	}
	if call.again && m.Reconnected() {
		c.stats.reseats.Add(1)
	} else if call.again {
		c.stats.rejoins.Add(1)
	}
	room.enter(member, tick.Tick(m.Tick()), rtt, m.Reconnected(), now)
	return nil
}

// schemaOf is the descriptor that a Joined brings or names.
func (c *Client) schemaOf(m *fb.Joined) (*schema.Schema, error) {
	t := m.Schema(nil)
	if t == nil {
		if def := c.schemas.find(m.SchemaHash()); def != nil {
			return def, nil
		}
		return nil, schema.Errorf(schema.CodeBadMessage, "Joined names schema %016x, which this client has not got", m.SchemaHash())
	}
	def, err := schema.ReadSchema(t)
	if err != nil {
		return nil, fmt.Errorf("read the room's schema: %w", err)
	}
	return c.schemas.store(string(m.Kind()), m.SchemaHash(), &def), nil
}

// joinRefused ends a join, or tries the next way of joining again: a seat that
// is gone is replaced by one in any room of the kind.
func (c *Client) joinRefused(call *joinCall, e *schema.Error) {
	if !call.again {
		call.fail(e)
		return
	}
	if call.info.Mode == fb.JoinModeReconnect && seatGone(e.Code) && !call.room.leaving.Load() {
		first := call.room.join
		c.rejoin(&joinCall{room: call.room, again: true, info: schema.JoinInfo{
			Mode: fb.JoinModeJoinOrCreate, Kind: call.info.Kind,
			Options: first.Options, Filter: first.Filter, SchemaHash: call.info.SchemaHash,
		}})
		return
	}
	call.room.end(e)
}

// seatGone reports whether the answer to a Reconnect means that the seat no
// longer exists.
func seatGone(code schema.Code) bool {
	switch code {
	case schema.CodeBadToken, schema.CodeNoSuchRoom, schema.CodeRoomClosed, schema.CodeRoomFaulted:
		return true
	}
	return false
}
