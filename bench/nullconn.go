//go:build linux

package main

import (
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// nullConn is a player without a network: what the room sends is applied at
// once, and each tick's frame is answered with the command for the next tick.
// The room's loop owns it.
type nullConn struct {
	seat    *rooms.Seat
	ways    [][]byte
	hz      uint32
	applied uint32

	watch *watch // of one player in each room: nil of the others
}

// watch follows a room's tick rate in the window. The loop owns it until the
// scheduler has been closed.
type watch struct {
	open  *atomic.Bool // the window
	epoch time.Time
	seen  ticks
}

// Frame implements rooms.Conn.
func (c *nullConn) Frame(_ schema.Header, body []byte) bool {
	c.applied = fb.GetRootAsState(body, 0).Tick()
	if c.watch != nil && c.watch.open.Load() {
		c.watch.seen.frame(c.applied, since(c.watch.epoch))
	}
	return true
}

// Flush implements rooms.Conn.
func (c *nullConn) Flush() {
	if c.applied != 0 {
		way := c.ways[int(c.applied/c.hz)%len(c.ways)]
		_ = c.seat.Command(c.applied+1, 0, way) // a full inbox would show as a standing player
	}
}

// Applied implements rooms.Conn.
func (c *nullConn) Applied() uint32 { return c.applied }

// Message implements rooms.Conn.
func (c *nullConn) Message(schema.Header, []byte) {}

// Done implements rooms.Conn.
func (c *nullConn) Done() {}

// Close implements rooms.Conn.
func (c *nullConn) Close(schema.Code, string) {}

// Datagram implements rooms.Conn: nothing is lost here.
func (c *nullConn) Datagram(schema.Header, []byte) bool { return false }

// DatagramSize implements rooms.Conn.
func (c *nullConn) DatagramSize() int { return 0 }

// Base implements rooms.Conn.
func (c *nullConn) Base() uint32 { return 0 }

// RTT implements rooms.Conn.
func (c *nullConn) RTT() time.Duration { return 0 }
