package udp

import (
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

const (
	// drainTime is how long the reliable lane's last bytes may take to arrive
	// before the client is told of the close.
	drainTime = 200 * time.Millisecond
	// closePackets is how often it is told.
	closePackets = 3
)

// phase is how far a session is with its end. It only goes up.
type phase uint8

const (
	open     phase = iota
	draining       // closed; the lane's last bytes are on their way
	saying         // Close packets are being sent, one a sweep
	over           // nothing more is sent
)

// closing is the part of a conn that is about its end, guarded by conn.mu.
type closing struct {
	code  schema.Code // why
	text  string      // the same for humans
	until time.Duration
	told  int // Close packets sent
}

// Close implements netcode.Transport: the reliable lane gets a short while to
// deliver what was queued before, then the client is told three times, for
// packets may be lost, then the session ends. The next sweeps do it.
func (c *conn) Close(code schema.Code, message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return
	}
	c.sendPlain()
	c.pump()
	c.phase, c.code, c.text = draining, code, message
	c.until = c.shard.server.now() + drainTime
	c.list()
}

// fail closes the session for a reason of the transport's own, without waiting
// for the lane; c.mu is held. The session learns of it when it ends, a few
// sweeps later: Session.Close may not be called under c.mu.
func (c *conn) fail(code schema.Code, message string) {
	if c.phase != open {
		return
	}
	c.phase, c.code, c.text = saying, code, message
	c.list()
}

// closeCode is what the session was closed with.
func (c *conn) closeCode() schema.Code {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// work does what a sweep has to do for a session on the agenda: updates of
// KCP, bytes that waited for the budget, the steps of a close. It reports that
// the session has said its last. Only the sweep calls it.
func (c *conn) work(now time.Duration) (finished bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listed = false
	if c.phase == open || c.phase == draining {
		c.workLane()
	}
	if c.phase == draining && (now >= c.until || c.lane == nil || !c.lane.Busy()) {
		c.phase = saying
	}
	if c.phase != saying {
		return false
	}
	if c.told == closePackets {
		c.phase = over
		return true
	}
	c.told++
	c.control(wire.Control{Type: wire.ControlClose, Code: uint16(c.code), Text: c.text}, c.addr)
	c.list()
	return false
}

// workLane lets the lane send again what was not acknowledged in time. What a
// client that acknowledges little has used up of its bytes it has to wait for.
func (c *conn) workLane() {
	if c.lane == nil {
		return
	}
	c.pump() // first: KCP sends at most once in 10 ms
	if c.left() > 0 {
		c.lane.Update()
	}
	if c.lane.Dead() {
		c.fail(schema.CodeSlowClient, "the client acknowledges nothing")
	}
}

// end takes the session out of its shard and has Session.Ended called. What
// the client was not told by now it will not be. shard.mu is held.
func (c *conn) end(code schema.Code) {
	if c.over {
		return
	}
	c.over, c.endCode, c.path = true, code, nil
	sh := c.shard
	sh.strike(c)
	c.mu.Lock()
	c.phase = over
	if c.plain != nil {
		sh.out.release(c.plain)
	}
	c.plain, c.lane = nil, nil
	c.mu.Unlock()
	sh.server.stats.Sessions.Add(-1)
	switch {
	case c.session == nil:
		sh.server.stats.Embryonic.Add(-1)
		sh.server.live.Done()
	case c.waiting == nil:
		c.settle()
	}
	// Otherwise a call of Receive is under way, and settles when it returns.
}

// farewells remembers sessions that their clients have closed: for a few
// seconds more copies of the Close may come, of which nobody wants to hear.
// It is guarded by shard.mu.
type farewells struct {
	since         time.Duration // of recent
	recent, older map[uint32]struct{}
}

const (
	// farewellTime is how long, at least, a closed session's packets are ignored.
	farewellTime = 3 * time.Second
	// maxFarewells bounds what is remembered in that time.
	maxFarewells = 4096
)

func (f *farewells) add(id uint32, now time.Duration) {
	f.turn(now)
	if f.recent == nil {
		f.recent = make(map[uint32]struct{})
	}
	if len(f.recent) < maxFarewells {
		f.recent[id] = struct{}{}
	}
}

func (f *farewells) has(id uint32, now time.Duration) bool {
	f.turn(now)
	_, recent := f.recent[id]
	_, older := f.older[id]
	return recent || older
}

// turn forgets what is too old.
func (f *farewells) turn(now time.Duration) {
	switch age := now - f.since; {
	case age >= 2*farewellTime:
		f.recent, f.older, f.since = nil, nil, now
	case age >= farewellTime:
		f.recent, f.older, f.since = nil, f.recent, now
	}
}

// settle has Session.Ended called. Where joins are under way it waits for the
// game, however long that takes: not on a goroutine that others need, as each
// of these joins has one of its own already.
func (c *conn) settle() {
	s := c.shard.server
	session, code := c.session, c.endCode
	end := func() {
		session.Ended(code)
		s.live.Done()
	}
	if session.Joining() {
		s.stuck.Go(end)
		return
	}
	s.enders.do(end)
}
