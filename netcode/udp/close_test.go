package udp

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

func TestCloseIsToldThreeTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{Delay: 30 * time.Millisecond})
		defer r.close()
		c := r.client()
		c.join()
		link := r.host.seat(0).link
		link.Message(schema.Header{Kind: schema.KindMessage}, schema.NewBuilder().Message(2, "the last words", nil))
		link.Close(schema.CodeKicked, "not you")
		c.await("Close", func() bool { return c.controlled(wire.ControlClose) == closePackets })
		if n := count(c.messages, schema.KindMessage); n != 2 {
			t.Errorf("%d messages before the close, want 2", n)
		}
		if m := c.controls[len(c.controls)-1]; m.Code != uint16(schema.CodeKicked) || m.Text != "not you" {
			t.Errorf("closed with %+v", m)
		}
		c.idle(time.Second)
		r.expect("Close packets", uint64(c.controlled(wire.ControlClose)), 3)
		if _, lost := r.host.seat(0).taken(); lost != 1 {
			t.Errorf("the seat was lost %d times", lost)
		}
		r.expect("closes", r.sessions.Stats().Closes(schema.CodeKicked), 1)
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 0)
		// Who missed all three learns of it by its next packet.
		c.write(c.ping())
		c.await("Reject", func() bool { return len(c.rejects) == 1 })
		if c.rejects[0].Code != wire.RejectUnknownSession {
			t.Errorf("rejected with %v", c.rejects[0].Code)
		}
	})
}

// A client that acknowledges nothing is told after drainTime.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		c.deaf = true
		link := r.host.seat(0).link
		link.Message(schema.Header{Kind: schema.KindMessage}, schema.NewBuilder().Message(2, "unheard", nil))
		began := time.Now()
		link.Close(schema.CodeKicked, "")
		c.await("Close", func() bool { return c.controlled(wire.ControlClose) > 0 })
		if took := time.Since(began); took < drainTime || took > drainTime+3*sweepPeriod {
			t.Errorf("told after %v", took)
		}
	})
}

func TestClientCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		packet, said := r.client(), r.client()
		packet.join()
		said.join()
		for range closePackets {
			packet.write(packet.control(wire.Control{Type: wire.ControlClose}))
		}
		said.send(encoded(schema.KindClose, 0, 0, said.build.Close(0, "")))
		said.await("Close", func() bool { return said.controlled(wire.ControlClose) == closePackets })
		packet.idle(100 * time.Millisecond)
		for i := range 2 {
			if _, lost := r.host.seat(i).taken(); lost != 1 {
				t.Errorf("seat %d was lost %d times", i, lost)
			}
		}
		r.expect("closes", r.sessions.Stats().Closes(0), 2)
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 0)

		// Nobody wants to hear of the copies of a Close; of what comes later, yes.
		r.expect("unknown", r.server.stats.Refused(RefusedUnknown), 0)
		packet.idle(2 * farewellTime)
		r.expect("rejects", uint64(len(packet.rejects)), 0)
		packet.write(packet.ping())
		packet.await("Reject", func() bool { return len(packet.rejects) > 0 })
	})
}

// Sessions that end while a game keeps their joins waiting, deaf to whoever
// asks it to stop, do not keep others from ending.
func TestStuckJoinsHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		other := r.client()
		other.join()
		for range 3 * endersLimit {
			c := r.client()
			c.hello()
			c.send(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 1, Kind: "stuck"})))
			c.idle(50 * time.Millisecond)
			c.write(c.control(wire.Control{Type: wire.ControlClose}))
		}
		other.write(other.control(wire.Control{Type: wire.ControlClose}))
		other.idle(100 * time.Millisecond)
		if _, lost := r.host.seat(0).taken(); lost != 1 {
			t.Errorf("the seat was lost %d times", lost)
		}
		close(r.host.stuck)
		other.idle(100 * time.Millisecond)
		r.expect("sessions that are not over", uint64(r.sessions.Stats().Sessions.Load()), 0)
	})
}

