package udp

import (
	"bytes"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// waiting holds a session's messages behind one for which Session.Receive may
// wait on the network: a user's token, whose keys may have to be fetched. That
// one is handed over by another goroutine, for a shard must not wait. It is
// guarded by shard.mu.
type waiting struct {
	messages [][]byte
	size     int
}

// full reports that no more of the client's packets should be taken.
func (w *waiting) full(limit int) bool { return w.size > limit }

// hand gives a message of the reliable lane to the session, or keeps it for
// later. shard.mu is held.
func (c *conn) hand(message []byte) {
	switch {
	case c.waiting != nil:
		c.waiting.messages = append(c.waiting.messages, bytes.Clone(message))
		c.waiting.size += len(message)
	case mayWait(message):
		c.waiting = &waiting{}
		message = bytes.Clone(message)
		c.shard.server.aside.do(func() { c.handAside(message) })
	case c.session.Receive(message) == nil:
		c.greeted = true
	}
}

// handAside gives the session a message on a goroutine of the server's crew,
// then those that have come since. No lock is held.
func (c *conn) handAside(message []byte) {
	err := c.session.Receive(message)
	sh := c.shard
	sh.mu.Lock()
	defer sh.mu.Unlock()
	later := c.waiting.messages
	c.waiting = nil
	if c.over {
		c.settle()
		return
	}
	if err == nil {
		c.greeted = true
	}
	for _, m := range later {
		c.hand(m)
	}
}

// mayWait reports whether Session.Receive may wait: for a Hello with a token
// of its own, beside that of the connection, and for an Auth.
func mayWait(message []byte) bool {
	h, body, err := schema.ParseHeader(message)
	if err != nil || h.Kind != schema.KindHello && h.Kind != schema.KindAuth || schema.Verify(h.Kind, body) != nil {
		return false
	}
	return h.Kind == schema.KindAuth || len(fb.GetRootAsHello(body, 0).Token()) > 0
}
