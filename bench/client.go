//go:build linux

package main

// talker is what a client says and understands: one system's protocol. The
// load loop calls it.
type talker interface {
	opened(c *client)            // the link is there
	start(c *client)             // every client is ready; from now on there are beats
	beat(c *client)              // every 50 ms
	message(c *client, m []byte) // a message or datagram; m is valid during the call
}

// pulser is a link or a talker with timers.
type pulser interface {
	pulse() (again bool) // 10 ms after c.wake at most, and on while it asks for it
}

// link is a client's end of its connection. The load loop owns it.
type link interface {
	open(c *client) error // may wait on the network
	send(m []byte) bool
	close()
	traffic() traffic
	received() int64 // bytes of payload and of the transport's own framing
}

// client is one player.
type client struct {
	link  link
	talk  talker
	load  *load
	ready bool // has joined, or is where it is to stay
	dead  bool
	awake pulser // waits for a pulse
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
	if !c.link.send(m) {
		c.load.fail("the server takes no more")
		return
	}
	c.load.upMessages++
	c.load.upBytes += int64(len(m))
}

// wake asks for a pulse. Of a client it is always the same that does.
func (c *client) wake(p pulser) {
	if c.awake == nil {
		c.awake = p
		turn := &c.load.awake[c.load.pulses%pulsePeriod]
		*turn = append(*turn, c)
	}
}

// die takes a client out.
func (c *client) die(why string) {
	if c.dead {
		return
	}
	c.dead = true
	c.link.close()
	c.load.fail(why)
}
