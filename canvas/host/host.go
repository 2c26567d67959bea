package host

import (
	"context"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
)

// Config configures a Host. Store is required; zero values of the others stand
// for the defaults named here.
type Config struct {
	Store  *store.Store  // open, and closed by its owner after the host
	Kinds  []canvas.Kind // of rooms that can be opened
	Logger *slog.Logger  // nil: none

	Workers      int           // goroutines that run rooms: GOMAXPROCS
	Openers      int           // rooms that are loaded at once: 2
	Asking       int           // Role hooks of Renew that run at once: 64
	RoleTimeout  time.Duration // after which a Role hook's context ends: 30 s
	IdleAfter    time.Duration // a room without anybody stays in memory: 60 s
	InboxBytes   int           // messages that wait for one room; beyond them they are refused: 16 MiB
	BacklogBytes int           // messages that wait for one client, besides the document itself; beyond them it is ended: 8 MiB

	// MayOpen says whether a client at that address may make one more room. Nil:
	// it may. A room that exists opens without being asked about.
	MayOpen func(remote string) bool
	// OnCommit is told how long after the commit began what it wrote was
	// durable. It is called on the rooms' workers; nil: nobody is.
	OnCommit func(took time.Duration)
}

// Host runs the rooms. Its methods may be called by any goroutine.
type Host struct{}

// New starts the workers; Close ends them.
func New(cfg Config) (*Host, error) { panic("not yet") }

// Close refuses what is new, lets the rooms finish what they have, and ends the
// workers. Connections should have ended before, and the store is closed after.
func (h *Host) Close(ctx context.Context) error { panic("not yet") }

// Kinds lists what can be opened.
func (h *Host) Kinds() []canvas.Kind { panic("not yet") }

// Err is nil as long as rooms can be served; later it says why not.
func (h *Host) Err() error { panic("not yet") }

// Transact edits a room's document from the server: f's edits are one update. It
// returns when that is on disk, with f's error, or when ctx ends: then it may
// still happen. f runs on the room's goroutine: be quick, do no I/O, keep nothing.
func (h *Host) Transact(ctx context.Context, room string, f func(doc *yjs.Doc, tx *yjs.Tx) error) error {
	panic("not yet")
}

// Read lets f look at a room's document. f runs on the room's goroutine: be
// quick, change nothing, keep nothing of it. A room that does not exist is not
// made: the error is NO_SUCH_ROOM.
func (h *Host) Read(ctx context.Context, room string, f func(doc *yjs.Doc) error) error {
	panic("not yet")
}

// Do lets f work with a room's machine, on the room's goroutine, with the
// server's rights; packages such as canvas/board build their calls on it. It
// returns as Transact does, when what f put is on disk.
func (h *Host) Do(ctx context.Context, room string, f func(m canvas.Machine, now time.Time, out *canvas.Outbox) error) error {
	panic("not yet")
}
