package store

import (
	"io"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/internal/disk"
)

// Defaults of Options.
const (
	DefaultCheckpointBytes = 32 << 20
	DefaultCheckpointEvery = 30 * time.Second
	DefaultRetention       = 48 * time.Hour
	DefaultQueueBytes      = 64 << 20
)

// Options of a store. The zero value is ready for use.
type Options struct {
	FS              disk.FS            // of the journal; disk.OS() if nil. The B+tree file is always a real one.
	Logger          *slog.Logger       // discards if nil
	CheckpointBytes int64              // of the journal after which a checkpoint begins
	CheckpointEvery time.Duration      // between checkpoints while something is committed
	Retention       time.Duration      // of the change log; below zero it is never pruned
	QueueBytes      int64              // of commits that wait for the disk
	Now             func() time.Time   // time.Now if nil; read for the retention only
	Fault           func(point string) // called at each of FaultPoints, by whoever gets there; nil in production
}

// Store is an open data folder. Its methods may be called by any goroutine.
type Store struct{}

// Open opens the data folder dir, which it makes if there is none, recovers what
// was committed, and starts the committer and the checkpointer, which Close
// ends. Errors: ErrLocked, ErrNewerFormat, ErrNotEmpty, or what the disk says.
// Rooms that cannot be proven whole are no error: see RoomInfo.Quarantined.
func Open(dir string, o Options) (*Store, error) { panic("not yet") }

// Close confirms what is queued, writes a last checkpoint and gives the folder
// free. It returns what made the store fail, if that was.
func (s *Store) Close() error { panic("not yet") }

// Err is nil until the store fails or is closed, then ErrFailed with the cause,
// or ErrClosed.
func (s *Store) Err() error { panic("not yet") }

// Failed is closed when the store fails.
func (s *Store) Failed() <-chan struct{} { panic("not yet") }

// Full says that commits come in faster than the disk takes them. It is true
// from half of Options.QueueBytes on, or when checkpoints cannot keep up: then
// do not run what would commit more. Commits are taken until the queue is full.
func (s *Store) Full() bool { panic("not yet") }

// Drained returns a channel that is closed when the store is not Full, which it
// may already be.
func (s *Store) Drained() <-chan struct{} { panic("not yet") }

// RoomInfo is one room of the folder.
type RoomInfo struct {
	Name        string
	Epoch, Seq  uint64
	Bytes       int64  // of keys and values as of the last checkpoint
	Quarantined string // why the room is not served, or ""
}

// Rooms lists the rooms in which something was committed, by name.
func (s *Store) Rooms() []RoomInfo { panic("not yet") }

// Room returns the room of that name, which begins to exist with its first
// commit. All callers share one handle. The error is a *QuarantineError, or
// ErrFailed or ErrClosed.
func (s *Store) Room(name string) (*Room, error) { panic("not yet") }

// Drop removes a room and all that is in it, also one in quarantine. The name
// can be used again: that room has another epoch.
func (s *Store) Drop(name string) error { panic("not yet") }

// Checkpoint writes all that is durable so far to the B+tree, and returns when
// that is done. The store does this by itself.
func (s *Store) Checkpoint() error { panic("not yet") }

// Backup writes all rooms as of one moment to w, while commits go on. See Restore.
func (s *Store) Backup(w io.Writer) error { panic("not yet") }

// Restore makes a data folder of what Backup wrote. The folder must be empty or
// missing. Every room gets a new epoch, and its change log begins anew.
func Restore(dir string, r io.Reader) error { panic("not yet") }

// CheckReport is what Check has found.
type CheckReport struct {
	Rooms, Records, Changes int
	Damage                  []string // one sentence each, with room and key; empty if all is well
}

// Check reads all of a data folder that no process has open: checksums, the
// journal's chains, the pages of the B+tree, the change log against the data,
// and the high-water marks. The error is about reading, damage is in the report.
func Check(dir string, fs disk.FS) (CheckReport, error) { panic("not yet") }
