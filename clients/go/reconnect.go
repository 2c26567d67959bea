package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Reconnect says how a lost connection is dialled again: before attempt n the
// client waits for a random time between 0 and the smaller of Max and
// Base × 2ⁿ ("full jitter"), so that the clients of a restarted server do not
// come back all at once. During the first half minute it waits for 1 s at
// most, so that a server that is restarted has its players back within two
// seconds.
type Reconnect struct {
	Off    bool          // end the client when the connection is lost
	Base   time.Duration // default 250 ms
	Max    time.Duration // default 30 s
	GiveUp time.Duration // end the client after this long without a connection; 0: never
}

// wait is the pause before an attempt, counted from 0, that long after the
// connection was lost; random is in [0, 1).
func (r Reconnect) wait(attempt int, outage time.Duration, random float64) time.Duration {
	base, limit := r.Base, r.Max
	if base <= 0 {
		base = 250 * time.Millisecond
	}
	if limit <= 0 {
		limit = 30 * time.Second
	}
	if outage < shortOutage {
		limit = min(limit, shortWait)
	}
	span := limit
	if attempt < 20 && base<<attempt < limit {
		span = base << attempt
	}
	return time.Duration(random * float64(span))
}

const (
	dialTimeout  = 10 * time.Second
	minSilence   = 10 * time.Second // a server that says nothing for longer is gone
	keyframeWait = time.Second      // a keyframe that does not come within this is fetched by reconnecting
	pingEvery    = 2 * time.Second

	shortOutage = 30 * time.Second // a server that is restarted is back by then,
	shortWait   = time.Second

	lossyKeyframeWait = 4 * time.Second // where packets get lost, it may come late
)

// run reads one connection after the other until the client ends. It is the
// client's goroutine.
func (c *Client) run(t Transport) {
	defer close(c.done)
	for {
		err := c.read(t)
		c.send.use(nil)
		t.Close()
		away := c.leaveConnection()
		c.loseRecords()
		c.loseSeats()
		if c.ctx.Err() != nil {
			c.finish(ErrClosed, away)
			return
		}
		c.stats.disconnects.Add(1)
		c.log.Info("connection lost", "error", err)
		if c.opts.Reconnect.Off || c.final(err) {
			c.finish(err, away)
			return
		}
		c.tell(Reconnecting)
		if t, err = c.redial(); err != nil {
			c.finish(err, away)
			return
		}
		c.stats.reconnects.Add(1)
		c.tell(Connected)
		for _, room := range away {
			c.reseat(room)
		}
		for _, room := range c.allRecords() {
			room.open()
		}
		for _, seat := range c.allSeats() {
			seat.open()
		}
	}
}

// redial connects again, as often as it takes. The pauses begin anew with each
// welcome: a server that only accepts connections is not back yet.
func (c *Client) redial() (Transport, error) {
	began := time.Now()
	for attempt := 0; ; attempt++ {
		pause := time.NewTimer(c.opts.Reconnect.wait(attempt, time.Since(began), rand.Float64()))
		select {
		case <-c.ctx.Done():
			pause.Stop()
			return nil, ErrClosed
		case <-pause.C:
		}
		t, err := c.dialAgain()
		if err == nil {
			return t, nil
		}
		if c.ctx.Err() != nil {
			return nil, ErrClosed
		}
		c.log.Info("reconnecting failed", "attempt", attempt, "error", err)
		if limit := c.opts.Reconnect.GiveUp; c.final(err) || limit > 0 && time.Since(began) > limit {
			return nil, err
		}
	}
}

func (c *Client) dialAgain() (Transport, error) {
	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	defer cancel()
	if c.opts.Refresh != nil {
		token, err := c.opts.Refresh(ctx)
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		c.opts.Token = token
		c.mu.Unlock()
	}
	return c.connect(ctx)
}

// final reports whether an end of the connection is one that a new
// connection would meet again.
func (c *Client) final(err error) bool {
	var e *schema.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case schema.CodeUnauthenticated, schema.CodeTokenExpired:
		return c.opts.Refresh == nil
	}
	return e.Code.Final()
}

// leaveConnection takes the rooms off the lost connection. Joins that wait for
// an answer fail; rooms in the middle of being joined again stay away.
func (c *Client) leaveConnection() []*Room {
	c.mu.Lock()
	var away []*Room
	for _, room := range c.rooms {
		away = append(away, room)
	}
	clear(c.rooms)
	calls := c.calls
	c.calls = make(map[uint32]*joinCall)
	c.mu.Unlock()
	for _, call := range calls {
		if call.again {
			away = append(away, call.room)
		} else {
			call.fail(ErrDisconnected)
		}
	}
	kept := away[:0]
	for _, room := range away {
		room.handle.Store(0)
		switch {
		case room.leaving.Load():
			room.end(&schema.Error{Code: schema.CodeLeft})
		case !room.ready():
			room.end(&schema.Error{Code: schema.CodeLeft, Message: "the connection was lost before the first frame"})
		default:
			kept = append(kept, room)
		}
	}
	return kept
}

// reseat asks for the seat that the room's player had.
func (c *Client) reseat(room *Room) {
	if room.leaving.Load() {
		room.end(&schema.Error{Code: schema.CodeLeft})
		return
	}
	m := room.member.Load()
	c.rejoin(&joinCall{room: room, again: true, info: schema.JoinInfo{
		Mode: fb.JoinModeReconnect, Kind: m.kind, Room: m.id, Token: m.token, SchemaHash: c.schemas.hash(m.kind),
	}})
}

// rejoin sends a join that no goroutine waits for.
func (c *Client) rejoin(call *joinCall) {
	c.mu.Lock()
	c.requests++
	call.info.Request = c.requests
	c.calls[call.info.Request] = call
	c.mu.Unlock()
	if err := c.send.join(call.info); err != nil {
		c.log.Info("joining again failed", "error", err) // the read loop meets the same end
	}
}

// finish ends the client: its rooms are over, nothing is dialled any more.
func (c *Client) finish(err error, rooms []*Room) {
	c.cancel()
	c.mu.Lock()
	c.watchdog.Stop()
	c.mu.Unlock()
	for _, room := range rooms {
		room.end(endOf(err))
	}
	for _, room := range c.allRecords() {
		room.end(endOf(err))
	}
	for _, seat := range c.allSeats() {
		seat.end(endOf(err))
	}
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	c.tell(Closed)
}

// endOf is what rooms are told when the client ends with err.
func endOf(err error) *schema.Error {
	var e *schema.Error
	if errors.As(err, &e) {
		return e
	}
	return &schema.Error{Code: schema.CodeLeft, Message: err.Error()}
}

func (c *Client) tell(s State) {
	if c.opts.OnState != nil {
		c.opts.OnState(s)
	}
}
