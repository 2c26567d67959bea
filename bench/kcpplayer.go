//go:build linux

package main

import "encoding/binary"

// What a KCP client sends begins like the floor's and goes on with the number
// of the input. What it gets begins with the numbers taken of each seat.
const (
	kcpNumber = floorUp // u32
	kcpUp     = kcpNumber + 4
)

// kcpPlayer is a client of the peer in peers/kcp.
type kcpPlayer struct {
	client *client
	seat   int
	up     []byte
	line   kcpLine
	inputs uint32
	sent   flight
}

func newKCPPlayer(p plan, index int) *kcpPlayer {
	k := &kcpPlayer{seat: index % p.Players, up: make([]byte, max(kcpUp, p.Up-kcpHeader)), line: kcpLine{conversation: uint32(index) + 1}}
	binary.LittleEndian.PutUint32(k.up[floorIndex:], uint32(index))
	return k
}

// opened sends a first input: the server answers nobody who has said nothing.
func (k *kcpPlayer) opened(c *client) {
	k.client = c
	k.say(c)
}

func (k *kcpPlayer) start(*client) {}

func (k *kcpPlayer) beat(c *client) {
	if k.inputs%turnEvery == 0 {
		way := c.load.rand.IntN(4)
		k.up[floorWay], k.up[floorWay+1] = byte(way&1*2-1), byte(way&2-1)
	}
	k.say(c)
}

func (k *kcpPlayer) say(c *client) {
	k.inputs++
	binary.LittleEndian.PutUint32(k.up[kcpNumber:], k.inputs)
	at := c.load.at()
	k.sent.push(k.inputs, at)
	c.tell(k.line.push(k.up, at))
	c.wake(k)
}

func (k *kcpPlayer) message(c *client, d []byte) {
	ok := k.line.input(d, func(m []byte) {
		if len(m) < 4*(k.seat+1) {
			c.load.fail("a message of the KCP peer is too short")
			return
		}
		c.isReady()
		c.seen.frame(c.seen.next(), c.load.now)
		k.sent.landed(binary.LittleEndian.Uint32(m[4*k.seat:]), c.load.now, &c.load.delays)
	})
	if !ok {
		c.load.fail("a datagram of the KCP peer is not whole")
	}
	c.wake(k)
}

// pulse implements pulser.
func (k *kcpPlayer) pulse() bool {
	out, more := k.line.flush(k.client.load.now)
	if len(out) > 0 {
		k.client.link.send(out)
	}
	return more
}
