//go:build linux

package main

// talker is what a client says and understands: one system's protocol. The
// load loop calls it.
type talker interface {
	path() (string, error)       // where to ask for a WebSocket; may wait on the network
	opened(c *client)            // the WebSocket is there
	start(c *client)             // every client is ready; from now on there are beats
	beat(c *client)              // every 50 ms
	message(c *client, m []byte) // m is valid during the call
}

// client is one player.
type client struct {
	socket
	talk  talker
	load  *load
	ready bool // has joined, or is where it is to stay
	dead  bool
	seen  ticks
}

// ticks follows how often a client is served: counted by the server's ticks
// where it tells them, otherwise by messages.
type ticks struct {
	frames      int64
	first, last uint32
	from, to    instant
}

// frame notes a state frame of a tick.
func (t *ticks) frame(tick uint32, at instant) {
	if t.frames == 0 {
		t.first, t.from = tick, at
	}
	t.frames++
	t.last, t.to = tick, at
}

// next is the number of a frame whose server does not tell it.
func (t *ticks) next() uint32 { return t.last + 1 }

func (t *ticks) reset() { *t = ticks{last: t.last} }

// hz is the rate between the first and the last frame.
func (t *ticks) hz() float64 {
	if t.to <= t.from {
		return 0
	}
	return float64(t.last-t.first) / (float64(t.to-t.from) / 1e9)
}

// isReady counts a client as having arrived.
func (c *client) isReady() {
	if !c.ready {
		c.ready = true
		c.load.ready++
	}
}

// tell sends a message; a server that does not take it is an error.
func (c *client) tell(m []byte) {
	if !c.send(opBinary, m) {
		c.load.fail("the server takes no more")
		return
	}
	c.load.upMessages++
	c.load.upBytes += int64(len(m))
}

// readable reads what has come and hands it over frame by frame.
func (c *client) readable() {
	l := c.load
	n := copy(l.buf, c.rest)
	m, err := rawRead(c.fd, l.buf[n:])
	switch {
	case err == again:
		return
	case err != 0 || m <= 0:
		c.die("the server closed a connection")
		return
	}
	data := l.buf[:n+m]
	c.rest = c.rest[:0]
	if !c.upgraded {
		rest, err := c.upgrade(data)
		if err != nil {
			c.die(err.Error())
			return
		}
		if !c.upgraded {
			return
		}
		c.talk.opened(c)
		data = rest
	}
	c.frames(data)
}

func (c *client) frames(data []byte) {
	for {
		opcode, payload, rest, ok := frame(data)
		if !ok {
			c.rest = append(c.rest[:0], data...)
			return
		}
		c.bytes += int64(len(data) - len(rest))
		data = rest
		switch opcode {
		case opBinary:
			c.talk.message(c, payload)
		case opPing:
			c.send(opPong, payload)
		case opClose:
			c.die("the server closed a WebSocket: " + string(payload[min(2, len(payload)):]))
			return
		}
	}
}

// die takes a client out.
func (c *client) die(why string) {
	if c.dead {
		return
	}
	c.dead = true
	c.load.forget(c)
	c.load.fail(why)
}
