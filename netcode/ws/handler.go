package ws

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
)

// Config configures a Handler. Zero values stand for the defaults named here.
type Config struct {
	Origins      []string      // hosts of pages that may connect, beside the server's own: "*.example.com"
	ReadLimit    int           // longest inbound message in bytes: 64 KiB
	MaxPending   int           // bytes that may wait for a slow client: 256 KiB
	StallTimeout time.Duration // bytes wait and the client takes none: 10 s
	Linger       time.Duration // for a client to answer the close frame: 2 s
	Logger       *slog.Logger  // nil: none

	// RemoteAddr names the client; nil: the TCP connection's address. Behind a
	// proxy it reads the header that the proxy sets.
	RemoteAddr func(*http.Request) string
}

func (c Config) withDefaults() Config {
	if c.ReadLimit == 0 {
		c.ReadLimit = 64 << 10
	}
	if c.MaxPending == 0 {
		c.MaxPending = 256 << 10
	}
	if c.StallTimeout == 0 {
		c.StallTimeout = 10 * time.Second
	}
	if c.Linger == 0 {
		c.Linger = 2 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.RemoteAddr == nil {
		c.RemoteAddr = func(r *http.Request) string { return r.RemoteAddr }
	}
	return c
}

// Handler is the http.Handler of the WebSocket endpoint. It owns its
// connections' goroutines: a reader each, and a writer each once it is needed.
type Handler struct {
	server  *netcode.Server
	cfg     Config
	accept  websocket.AcceptOptions
	running sync.WaitGroup // readers and writers

	mu     sync.Mutex // guards all below
	closed bool
	conns  map[*conn]struct{}
}

// NewHandler returns a handler whose connections are sessions of server.
func NewHandler(server *netcode.Server, cfg Config) *Handler {
	h := &Handler{server: server, cfg: cfg.withDefaults(), conns: make(map[*conn]struct{})}
	h.accept = websocket.AcceptOptions{
		OriginPatterns:  h.cfg.Origins,
		CompressionMode: websocket.CompressionDisabled,
	}
	return h
}

// ServeHTTP upgrades the request and starts its session. It returns at once:
// the session does not keep net/http's goroutine and request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.server.GoingAway() || !h.begin() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "the server is shutting down", http.StatusServiceUnavailable)
		return
	}
	started := false
	defer func() {
		if !started {
			h.running.Done()
		}
	}()
	hj := &hijacker{ResponseWriter: w}
	opts := h.accept
	c := &conn{}
	opts.OnPingReceived = func(_ context.Context, _ []byte) bool { return c.session.Touch() }
	opts.OnPongReceived = func(_ context.Context, _ []byte) { c.session.Touch() }
	ws, err := websocket.Accept(hj, r, &opts)
	if err != nil {
		h.cfg.Logger.Debug("websocket refused", "remote", h.cfg.RemoteAddr(r), "error", err)
		return
	}
	c.init(h, ws, hj.taken, h.cfg.RemoteAddr(r))
	c.session = h.server.Open(c)
	h.add(c)
	started = true
	go func() {
		defer h.running.Done()
		c.run()
	}()
}

// begin counts a connection in, unless the handler is closed.
func (h *Handler) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false
	}
	h.running.Add(1)
	return true
}

func (h *Handler) add(c *conn) {
	h.mu.Lock()
	h.conns[c] = struct{}{}
	closed := h.closed
	h.mu.Unlock()
	if closed {
		c.session.Close(schema.CodeGoingAway, "the server is shutting down")
	}
}

func (h *Handler) remove(c *conn) {
	h.mu.Lock()
	delete(h.conns, c)
	h.mu.Unlock()
}

// Close refuses new connections, closes all others with GOING_AWAY and waits
// until their goroutines have ended, which takes Config.Linger at most.
func (h *Handler) Close() error {
	h.mu.Lock()
	h.closed = true
	conns := make([]*conn, 0, len(h.conns))
	for c := range h.conns {
		conns = append(conns, c)
	}
	h.mu.Unlock()
	for _, c := range conns {
		c.session.Close(schema.CodeGoingAway, "the server is shutting down")
	}
	h.running.Wait()
	return nil
}