// The memory of closed sessions is bounded, and lasts as long as it should.
func TestFarewells(t *testing.T) {
	var f farewells
	for id := range uint32(3 * maxFarewells) {
		f.add(id, time.Duration(id)*time.Microsecond)
	}
	if n := len(f.recent) + len(f.older); n > 2*maxFarewells {
		t.Errorf("%d sessions are remembered", n)
	}
	f = farewells{}
	f.add(1, farewellTime-1)
	for at, want := range map[time.Duration]bool{farewellTime: true, 2*farewellTime - 1: true, 4 * farewellTime: false} {
		g := f
		if g.has(1, at) != want {
			t.Errorf("at %v: known %v, want %v", at, !want, want)
		}
	}
	if f.has(2, farewellTime) {
		t.Error("a session is known that was never closed")
	}
}

func TestServerGoesAway(t *testing.T) {
	everywhere(t, func(t *testing.T, start func(Config) *rig) {
		r := start(Config{})
		a, b, embryo := r.client(), r.client(), r.client()
		a.join()
		b.join()
		embryo.connect()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			r.close()
		}()
		for _, c := range []*testClient{a, b} {
			c.await("Close", func() bool { return c.controlled(wire.ControlClose) > 0 })
			if m := c.controls[len(c.controls)-1]; m.Code != uint16(schema.CodeGoingAway) {
				t.Errorf("closed with %+v", m)
			}
		}
		<-closed
		if err := r.server.Close(); err != nil {
			t.Errorf("closing it again: %v", err)
		}
		r.expect("closes", r.sessions.Stats().Closes(schema.CodeGoingAway), 2)
	})
}

// Sessions that package netcode closes by itself end here as well.
func TestSessionsGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		if err := r.sessions.Close(); err != nil {
			t.Fatal(err)
		}
		c.await("Close", func() bool { return c.controlled(wire.ControlClose) > 0 })
		late := r.client()
		late.connect()
		late.write(late.ping()) // accepted by this server, then turned away
		late.await("Close", func() bool { return late.controlled(wire.ControlClose) > 0 })
	})
}

func TestTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Timeout: 3 * time.Second}, netsim.Config{})
		defer r.close()
		silent, embryo, alive := r.client(), r.client(), r.client()
		silent.join()
		alive.join()
		embryo.connect()
		stats := &r.server.stats
		for end := time.Now().Add(2900 * time.Millisecond); time.Now().Before(end); {
			alive.write(alive.ping())
			alive.idle(100 * time.Millisecond)
		}
		r.expect("sessions before their time", uint64(stats.Sessions.Load()), 3)
		silent.await("Close", func() bool { return silent.controlled(wire.ControlClose) > 0 })
		if m := silent.controls[len(silent.controls)-1]; m.Code != uint16(schema.CodeIdleTimeout) {
			t.Errorf("closed with %+v", m)
		}
		for end := time.Now().Add(embryonicTime); time.Now().Before(end); {
			alive.write(alive.ping())
			alive.idle(100 * time.Millisecond)
		}
		r.expect("sessions", uint64(stats.Sessions.Load()), 1)
		r.expect("embryonic", uint64(stats.Embryonic.Load()), 0)
		r.expect("closes", r.sessions.Stats().Closes(schema.CodeIdleTimeout), 1)
	})
}

func TestSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{MaxPending: 64 << 10}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		c.deaf = true
		link, body := r.host.seat(0).link, schema.NewBuilder().Message(2, "long", make([]byte, 4000))
		for range 100 {
			link.Message(schema.Header{Kind: schema.KindMessage}, body)
			link.Flush()
		}
		c.await("Close", func() bool { return c.controlled(wire.ControlClose) == closePackets })
		if m := c.controls[len(c.controls)-1]; m.Code != uint16(schema.CodeSlowClient) {
			t.Errorf("closed with %+v", m)
		}
		c.idle(50 * time.Millisecond)
		r.expect("closes", r.sessions.Stats().Closes(schema.CodeSlowClient), 1)
	})
}
