package udp

import (
	"testing"
	"testing/synctest"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// Without steering in the kernel a packet may come to any shard's socket.
func TestPacketsReachTheirShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, host: &testHost{}, network: netsim.NewNetwork(netsim.Config{})}
		r.sessions = mustSessions(t, testSessions())
		cfg, err := Config{Addr: "unused", Keys: testKeys(t, 7), Sessions: r.sessions}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		r.server = newServer(cfg)
		first, second := r.listen("10.0.0.1:7777"), r.listen("10.0.0.1:7778")
		r.server.serve([]socket{packetSocket(first), packetSocket(second)})
		defer r.close()

		c := r.client()
		c.connect()
		if uint8(c.id) != 0 {
			t.Fatalf("session %#x is not of the shard that it came to", c.id)
		}
		c.to = second.LocalAddr()
		c.hello()
		c.write(c.ping())
		c.await("Pong", func() bool { return c.controlled(wire.ControlPong) == 1 })
		if n := r.server.stats.Forwarded.Load(); n < 2 {
			t.Errorf("%d packets forwarded", n)
		}
		r.expect("dropped", r.server.stats.Overflowed.Load(), 0)

		// Of a shard that does not exist.
		p := c.ping()
		p[1] = 9
		c.write(p)
		c.await("Reject", func() bool { return len(c.rejects) == 1 })

		// The other way round.
		d := newClient(t, r.socket(), second.LocalAddr(), r.grant())
		d.connect()
		if uint8(d.id) != 1 {
			t.Fatalf("session %#x is not of the shard that it came to", d.id)
		}
		d.to = first.LocalAddr()
		d.hello()
		d.send(encoded(schema.KindClose, 0, 0, d.build.Close(0, "")))
		d.await("Close", func() bool { return d.controlled(wire.ControlClose) == closePackets })
	})
}

func TestForwardedPacketsAreBounded(t *testing.T) {
	sh := bare(t, Config{})
	other := newShard(sh.server, 1, &deafSocket{})
	sh.server.shards = append(sh.server.shards, other)
	p := make([]byte, wire.HeaderSize+wire.TagSize)
	p[0], p[1] = byte(wire.KindUnreliable), 1
	for range forwardSize + 10 {
		sh.handle([]datagram{{data: p, addr: spoofed(1)}})
	}
	if n := sh.server.stats.Overflowed.Load(); n != 10 {
		t.Errorf("%d dropped, want 10", n)
	}
	if n := len(other.ring.take()); n != forwardSize {
		t.Errorf("%d wait, want %d", n, forwardSize)
	}
}
