package udp

import (
	"bytes"
	"runtime"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// inlineClient is a client without socket and clock: its packets are handed to
// a shard by the test.
type inlineClient struct{ testClient }

// enter connects to a bare shard from an address of that number, and says Hello.
func enter(t testing.TB, sh *shard, number int) *inlineClient {
	t.Helper()
	g, err := sh.server.Grant(GrantRequest{User: auth.User{ID: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.NewClientHandshake(g.Token, g.Key)
	if err != nil {
		t.Fatal(err)
	}
	c := &inlineClient{testClient{t: t, grant: g, build: schema.NewBuilder(), handshake: h}}
	sock := sh.socket.(*deafSocket)
	from := spoofed(number)
	hand := func(p []byte) {
		sh.handle([]datagram{{data: bytes.Clone(p), addr: from}})
		sh.out.flush()
	}
	for range 2 { // Request and Response
		hand(h.Packet())
		if done, _ := h.Receive(sock.answer); done {
			c.id, c.keys, _ = h.Session()
		}
	}
	if c.id == 0 {
		t.Fatal("the handshake failed")
	}
	c.sealer = wire.NewSealer(c.keys.ClientToServer, c.id)
	c.lane = reliable.New(reliable.Config{Conversation: c.id, Output: func(segments []byte) {
		hand(c.seal(wire.KindReliable, segments))
	}})
	c.send(encoded(schema.KindHello, 0, 0, c.build.Hello(schema.HelloInfo{})))
	return c
}

func TestPacketsAllocateNothing(t *testing.T) {
	sh := bare(t, Config{ByteRate: 1 << 30, ByteBurst: 1 << 30})
	c := enter(t, sh, 1)
	conn := sh.conns[c.id]
	if !conn.greeted {
		t.Fatal("the session has no Hello")
	}
	sealed := make([]byte, 0, wire.MaxPacket)
	plain := wire.AppendMessage(nil, [8]byte(c.commands(20)), c.commands(20)[8:])
	batch := make([]datagram, 1)
	taken := sh.server.cfg.Sessions.Stats().MessagesIn.Load()
	if n := testing.AllocsPerRun(2000, func() {
		buf := append(sealed[:wire.HeaderSize], plain...)
		batch[0] = datagram{data: c.sealer.Seal(buf, wire.KindUnreliable), addr: spoofed(1)}
		sh.receive(batch)
		sh.server.started = sh.server.started.Add(-20 * time.Millisecond) // the rate limits' clock
	}); n != 0 {
		t.Errorf("receiving Commands: %v allocations", n)
	}
	if n := sh.server.cfg.Sessions.Stats().MessagesIn.Load() - taken; n < 2000 {
		t.Errorf("%d Commands were taken", n)
	}
	sent := sh.socket.(*deafSocket).sent
	head := [schema.HeaderSize]byte{byte(schema.KindState)}
	body := c.build.State(4, 1, make([]byte, 400))
	if n := testing.AllocsPerRun(2000, func() {
		conn.Datagram(head, body)
		conn.Datagram(head, body)
		conn.Flush()
		sh.server.Flush()
	}); n != 0 {
		t.Errorf("sending State: %v allocations", n)
	}
	if n := sh.socket.(*deafSocket).sent - sent; n < 2000 || n > 2100 {
		t.Errorf("%d packets for 2,000 flushes of two messages", n)
	}
}

// TestIdleSessionsAreSmall measures what a welcomed session keeps, KCP and
// package netcode's part included.
func TestIdleSessionsAreSmall(t *testing.T) {
	sh := bare(t, Config{})
	const sessions = 500
	for i := range 20 { // buffers of the shard
		enter(t, sh, i)
	}
	var clients [sessions]*inlineClient
	before := heap()
	for i := range sessions {
		clients[i] = enter(t, sh, 100+i)
		clients[i].forget()
	}
	each := (heap() - before) / sessions
	t.Logf("%d bytes a session, its used token included", each)
	if each > 32<<10 {
		t.Errorf("%d bytes a session, the goal is 32 KiB", each)
	}
	runtime.KeepAlive(clients)
}

// forget drops the client's own memory.
func (c *inlineClient) forget() { *c = inlineClient{} }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func BenchmarkReceiveCommands(b *testing.B) {
	sh := bare(b, Config{ByteRate: 1 << 30, ByteBurst: 1 << 30})
	c := enter(b, sh, 1)
	sealed := make([]byte, 0, wire.MaxPacket)
	plain := wire.AppendMessage(nil, [8]byte(c.commands(20)), c.commands(20)[8:])
	batch := make([]datagram, 1)
	b.ReportAllocs()
	for b.Loop() {
		buf := append(sealed[:wire.HeaderSize], plain...)
		batch[0] = datagram{data: c.sealer.Seal(buf, wire.KindUnreliable), addr: spoofed(1)}
		sh.receive(batch)
	}
}

func BenchmarkSendState(b *testing.B) {
	sh := bare(b, Config{ByteRate: 1 << 30, ByteBurst: 1 << 30})
	c := enter(b, sh, 1)
	conn := sh.conns[c.id]
	head, body := [schema.HeaderSize]byte{byte(schema.KindState)}, c.build.State(4, 1, make([]byte, 150))
	b.ReportAllocs()
	for b.Loop() {
		conn.Datagram(head, body)
		conn.Flush()
		sh.server.Flush()
	}
}

func BenchmarkRefuse(b *testing.B) {
	request := func(sh *shard) []byte {
		g, err := sh.server.Grant(GrantRequest{User: auth.User{ID: "ann"}})
		if err != nil {
			b.Fatal(err)
		}
		return wire.AppendRequest(nil, wire.Request{Token: g.Token})
	}
	for name, packet := range map[string]func(sh *shard) []byte{
		"first packet": request,
		"wrong cookie": func(sh *shard) []byte {
			p := request(sh)
			p[0] = byte(wire.KindResponse)
			return p
		},
		"unknown session": func(*shard) []byte {
			return append([]byte{byte(wire.KindUnreliable)}, make([]byte, 60)...)
		},
	} {
		b.Run(name, func(b *testing.B) {
			sh := bare(b, Config{})
			batch := []datagram{{data: packet(sh), addr: spoofed(1)}}
			b.ReportAllocs()
			for b.Loop() {
				sh.receive(batch)
			}
		})
	}
}
