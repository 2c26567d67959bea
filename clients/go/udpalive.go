package client

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// wake is the timer's function.
func (t *udpTransport) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return
	}
	if next := t.alarm(time.Now()); t.failed == nil {
		t.timer.Reset(next)
	}
}

// due does what a session has to do at now, and returns when to come again; mu
// is held.
func (t *udpTransport) due(now time.Time) time.Duration {
	if t.lane.Dead() {
		t.failLocked(errSilent)
		return 0
	}
	if t.lane.Busy() {
		t.lane.Update()
		t.lane.Pump(laneBudget)
	}
	next := t.stayAlive(now)
	if t.busy = t.lane.Busy(); t.busy {
		return min(next, lanePace)
	}
	return next
}

// hurry sets the timer for a lane that has become busy; mu is held.
func (t *udpTransport) hurry() {
	if !t.busy && t.failed == nil && t.lane.Busy() {
		t.busy = true
		t.timer.Reset(lanePace)
	}
}

// doubt is told of a hint that the server does not know the session: only
// authentic packets prove that it does; mu is held.
func (t *udpTransport) doubt() {
	if t.lane == nil || !t.doubted.IsZero() || t.failed != nil {
		return
	}
	t.doubted = time.Now()
	t.timer.Reset(0)
}

// stayAlive judges the connection by the last authentic packet: it asks for
// one when there was none for a while, takes another socket, and gives up. It
// returns when to look again; mu is held.
func (t *udpTransport) stayAlive(now time.Time) time.Duration {
	heard := time.Unix(0, t.heard.Load())
	silence := now.Sub(heard)
	switch {
	case t.doubted.IsZero():
	case heard.After(t.doubted):
		t.doubted = time.Time{}
	case now.Sub(t.doubted) >= doubtFor:
		t.failLocked(errUnknown)
		return 0
	default:
		t.ask(now, doubtPace)
		return doubtPace
	}
	switch {
	case silence >= t.timeout:
		t.failLocked(errSilent)
		return 0
	case silence >= rebindAfter && now.Sub(t.rebound) >= rebindAfter:
		_ = t.rebind() // what fails is tried again
		t.ask(now, 0)
		return quietPace
	case silence >= quietAfter:
		t.ask(now, quietPace)
		return quietPace
	}
	return quietAfter - silence
}

// ask sends a ping unless one was sent less than pace ago; mu is held.
func (t *udpTransport) ask(now time.Time, pace time.Duration) {
	if now.Sub(t.asked) < pace {
		return
	}
	t.asked = now
	t.pings++
	ping := wire.Control{Type: wire.ControlPing}
	binary.LittleEndian.PutUint64(ping.Data[:], t.pings)
	t.sendControl(ping)
}

// Rebind replaces the socket, and with it the client's address. The server
// goes on with the session as soon as it has heard from the new address.
func (t *udpTransport) Rebind() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return t.failed
	}
	if err := t.rebind(); err != nil {
		return err
	}
	t.ask(time.Now(), 0)
	return nil
}

// rebind replaces the socket; mu is held. The old one stays if there is no
// other to be had.
func (t *udpTransport) rebind() error {
	t.rebound = time.Now()
	socket, err := t.open()
	if err != nil {
		return err
	}
	old := t.socket
	t.socket = socket
	old.close()
	return nil
}

// ErrNotUDP is returned where only connections over UDP can do something.
var ErrNotUDP = errors.New("the connection is not over UDP")

// Rebind makes a connection over UDP go on from a new local socket, as after a
// change of the network. A client does it on its own when it hears nothing for
// two seconds; an application that is told of the change need not wait so long.
func (c *Client) Rebind() error {
	c.send.shutMu.Lock()
	t := c.send.shutting
	c.send.shutMu.Unlock()
	if u, ok := t.(*udpTransport); ok {
		return u.Rebind()
	}
	return ErrNotUDP
}

// Transport says how the client is connected: "udp", "websocket", or "custom"
// with an own Dialer; empty while it is not.
func (c *Client) Transport() string {
	c.send.shutMu.Lock()
	t := c.send.shutting
	c.send.shutMu.Unlock()
	switch t.(type) {
	case nil:
		return ""
	case *udpTransport:
		return "udp"
	case *webSocket:
		return "websocket"
	}
	return "custom"
}
