package udp

import (
	"bytes"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// patience is how long a test client waits for something.
const patience = 20 * time.Second

// testClient is a client that one goroutine runs by pump.
type testClient struct {
	t     testing.TB
	conn  net.PacketConn
	to    net.Addr
	grant Grant
	build *schema.Builder

	handshake *wire.ClientHandshake
	resend    time.Time
	id        uint32
	keys      wire.Keys
	sealer    *wire.Sealer
	opener    *wire.Opener
	lane      *reliable.Lane

	deaf bool // acknowledges nothing and answers no path challenge

	raw       [][]byte // packets as they came
	messages  [][]byte // of the reliable lane
	datagrams [][]byte // messages of unreliable packets
	controls  []wire.Control
	rejects   []wire.Reject
}

func newClient(t testing.TB, conn net.PacketConn, to net.Addr, grant Grant) *testClient {
	t.Helper()
	h, err := wire.NewClientHandshake(grant.Token, grant.Key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &testClient{t: t, conn: conn, to: to, grant: grant, build: schema.NewBuilder(), handshake: h}
}

// pump runs the client until what is waited for has come; false: it has not.
func (c *testClient) pump(until func() bool) bool {
	c.t.Helper()
	buf := make([]byte, 2000)
	for end := time.Now().Add(patience); !until(); {
		if time.Now().After(end) {
			return false
		}
		c.due()
		_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, _, err := c.conn.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		} else if err != nil {
			c.t.Fatal(err)
		}
		c.take(bytes.Clone(buf[:n]))
	}
	return true
}

// await is pump, but what is waited for must come.
func (c *testClient) await(what string, until func() bool) {
	c.t.Helper()
	if !c.pump(until) {
		c.t.Fatalf("%s did not come; got %d packets, %d messages, %d datagrams, rejects %v, controls %v",
			what, len(c.raw), len(c.messages), len(c.datagrams), c.rejects, c.controls)
	}
}

// idle runs the client for a while.
func (c *testClient) idle(d time.Duration) {
	end := time.Now().Add(d)
	c.pump(func() bool { return !time.Now().Before(end) })
}

// due sends what time asks for.
func (c *testClient) due() {
	if c.lane == nil {
		if now := time.Now(); c.handshake.Changed() || !now.Before(c.resend) {
			c.resend = now.Add(wire.ResendInterval)
			if p := c.handshake.Packet(); p != nil {
				c.write(p)
			}
		}
		return
	}
	if c.lane.Busy() && !c.deaf {
		c.lane.Update()
		c.lane.Pump(1 << 20)
	}
}

func (c *testClient) take(p []byte) {
	c.raw = append(c.raw, bytes.Clone(p))
	if r, err := wire.ParseReject(p); err == nil {
		c.rejects = append(c.rejects, r)
	}
	if c.lane == nil {
		if done, _ := c.handshake.Receive(p); done {
			c.begin(c.handshake.Session())
		}
		return
	}
	kind, _, plain, err := c.opener.Open(p)
	if err != nil {
		return
	}
	switch kind {
	case wire.KindReliable:
		if c.deaf {
			return
		}
		if err := c.lane.Input(plain, func(m []byte) error {
			c.messages = append(c.messages, bytes.Clone(m))
			return nil
		}); err != nil {
			c.t.Error(err)
		}
	case wire.KindUnreliable:
		for len(plain) > 0 {
			m, rest, err := wire.NextMessage(plain)
			if err != nil {
				c.t.Error(err)
				return
			}
			c.datagrams, plain = append(c.datagrams, m), rest
		}
	case wire.KindControl:
		m, err := wire.ParseControl(plain)
		if err != nil {
			c.t.Error(err)
			return
		}
		c.controls = append(c.controls, m)
		if m.Type == wire.ControlPathChallenge && !c.deaf {
			c.write(c.control(wire.Control{Type: wire.ControlPathResponse, Data: m.Data}))
		}
	}
}

func (c *testClient) begin(id uint32, keys wire.Keys, _ time.Duration) {
	c.id, c.keys = id, keys
	c.sealer = wire.NewSealer(keys.ClientToServer, id)
	c.opener = wire.NewOpener(keys.ServerToClient, id)
	c.lane = reliable.New(reliable.Config{Conversation: id, Output: func(segments []byte) {
		c.write(c.seal(wire.KindReliable, segments))
	}})
}

func (c *testClient) write(p []byte) {
	if _, err := c.conn.WriteTo(p, c.to); err != nil {
		c.t.Error(err)
	}
}

// seal makes a data packet.
func (c *testClient) seal(kind wire.Kind, plain []byte) []byte {
	buf := make([]byte, wire.HeaderSize, wire.MaxPacket)
	return c.sealer.Seal(append(buf, plain...), kind)
}

func (c *testClient) control(m wire.Control) []byte {
	return c.seal(wire.KindControl, wire.AppendControl(nil, m))
}

// ping is a packet that the server answers.
func (c *testClient) ping() []byte {
	return c.control(wire.Control{Type: wire.ControlPing, Data: [8]byte{1}})
}

func (c *testClient) connect() {
	c.t.Helper()
	c.await("Accept", func() bool { return c.lane != nil })
}

func encoded(kind schema.Kind, handle uint16, ack uint32, body []byte) []byte {
	return append(schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil), body...)
}

// send sends a message on the reliable lane.
func (c *testClient) send(m []byte) {
	if err := c.lane.Send(m, nil); err != nil {
		c.t.Error(err)
	}
	c.lane.Pump(1 << 20)
}

// datagram sends messages in an unreliable packet.
func (c *testClient) datagram(messages ...[]byte) {
	var plain []byte
	for _, m := range messages {
		plain = wire.AppendMessage(plain, [8]byte(m), m[8:])
	}
	c.write(c.seal(wire.KindUnreliable, plain))
}

// hello connects and says Hello.
func (c *testClient) hello() {
	c.t.Helper()
	c.connect()
	c.send(encoded(schema.KindHello, 0, 0, c.build.Hello(schema.HelloInfo{})))
	c.await("Welcome", func() bool { return c.has(schema.KindWelcome) })
}

// join says Hello and joins a room.
func (c *testClient) join() {
	c.t.Helper()
	c.hello()
	c.send(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 1, Kind: "arena"})))
	c.await("Message", func() bool { return c.has(schema.KindMessage) })
}

// has reports whether a message of the kind has come on the reliable lane.
func (c *testClient) has(kind schema.Kind) bool { return count(c.messages, kind) > 0 }

// count counts messages of a kind.
func count(messages [][]byte, kind schema.Kind) (n int) {
	for _, m := range messages {
		if schema.Kind(m[0]) == kind {
			n++
		}
	}
	return n
}

// controlled counts control packets of a type.
func (c *testClient) controlled(kind wire.ControlType) (n int) {
	for _, m := range c.controls {
		if m.Type == kind {
			n++
		}
	}
	return n
}

// commands is a Commands message for the tick and the one before.
func (c *testClient) commands(tick uint32) []byte {
	payload := schema.AppendCommands(nil, new(bits.Writer), []schema.TickCommand{
		{Tick: tick, Input: 1, Payload: []byte{1}}, {Tick: tick - 1, Input: 1, Payload: []byte{2}},
	})
	return encoded(schema.KindCommands, 1, 0, c.build.Commands(0, 0, payload))
}
