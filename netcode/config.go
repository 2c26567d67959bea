package netcode

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/auth"
)

// Authenticator turns the token of a Hello or Auth into a user. A guest gets a
// token with which a later Hello is the same user again. ErrExpired of package
// auth is told to the client by its own code.
type Authenticator interface {
	// Authenticate may wait until ctx ends. An empty token asks for a new guest.
	Authenticate(ctx context.Context, token string) (user auth.User, guestToken string, err error)
}

// Config configures a Server. Auth and Host are required; zero values of the
// others stand for the defaults named here.
type Config struct {
	Auth        Authenticator // of Hello and Auth
	Host        Host          // of the games' rooms
	Open        OpenHost      // of the rooms that are no games; nil: there are none
	Logger      *slog.Logger  // nil: none
	Version     string        // of the server, sent in Welcome
	Development bool          // sent in Welcome

	MaxLinks        int           // rooms of one session: 16
	MaxPendingJoins int           // joins of one session under way: 4
	HelloTimeout    time.Duration // for the first message and its token: 5 s
	IdleTimeout     time.Duration // without any inbound message: 20 s
	PingInterval    time.Duration // 1 s
	MessageRate     int           // inbound messages a second of one session: 512
	MessageBurst    int           // twice MessageRate
	ByteRate        int           // inbound bytes a second of one session: 256 KiB
	ByteBurst       int           // twice ByteRate
	RecordRate      int           // of those, Mutate, Subscribe, Unsubscribe and Sync, which MessageRate does not count: 1,000
	RecordBurst     int           // twice RecordRate
	RecordMessage   int           // longest of these in bytes, if the transport takes it: 1 MiB
}

func (c Config) withDefaults() (Config, error) {
	if c.Auth == nil || c.Host == nil {
		return c, errors.New("failed to configure sessions: Auth and Host are required")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.MaxLinks, 16)
	setDefault(&c.MaxPendingJoins, 4)
	setDefault(&c.HelloTimeout, 5*time.Second)
	setDefault(&c.IdleTimeout, 20*time.Second)
	setDefault(&c.PingInterval, time.Second)
	setDefault(&c.MessageRate, 512)
	setDefault(&c.MessageBurst, 2*c.MessageRate)
	setDefault(&c.ByteRate, 256<<10)
	setDefault(&c.ByteBurst, 2*c.ByteRate)
	setDefault(&c.RecordRate, 1000)
	setDefault(&c.RecordBurst, 2*c.RecordRate)
	setDefault(&c.RecordMessage, 1<<20)
	return c, nil
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}
