package ws_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// patience is how long a test waits for what must happen.
const patience = 10 * time.Second

// seat records what a session hands to a room.
type seat struct {
	links    chan *netcode.Link
	commands chan uint32 // ticks; not written when full
	left     chan struct{}
	lost     chan struct{}
}

func (s *seat) Enter(l *netcode.Link) error { s.links <- l; return nil }

func (s *seat) Command(tick uint32, _ uint8, _ []byte) error {
	select {
	case s.commands <- tick:
	default:
	}
	return nil
}

func (s *seat) Saw(uint32, uint32) {}

func (s *seat) Event(_ uint32, input uint8, _ []byte) error {
	if input != 0 {
		return schema.Errorf(schema.CodeBadInput, "no input %d", input)
	}
	return nil
}

func (s *seat) Leave() { close(s.left) }
func (s *seat) Lost()  { close(s.lost) }

// host gives every join a seat of its own.
type host struct{ seats chan *seat }

func newHost() *host { return &host{seats: make(chan *seat, 64)} }

func (h *host) Reserve(_ context.Context, req netcode.JoinRequest) (netcode.Seat, error) {
	if req.Kind == "full" {
		return nil, schema.Errorf(schema.CodeRoomFull, "no seat is free")
	}
	s := &seat{
		links: make(chan *netcode.Link, 1), commands: make(chan uint32, 64),
		left: make(chan struct{}), lost: make(chan struct{}),
	}
	h.seats <- s
	return s, nil
}

// tokens authenticates everybody as the token; "bad" and "old" nobody.
type tokens struct{}

func (tokens) Authenticate(_ context.Context, token string) (auth.User, string, error) {
	switch token {
	case "bad":
		return auth.User{}, "", auth.ErrInvalid
	case "old":
		return auth.User{}, "", auth.ErrExpired
	}
	return auth.User{ID: token}, "", nil
}

// stand is a running server.
type stand struct {
	sessions *netcode.Server
	handler  *ws.Handler
	http     *httptest.Server
}

type tuning struct {
	ws     ws.Config
	secure bool
}

