package canvas

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// TestOverrunIsRepaired asks a connection whose messages were refused for what it
// has, at once and then once a second, for its answers may be refused as well.
func TestOverrunIsRepaired(t *testing.T) {
	r := newRig(t, Settings{})
	r.enter(1, Writer, false)
	r.enter(2, Reader, false)
	for c := range Conn(3) {
		r.sync(c, yjs.SyncStep1, yjs.StateVector{}.Encode())
	}
	r.pass(time.Minute)
	r.take(1)
	r.take(2)
	asked := func() (n int) {
		for _, m := range r.messages(1) {
			if m.Kind == yjs.SyncStep1 {
				n++
			}
		}
		return n
	}
	r.apply(&Overrun{Conn: 1})
	r.apply(&Overrun{Conn: 2})
	r.apply(&Overrun{Conn: 3})
	if n := asked(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	for range 50 {
		r.apply(&Overrun{Conn: 1})
		r.pass(10 * time.Millisecond)
	}
	if n := asked(); n != 0 {
		t.Errorf("asked %d times within a second of the first", n)
	}
	r.pass(time.Second)
	if n := asked(); n != 1 {
		t.Errorf("asked %d times a second later", n)
	}
	r.pass(time.Minute)
	if n := asked(); n != 0 || len(r.take(2)) != 0 {
		t.Errorf("asked %d times after the repair, or a reader", n)
	}
}
