package rooms

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// near is a lossy Conn that applies all at once and keeps nothing.
type near struct {
	sink
	base uint32
}

func (c *near) Datagram(schema.Header, []byte) bool { return true }
func (c *near) DatagramSize() int                   { return datagramSize }
func (c *near) Base() uint32                        { return c.base }
func (c *near) RTT() time.Duration                  { return 50 * time.Millisecond }

func TestALossyTickAllocatesNothing(t *testing.T) {
	for _, kind := range []Kind{Define("dots", dotsGame()), Define("hunt", huntGame())} {
		t.Run(kind.Name(), func(t *testing.T) { lossyTicksAllocateNothing(t, kind) })
	}
}

func lossyTicksAllocateNothing(t *testing.T, kind Kind) {
	c := newCrowdOf(t, kind, 15, func() Conn { return &near{} })
	step := func() {
		next := uint32(c.run.room.now) + 1
		for i, s := range c.seats {
			s.Saw(next, next<<8-uint32(i*100)-next%3*20)
			if err := s.Command(next, 0, c.cmd); err != nil {
				t.Fatal(err)
			}
		}
		c.now = c.now.Add(50 * time.Millisecond)
		if next := c.run.Step(c.now, 0); next != (tick.Next{}) {
			t.Fatalf("the room wants %+v", next)
		}
		for i, s := range c.seats {
			conn := s.conn.(*near)
			conn.applied = max(1, uint32(c.run.room.now)-uint32(i%4))
			conn.base = conn.applied &^ 3
		}
	}
	for range 200 {
		step()
	}
	if n := testing.AllocsPerRun(200, step); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}