func start(tb testing.TB, h *host, cfg netcode.Config, t tuning) *stand {
	tb.Helper()
	cfg.Host, cfg.Auth = h, tokens{}
	sessions, err := netcode.NewServer(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	s := &stand{sessions: sessions, handler: ws.NewHandler(sessions, t.ws)}
	if s.http = httptest.NewUnstartedServer(s.handler); t.secure {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	tb.Cleanup(func() {
		s.http.Close()
		if err := s.handler.Close(); err != nil {
			tb.Error(err)
		}
		if err := s.sessions.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// serve starts a server and returns its URL.
func serve(tb testing.TB, h *host, cfg netcode.Config, t *tuning) string {
	tb.Helper()
	if t == nil {
		t = &tuning{}
	}
	return start(tb, h, cfg, *t).http.URL
}

// client is a WebSocket client that speaks the protocol by hand.
type client struct {
	tb    testing.TB
	ws    *websocket.Conn
	tcp   net.Conn
	build *schema.Builder
}

func dial(tb testing.TB, url string) *client { return dialBuffered(tb, url, 0) }

// dialBuffered is dial with a limit on the kernel's receive buffer, so that a
// client that does not read is felt soon.
func dialBuffered(tb testing.TB, url string, receive int) *client {
	tb.Helper()
	c := &client{tb: tb, build: schema.NewBuilder()}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // a test's own certificate
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil && receive > 0 {
				err = conn.(*net.TCPConn).SetReadBuffer(receive)
			}
			c.tcp = conn
			return conn, err
		},
	}
	conn, _, err := websocket.Dial(tb.Context(), url, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		tb.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	c.ws = conn
	tb.Cleanup(func() { _ = conn.CloseNow() })
	return c
}

func message(kind schema.Kind, handle uint16, ack uint32, body []byte) []byte {
	return append(schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil), body...)
}

func (c *client) send(kind schema.Kind, handle uint16, ack uint32, body []byte) {
	c.tb.Helper()
	c.write(websocket.MessageBinary, message(kind, handle, ack, body))
}

func (c *client) write(kind websocket.MessageType, msg []byte) {
	c.tb.Helper()
	if err := c.ws.Write(c.tb.Context(), kind, msg); err != nil {
		c.tb.Fatal(err)
	}
}

// next returns the next message that is not a Ping.
func (c *client) next() (schema.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	for {
		_, msg, err := c.ws.Read(ctx)
		if err != nil {
			return schema.Header{}, nil, err
		}
		h, body, err := schema.ParseHeader(msg)
		if err == nil {
			err = schema.Verify(h.Kind, body)
		}
		if err != nil || h.Kind != schema.KindPing {
			return h, body, err
		}
	}
}

// expect returns the next message's header and body; it must be of the kind.
func (c *client) expect(kind schema.Kind) (schema.Header, []byte) {
	c.tb.Helper()
	h, body, err := c.next()
	if err != nil {
		c.tb.Fatalf("reading %v: %v", kind, err)
	}
	if h.Kind != kind {
		c.tb.Fatalf("received %v, want %v", h.Kind, kind)
	}
	return h, body
}

func (c *client) expectError(code schema.Code) *fb.Error {
	c.tb.Helper()
	_, body := c.expect(schema.KindError)
	e := fb.GetRootAsError(body, 0)
	if schema.Code(e.Code()) != code {
		c.tb.Fatalf("refused with %v, want %v", schema.Code(e.Code()), code)
	}
	return e
}

// expectClose reads to the end: the last message must be Close, and the
// WebSocket's close status must carry the same code.
func (c *client) expectClose(code schema.Code) {
	c.tb.Helper()
	var last schema.Header
	var lastBody []byte
	for {
		h, body, err := c.next()
		if err == nil {
			last, lastBody = h, body
			continue
		}
		var closed websocket.CloseError
		if !errors.As(err, &closed) {
			c.tb.Fatalf("connection ended with %v, want close status %d", err, code.CloseStatus())
		}
		if int(closed.Code) != code.CloseStatus() {
			c.tb.Fatalf("closed with %v, want %v (%d)", closed, code, code.CloseStatus())
		}
		break
	}
	if last.Kind != schema.KindClose {
		c.tb.Fatalf("last message is %v, want Close", last.Kind)
	}
	if got := schema.Code(fb.GetRootAsClose(lastBody, 0).Code()); got != code {
		c.tb.Fatalf("Close says %v, want %v", got, code)
	}
}

func (c *client) hello(token string) {
	c.tb.Helper()
	c.send(schema.KindHello, 0, 0, c.build.Hello(schema.HelloInfo{Token: token, Client: "test"}))
}

func (c *client) welcome() {
	c.tb.Helper()
	c.hello("someone")
	c.expect(schema.KindWelcome)
}

// enter joins a room of host and returns the link that the room holds.
func (c *client) enter(h *host) *netcode.Link {
	c.tb.Helper()
	link, _ := c.enterSeat(h)
	return link
}

func (c *client) enterSeat(h *host) (*netcode.Link, *seat) {
	c.tb.Helper()
	c.send(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 7, Kind: "arena"}))
	s := receive(c.tb, h.seats, "a join")
	link := receive(c.tb, s.links, "an entry")
	link.Message(schema.Header{Kind: schema.KindJoined}, schema.NewBuilder().Joined(schema.JoinedInfo{Request: 7, Room: "r", Kind: "arena"}))
	link.Flush()
	c.expect(schema.KindJoined)
	return link, s
}

func receive[T any](tb testing.TB, from <-chan T, what string) (v T) {
	tb.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		tb.Fatalf("waited too long for %s", what)
	}
	return v
}
