package udp

import (
	"bytes"
	"testing"
	"testing/synctest"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// everywhere runs a test on every kind of socket.
func everywhere(t *testing.T, test func(t *testing.T, start func(Config) *rig)) {
	for name, cfg := range map[string]Config{
		"fast":     {Addr: "127.0.0.1:0", Shards: 2},
		"portable": {Addr: "127.0.0.1:0", Portable: true},
		"IPv6":     {Addr: "[::1]:0"},
	} {
		t.Run(name, func(t *testing.T) {
			test(t, func(c Config) *rig {
				c.Addr, c.Shards, c.Portable = cfg.Addr, cfg.Shards, cfg.Portable
				return newRig(t, c, netsim.Config{})
			})
		})
	}
	t.Run("memory", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			test(t, func(c Config) *rig { return newRig(t, c, netsim.Config{}) })
		})
	})
}

func TestClientsPlay(t *testing.T) {
	everywhere(t, func(t *testing.T, start func(Config) *rig) {
		r := start(Config{})
		defer r.close()
		var clients []*testClient
		for range 4 {
			c := r.client()
			c.join()
			clients = append(clients, c)
		}
		state := schema.NewBuilder().State(4, 1, bytes.Repeat([]byte{1}, 300))
		for i := range clients {
			if !r.host.seat(i).link.Datagram(schema.Header{Kind: schema.KindState}, state) {
				t.Error("a datagram was refused")
			}
			r.host.seat(i).link.Flush()
		}
		r.server.Flush()
		for _, c := range clients {
			c.await("State", func() bool { return count(c.datagrams, schema.KindState) == 1 })
			c.datagram(c.commands(20), encoded(schema.KindPing, 0, 0, c.build.Ping(1, 1)))
			c.await("Pong", func() bool { return count(c.datagrams, schema.KindPong) == 1 })
		}
		for i := range clients {
			if commands, _ := r.host.seat(i).taken(); commands != 2 {
				t.Errorf("seat %d took %d commands, want 2", i, commands)
			}
		}
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 4)
		r.expect("embryonic", uint64(r.server.stats.Embryonic.Load()), 0)
	})
}

// A datagram may overtake the Hello, which is then still to come.
func TestDatagramsMayOvertakeTheHello(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.connect()
		c.datagram(encoded(schema.KindPing, 0, 0, c.build.Ping(1, 1)))
		c.hello()
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 1)
	})
}

// What must not get lost may not come as a datagram.
func TestReliableKindsAreNoDatagrams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.hello()
		c.datagram(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Kind: "arena"})))
		c.await("Close", func() bool { return c.controlled(wire.ControlClose) > 0 })
		if m := c.controls[len(c.controls)-1]; m.Code != uint16(schema.CodeBadMessage) {
			t.Errorf("closed with %+v", m)
		}
	})
}
