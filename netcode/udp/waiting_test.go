package udp

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// A token whose check takes a while holds up its own session only, whose
// messages stay in order.
func TestSlowTokenHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		slow, quick := r.client(), r.client()
		slow.connect()
		slow.send(encoded(schema.KindHello, 0, 0, slow.build.Hello(schema.HelloInfo{Token: "slow-ann"})))
		slow.send(encoded(schema.KindJoin, 0, 0, slow.build.Join(schema.JoinInfo{Request: 1, Kind: "arena"})))
		slow.idle(200 * time.Millisecond)
		quick.join()
		if len(slow.messages) != 0 {
			t.Fatal("the slow one was answered")
		}
		close(r.auth.slow)
		slow.await("Message", func() bool { return slow.has(schema.KindMessage) })
		if schema.Kind(slow.messages[0][0]) != schema.KindWelcome {
			t.Error("answered out of order")
		}
		slow.send(encoded(schema.KindAuth, 0, 0, slow.build.Auth("ann")))
		slow.send(encoded(schema.KindJoin, 0, 0, slow.build.Join(schema.JoinInfo{Request: 2, Kind: "arena"})))
		slow.await("the second room", func() bool { return count(slow.messages, schema.KindMessage) == 2 })
	})
}

// A session may end meanwhile: by its client, or by the time that a Hello may
// take.
func TestSessionEndsWhileItsTokenIsChecked(t *testing.T) {
	for name, end := range map[string]func(c *testClient){
		"client":   func(c *testClient) { c.write(c.control(wire.Control{Type: wire.ControlClose})) },
		"time-out": func(c *testClient) { c.idle(6 * time.Second) },
		"server":   func(*testClient) {},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{}, netsim.Config{})
				c := r.client()
				c.connect()
				c.send(encoded(schema.KindHello, 0, 0, c.build.Hello(schema.HelloInfo{Token: "slow-ann"})))
				c.idle(100 * time.Millisecond)
				end(c)
				synctest.Wait()
				r.close() // it does not wait for ever, and leaves no goroutine
			})
		})
	}
}

// Only so much is kept for a session that waits; the rest is as good as lost.
func TestWaitingMessagesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{ReadLimit: 4 << 10}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.connect()
		c.send(encoded(schema.KindHello, 0, 0, c.build.Hello(schema.HelloInfo{Token: "slow-ann"})))
		c.idle(50 * time.Millisecond)
		event := encoded(schema.KindEvent, 9, 0, c.build.Event(1, 1, make([]byte, 1000)))
		for range 40 {
			c.send(event)
		}
		c.idle(500 * time.Millisecond)
		conn := r.conn(c)
		if conn.waiting.size == 0 || conn.waiting.size > 4<<10+2*len(event) {
			t.Errorf("%d bytes wait", conn.waiting.size)
		}
		close(r.auth.slow)
		c.await("all answers", func() bool { return count(c.messages, schema.KindError) == 40 })
	})
}

func TestCrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &crew{size: 3}
		gate, done := make(chan struct{}), make(chan int, 20)
		for i := range 20 {
			c.do(func() {
				<-gate
				done <- i
			})
		}
		synctest.Wait()
		if c.busy != 3 || len(c.waiting) != 17 {
			t.Errorf("%d busy, %d waiting", c.busy, len(c.waiting))
		}
		close(gate)
		c.wait()
		if len(done) != 20 || c.busy != 0 {
			t.Errorf("%d calls made, %d busy", len(done), c.busy)
		}
	})
}
