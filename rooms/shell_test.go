package rooms

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// trap is a Conn that panics when it gets a frame.
type trap struct{ sink }

func (*trap) Frame(schema.Header, []byte) bool { panic("a trap") }

func TestAPanicOfTheShellFaultsTheRoom(t *testing.T) {
	c := newCrowd(t, 3)
	for range 30 { // by then a client may ask for another keyframe
		c.step(t)
	}
	c.seats[1].place.conn = &trap{}
	next := c.run.Step(c.now.Add(50*time.Millisecond), 0)
	if !next.Stop || !c.run.room.Faulted() {
		t.Errorf("the room goes on: %+v", next)
	}
	for i, s := range c.seats {
		if s.place.phase != placeFree {
			t.Errorf("seat %d is not free", i)
		}
	}
}
