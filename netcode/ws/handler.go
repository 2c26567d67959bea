package ws

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/parlor-server/parlor/netcode"
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

// Handler is the http.Handler of the WebSocket endpoint of sessions.
type Handler struct {
	endpoint
	server *netcode.Server
}

// NewHandler returns a handler whose connections are sessions of server.
func NewHandler(server *netcode.Server, cfg Config) *Handler {
	h := &Handler{server: server}
	h.init(cfg.withDefaults())
	return h
}

// ServeHTTP upgrades the request and starts its session. It returns at once.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.server.GoingAway() {
		unavailable(w)
		return
	}
	h.serve(w, r, func(c *conn) (peer, func()) { return h.server.Open(c), nil })
}
