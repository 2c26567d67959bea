package udp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"net/netip"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

const (
	// pathChallenges is how often an address is asked, pathInterval apart.
	pathChallenges = 4
	pathInterval   = 250 * time.Millisecond
	// pathTime is how long an address has to answer, before another is tried.
	pathTime = pathChallenges*pathInterval + 500*time.Millisecond
	// amplification bounds what is sent to an address before it has answered:
	// so many times what came from there.
	amplification = 3

	challengeSize = wire.HeaderSize + 1 + 8 + wire.TagSize
)

// candidate is an address from which the session's client seems to speak now.
// Authentic packets came from there; but they may be copies, so it must answer
// a challenge that only the client can read. A session has one at a time,
// guarded by shard.mu. A newer packet from elsewhere makes a newer candidate;
// yet the answer of the one before still counts, so that somebody who copies
// packets faster than they travel cannot keep the client from moving.
type candidate struct {
	addr     netip.AddrPort
	key      [32]byte // of the challenges of a session that seems to move; random
	received int      // bytes
	sent     int      // bytes; at most amplification times received
	asked    int
	next     time.Duration // when to ask again
	until    time.Duration // when to give up
}

// follow takes note of where an authentic packet came from. Only the newest one
// says where the client is: one that was overtaken was sent before. If that is
// where it always was, it has not moved. shard.mu is held.
func (c *conn) follow(from netip.AddrPort, size int, newest bool) {
	sh := c.shard
	switch {
	case from == c.addr:
		if newest {
			c.path = nil
		}
		return
	case c.path != nil && c.path.addr == from:
		c.path.received += size
		return
	case !newest:
		return
	case c.path != nil:
		*c.path = candidate{addr: from, key: c.path.key, received: size, until: c.path.until}
	default:
		c.path = &candidate{addr: from, received: size, until: sh.now + pathTime}
		_, _ = rand.Read(c.path.key[:]) // never fails
	}
	if !c.trying {
		c.trying = true
		sh.moving = append(sh.moving, c)
	}
	c.challenge()
}

// challenge asks the candidate, if that is within what may be sent there.
func (c *conn) challenge() {
	p := c.path
	p.next = c.shard.now + pathInterval
	if p.asked == pathChallenges || p.sent+challengeSize > amplification*p.received {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return
	}
	p.asked++
	p.sent += challengeSize
	c.shard.server.stats.PathChallenges.Add(1)
	c.control(wire.Control{Type: wire.ControlPathChallenge, Data: p.ask(p.addr)}, p.addr)
}

// ask is what an address has to repeat.
func (p *candidate) ask(addr netip.AddrPort) [8]byte {
	ip := addr.Addr().As16()
	h := hmac.New(sha256.New, p.key[:])
	h.Write(ip[:])
	h.Write([]byte{byte(addr.Port()), byte(addr.Port() >> 8)})
	return [8]byte(h.Sum(nil))
}

// moved takes the answer to a challenge: if it comes from the address that was
// asked this, the session is there from now on.
func (c *conn) moved(from netip.AddrPort, data [8]byte) {
	if c.path == nil || from == c.addr || c.path.ask(from) != data {
		return
	}
	c.path = nil
	c.mu.Lock()
	was := c.addr
	c.addr = from
	c.mu.Unlock()
	c.shard.server.stats.Migrated.Add(1)
	c.shard.server.cfg.Logger.Debug("session goes on at another address", "session", c.session.ID(), "from", was, "to", from)
}

// tryPaths asks the candidates again and gives up those that do not answer.
// shard.mu is held.
func (sh *shard) tryPaths() {
	left := sh.moving[:0]
	for _, c := range sh.moving {
		if c.path != nil && sh.now >= c.path.until {
			c.path = nil
		}
		if c.path == nil {
			c.trying = false
			continue
		}
		if sh.now >= c.path.next {
			c.challenge()
		}
		left = append(left, c)
	}
	clear(sh.moving[len(left):])
	sh.moving = left
}
