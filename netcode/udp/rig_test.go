package udp

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// testHost lets everybody in and remembers seats and requests.
type testHost struct {
	stuck chan struct{} // what a Reserve of the kind "stuck" waits for, however long

	mu       sync.Mutex // guards all below
	seats    []*testSeat
	requests []netcode.JoinRequest
}

func (h *testHost) Reserve(_ context.Context, req netcode.JoinRequest) (netcode.Seat, error) {
	if req.Kind == "stuck" {
		<-h.stuck
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	seat := &testSeat{}
	h.seats = append(h.seats, seat)
	h.requests = append(h.requests, req)
	return seat, nil
}

func (h *testHost) seat(i int) *testSeat {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seats[i]
}

// testSeat says "entered" to its client and counts what it is told.
type testSeat struct {
	mu       sync.Mutex // guards all below
	link     *netcode.Link
	commands int
	lost     int
}

func (s *testSeat) Enter(l *netcode.Link) error {
	s.mu.Lock()
	s.link = l
	s.mu.Unlock()
	l.Message(schema.Header{Kind: schema.KindMessage}, schema.NewBuilder().Message(1, "entered", nil))
	l.Flush()
	return nil
}

func (s *testSeat) Command(uint32, uint8, []byte) error {
	s.mu.Lock()
	s.commands++
	s.mu.Unlock()
	return nil
}

func (s *testSeat) Saw(uint32, uint32)                {}
func (s *testSeat) Event(uint32, uint8, []byte) error { return nil }
func (s *testSeat) Leave()                            {}

func (s *testSeat) Lost() {
	s.mu.Lock()
	s.lost++
	s.mu.Unlock()
}

func (s *testSeat) taken() (commands, lost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commands, s.lost
}

// testAuth takes every token for the user's ID; "slow" waits for a channel.
type testAuth struct{ slow chan struct{} }

func (a testAuth) Authenticate(ctx context.Context, token string) (auth.User, string, error) {
	if strings.HasPrefix(token, "slow") {
		select {
		case <-a.slow:
		case <-ctx.Done():
		}
		token = strings.TrimPrefix(token, "slow-")
	}
	return auth.User{ID: token}, "", ctx.Err()
}

// rig is a UDP server with sessions and a host for tests.
type rig struct {
	t        testing.TB
	host     *testHost
	auth     testAuth
	sessions *netcode.Server
	server   *Server
	network  *netsim.Network // nil: real sockets
}

func testKeys(t testing.TB, first byte) *wire.KeyRing {
	t.Helper()
	k, err := wire.NewKeyRing([32]byte{first, 1})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// newRig starts a server with cfg, of which it fills in the rest: without Addr
// it is in a network in memory.
func newRig(t testing.TB, cfg Config, network netsim.Config) *rig {
	t.Helper()
	r := &rig{t: t, host: &testHost{stuck: make(chan struct{})}, auth: testAuth{make(chan struct{})}}
	if cfg.Addr == "" {
		r.network = netsim.NewNetwork(network)
		cfg.Conn = r.listen("10.0.0.1:7777")
	}
	r.sessions = mustSessions(t, netcode.Config{Auth: r.auth, Host: r.host})
	cfg.Sessions = r.sessions
	if cfg.Keys == nil {
		cfg.Keys = testKeys(t, 7)
	}
	server, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.server = server
	return r
}

func mustSessions(t testing.TB, cfg netcode.Config) *netcode.Server {
	t.Helper()
	s, err := netcode.NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *rig) listen(addr string) *netsim.PacketConn {
	r.t.Helper()
	c, err := r.network.Listen(addr)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// close ends the server and its sessions.
func (r *rig) close() {
	r.t.Helper()
	if err := r.server.Close(); err != nil {
		r.t.Error(err)
	}
	if err := r.sessions.Close(); err != nil {
		r.t.Error(err)
	}
	if n := r.server.stats.Sessions.Load(); n != 0 {
		r.t.Errorf("%d sessions are left", n)
	}
}

func (r *rig) grant() Grant {
	r.t.Helper()
	g, err := r.server.Grant(GrantRequest{User: auth.User{ID: "ann", Name: "Ann"}})
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

// client makes a client with an address of its own.
func (r *rig) client() *testClient {
	r.t.Helper()
	return newClient(r.t, r.socket(), r.to(), r.grant())
}

func (r *rig) socket() net.PacketConn {
	r.t.Helper()
	if r.network != nil {
		return r.listen("10.0.0.2:0")
	}
	addr := net.JoinHostPort(r.server.Addr().Addr().String(), "0")
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		r.t.Fatal(err)
	}
	return conn
}

func (r *rig) to() net.Addr { return net.UDPAddrFromAddrPort(r.server.Addr()) }

// conn finds a client's session in its shard.
func (r *rig) conn(c *testClient) *conn {
	r.t.Helper()
	sh := r.server.shards[uint8(c.id)]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.conns[c.id]
}

func (r *rig) expect(what string, got, want uint64) {
	r.t.Helper()
	if got != want {
		r.t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func testSessions() netcode.Config { return netcode.Config{Auth: testAuth{}, Host: &testHost{}} }
