package ws

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/parlor-server/parlor/netcode"
)

// Config configures a Handler. Zero values stand for the defaults named here.
type Config struct {
	Origins      []string      // patterns such as "*.example.com" beside the server's own host
	ReadLimit    int           // longest inbound message: 64 KiB
	MaxPending   int           // bytes that may wait for a slow client: 256 KiB
	StallTimeout time.Duration // bytes waiting and none taken: 10 s
	Logger       *slog.Logger  // nil: none
}

// Handler is the http.Handler for the WebSocket endpoint.
type Handler struct{}

// NewHandler returns a handler whose connections are sessions of server.
func NewHandler(server *netcode.Server, cfg Config) *Handler { return &Handler{} }

// ServeHTTP upgrades the request and starts its session.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

// Close ends all connections and waits for their goroutines.
func (h *Handler) Close() error { return nil }
