package host

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/tick"
)

// Config configures a Host. Zero values stand for the defaults named here.
type Config struct {
	Kinds     []presence.Kind // of rooms that can be opened
	Scheduler *tick.Scheduler // required: steps the rooms; closed by its owner after the host
	Logger    *slog.Logger    // nil: none
	MaxRooms  int             // at once: 10,000; more opens are answered with TOO_MANY_ROOMS
	IdleAfter time.Duration   // a room without anybody stays in memory: 10 s

	// MayOpen says whether a client at that address may make one more room. Nil:
	// it may.
	MayOpen func(remote string) bool
}

func (c Config) withDefaults() (Config, error) {
	if c.Scheduler == nil {
		return c, errors.New("failed to configure presence rooms: give the Scheduler that steps them")
	}
	seen := make(map[string]bool)
	for _, kind := range c.Kinds {
		if err := kind.Err(); err != nil {
			return c, err
		}
		if seen[kind.Name()] {
			return c, fmt.Errorf("two kinds of presence rooms are named %q: give each its own name in presence.Define", kind.Name())
		}
		seen[kind.Name()] = true
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxRooms <= 0 {
		c.MaxRooms = 10_000
	}
	if c.IdleAfter <= 0 {
		c.IdleAfter = 10 * time.Second
	}
	return c, nil
}
