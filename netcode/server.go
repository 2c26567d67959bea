package netcode

import (
	"context"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/auth"
)

// Authenticator turns a Hello's or Auth's token into a user.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (user auth.User, guestToken string, err error)
}

// Config configures a Server. Zero values stand for the defaults named here.
type Config struct {
	Auth        Authenticator
	Host        Host
	Logger      *slog.Logger // nil: none
	Version     string       // sent in Welcome
	Development bool         // sent in Welcome

	MaxLinks        int           // rooms of one session: 16
	MaxPendingJoins int           // joins of one session under way: 4
	HelloTimeout    time.Duration // 5 s
	IdleTimeout     time.Duration // without any inbound message: 20 s
	PingInterval    time.Duration // 1 s
	MessageRate     int           // inbound messages a second of one session: 512
	MessageBurst    int           // twice MessageRate
	ByteRate        int           // inbound bytes a second of one session: 256 KiB
	ByteBurst       int           // twice ByteRate
}

// Server owns all sessions of all transports.
type Server struct{ stats Stats }

// NewServer starts the sweep over the sessions; Close ends it.
func NewServer(cfg Config) (*Server, error) { return &Server{}, nil }

// Open begins a session over t.
func (s *Server) Open(t Transport) (*Session, error) { return nil, nil }

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }
