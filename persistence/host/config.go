package host

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
)

// Config configures a Host. Dir, or Shared, is required; zero values of the
// others stand for the defaults named here.
type Config struct {
	Dir    string         // the data folder, which the host opens and locks
	Store  store.Options  // of the data folder; Logger is set from below
	Shared *store.Store   // instead of Dir: already open, and closed by its owner after the host
	Kinds  []records.Kind // of rooms that can be opened
	Logger *slog.Logger   // nil: none

	Workers        int           // goroutines that run rooms: GOMAXPROCS
	Openers        int           // rooms that are loaded at once: 2
	Preparing      int           // Prepare hooks that run at once: 64
	PrepareTimeout time.Duration // after which a Prepare hook's context ends: 30 s
	Following      int           // AfterCommit hooks that run at once: 64
	IdleAfter      time.Duration // a room without anybody stays in memory: 60 s
	InboxBytes     int           // messages that wait for one room; beyond them they are refused: 4 MiB

	// MayOpen says whether a client at that address may make one more room. Nil:
	// it may. A room that exists opens without being asked about.
	MayOpen func(remote string) bool
	// OnCommit is told how long after the commit began what it wrote was
	// durable. It is called on the rooms' workers; nil: nobody is.
	OnCommit func(took time.Duration)
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" && c.Shared == nil {
		return c, errors.New("failed to configure record rooms: name the data folder in Dir")
	}
	seen := make(map[string]bool)
	for _, kind := range c.Kinds {
		if err := kind.Err(); err != nil {
			return c, err
		}
		if seen[kind.Name()] {
			return c, fmt.Errorf("two kinds of record rooms are named %q: give each its own name in records.Define", kind.Name())
		}
		seen[kind.Name()] = true
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Store.Logger = c.Logger
	setDefault(&c.Workers, runtime.GOMAXPROCS(0))
	setDefault(&c.Openers, 2)
	setDefault(&c.Preparing, 64)
	setDefault(&c.PrepareTimeout, 30*time.Second)
	setDefault(&c.Following, 64)
	setDefault(&c.IdleAfter, time.Minute)
	setDefault(&c.InboxBytes, 4<<20)
	return c, nil
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}
