package udp

import (
	"errors"
	"net/netip"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// receive handles a packet that names the session, which it may spoil.
// shard.mu is held. HOT
func (c *conn) receive(p []byte, from netip.AddrPort) {
	sh := c.shard
	stats := &sh.server.stats
	size := len(p)
	kind, counter, plain, err := c.opener.Open(p)
	switch {
	case err == nil:
	case errors.Is(err, wire.ErrReplayed):
		stats.refuse(RefusedReplayed)
		return
	default:
		stats.refuse(RefusedUnauthentic)
		return
	}
	c.heard = sh.now
	if from != c.addr || c.path != nil {
		c.follow(from, size, counter == c.opener.Newest())
	}
	if c.session == nil {
		stats.Embryonic.Add(-1)
		c.session = sh.server.cfg.Sessions.OpenAs(c, c.user, c.ticket)
	}
	switch kind {
	case wire.KindReliable:
		c.reliable(plain)
	case wire.KindUnreliable:
		c.unreliable(plain)
	case wire.KindControl:
		c.controlled(plain, from)
	}
}

// unreliable hands over the messages of a packet: of kinds that make sense
// when some of them are lost. Before the session's Hello they have overtaken
// it, and behind a message that takes a while they would be late.
func (c *conn) unreliable(plain []byte) {
	if !c.greeted || c.waiting != nil {
		return
	}
	for len(plain) > 0 {
		message, rest, err := wire.NextMessage(plain)
		if err != nil {
			c.session.Close(schema.CodeBadMessage, err.Error())
			return
		}
		plain = rest
		switch kind := schema.Kind(message[0]); kind {
		case schema.KindCommands, schema.KindPing, schema.KindPong:
		default:
			c.session.Close(schema.CodeBadMessage, kind.String()+" must travel on the reliable lane")
			return
		}
		if c.session.Receive(message) != nil {
			return // it is closed
		}
	}
}

// reliable puts a packet's segments into the lane, which hands its messages to
// reliableMessage.
func (c *conn) reliable(plain []byte) {
	if c.waiting != nil && c.waiting.full(c.shard.server.cfg.ReadLimit) {
		return // as if it were lost: it will be sent again
	}
	c.mu.Lock()
	if c.phase > draining || c.left() < -c.shard.server.cfg.ByteBurst {
		c.mu.Unlock()
		return // it is over; or the client makes the lane send far more than it may
	}
	lane := c.openLane()
	c.shard.receiving = c
	err := lane.Input(plain, c.shard.deliver)
	c.shard.receiving = nil
	if c.phase <= draining {
		c.pump() // acknowledgements may have opened the window
	}
	c.mu.Unlock()
	if err != nil {
		c.session.Close(schema.CodeBadMessage, err.Error())
	}
}

// reliableMessage takes a message of the lane. c.mu is held, but not while the
// session, which may call every method of conn, has the message.
func (c *conn) reliableMessage(message []byte) error {
	c.mu.Unlock()
	defer c.mu.Lock()
	c.hand(message)
	return nil
}

// controlled handles a control packet.
func (c *conn) controlled(plain []byte, from netip.AddrPort) {
	m, err := wire.ParseControl(plain)
	if err != nil {
		return // of a later version, perhaps
	}
	switch m.Type {
	case wire.ControlPing:
		c.mu.Lock()
		if c.phase == open && c.left() > 0 {
			c.control(wire.Control{Type: wire.ControlPong, Data: m.Data}, c.addr)
		}
		c.mu.Unlock()
	case wire.ControlPathResponse:
		c.moved(from, m.Data)
	case wire.ControlClose:
		c.end(0)
		c.shard.gone.add(c.id, c.shard.now)
	}
}
