package store

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/bbolt"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/journal"
)

// Defaults of Options.
const (
	DefaultCheckpointBytes = 64 << 20
	DefaultCheckpointEvery = 30 * time.Second
	DefaultRetention       = 48 * time.Hour
	DefaultQueueBytes      = 64 << 20
)

// Options of a store. The zero value is ready for use.
type Options struct {
	FS              disk.FS            // of the journal; disk.OS() if nil. The B+tree file is always a real one.
	Logger          *slog.Logger       // discards if nil
	SegmentBytes    int64              // of the journal; journal.DefaultSegmentBytes if 0
	CheckpointBytes int64              // of the journal after which a checkpoint begins
	CheckpointEvery time.Duration      // between checkpoints while something is committed
	Retention       time.Duration      // of the change log; below zero it is never pruned
	QueueBytes      int64              // of commits that wait for the disk
	Now             func() time.Time   // time.Now if nil; read for the retention only
	Fault           func(point string) // called at each of FaultPoints, by whoever gets there; nil in production
}

// withDefaults fills in what is not set.
func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.CheckpointBytes = cmp.Or(o.CheckpointBytes, DefaultCheckpointBytes)
	o.CheckpointEvery = cmp.Or(o.CheckpointEvery, DefaultCheckpointEvery)
	o.Retention = cmp.Or(o.Retention, DefaultRetention)
	o.QueueBytes = cmp.Or(o.QueueBytes, DefaultQueueBytes)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fault == nil {
		o.Fault = func(string) {}
	}
	return o
}

// Store is an open data folder. Its methods may be called by any goroutine.
type Store struct {
	o       Options
	dir     string
	lock    *os.File
	tree    *bbolt.DB
	journal *journal.Journal
	queue   *queue
	log     *slog.Logger

	checkpoints checkpointer
	reading     atomic.Int32   // calls of Each: rooms that are being opened
	workers     sync.WaitGroup // committer and checkpointer
	closing     sync.Once
	closed      error // of closing

	// gate makes all rooms' memtables and the queue one: who commits holds it
	// shared, a checkpoint that begins holds it alone.
	gate sync.RWMutex

	mu          sync.Mutex // guards all below; never held while something waits
	rooms       map[string]*Room
	dirty       []*Room // those with an active memtable or another state than the stored one
	unaccounted string  // why rooms that nothing is known of are refused, or ""
	failure     error
	ended       bool
	failedOnce  chan struct{} // closed when the store fails
}

// Err is nil until the store fails or is closed, then ErrFailed with the cause,
// or ErrClosed.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil && s.ended {
		return ErrClosed
	}
	return s.failure
}

// Failed is closed when the store fails.
func (s *Store) Failed() <-chan struct{} { return s.failedOnce }

// hasFailed is Err without ErrClosed: what is queued at Close is still written.
func (s *Store) hasFailed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// fail makes the store answer ErrFailed to everything from now on. It returns
// what the first failure was.
func (s *Store) fail(cause error) error {
	s.mu.Lock()
	if s.failure == nil {
		s.failure = failure(cause)
		s.log.Error("the store has failed: nothing is confirmed until the server is restarted", "folder", s.dir, "error", cause)
		close(s.failedOnce)
	}
	err := s.failure
	s.mu.Unlock()
	s.queue.end(err)
	return err
}

// failure words why a store takes nothing any more.
func failure(cause error) error {
	if errors.Is(cause, syscall.ENOSPC) {
		return fmt.Errorf("%w: the disk of the data folder is full, make room on it: %w", ErrFailed, cause)
	}
	return fmt.Errorf("%w: %w", ErrFailed, cause)
}

// Close confirms what is queued, writes a last checkpoint and gives the folder
// free. It returns what made the store fail, if that was. Handles of rooms
// answer ErrClosed afterwards.
func (s *Store) Close() error {
	s.closing.Do(func() { s.closed = s.close(true) })
	return s.closed
}

// close ends both goroutines and gives the folder free.
func (s *Store) close(checkpoint bool) error {
	s.gate.Lock()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.gate.Unlock() // no commit is under way any more, and none begins

	s.checkpoints.end(checkpoint)
	s.workers.Wait()
	return errors.Join(s.hasFailed(), s.journal.Close(), s.tree.Close(), s.lock.Close())
}

// Full says that commits come in faster than the disk takes them. It is true
// from half of Options.QueueBytes on, or when checkpoints cannot keep up: then
// do not run what would commit more. Commits are taken until the queue is full.
func (s *Store) Full() bool {
	full, _ := s.queue.full()
	return full
}

// Drained returns a channel that is closed when the store is not Full, which it
// may already be.
func (s *Store) Drained() <-chan struct{} {
	_, drained := s.queue.full()
	return drained
}

// RoomInfo is one room of the folder.
type RoomInfo struct {
	Name        string
	Epoch, Seq  uint64
	Bytes       int64  // of keys and values in the logged spaces, as of the last checkpoint
	Quarantined string // why the room is not served, or ""
}

// Rooms lists the rooms in which something was committed, by name.
func (s *Store) Rooms() []RoomInfo {
	s.mu.Lock()
	rooms := make([]*Room, 0, len(s.rooms))
	for _, r := range s.rooms {
		rooms = append(rooms, r)
	}
	s.mu.Unlock()
	list := make([]RoomInfo, 0, len(rooms))
	for _, r := range rooms {
		r.mu.Lock()
		if r.state.exists || r.state.reason != "" {
			list = append(list, RoomInfo{r.name, r.state.epoch, r.state.seq, r.state.bytes, r.state.reason})
		}
		r.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b RoomInfo) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// MaxNameBytes is how long a room's name may be.
const MaxNameBytes = 256

// Room returns the room of that name, which begins to exist with its first
// commit. All callers share one handle. The error is a *QuarantineError,
// ErrFailed or ErrClosed, or about the name's length.
func (s *Store) Room(name string) (*Room, error) {
	if name == "" || len(name) > MaxNameBytes {
		return nil, fmt.Errorf("failed to open a room: its name has %d bytes, 1 to %d are possible", len(name), MaxNameBytes)
	}
	if err := s.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.rooms[name]
	if r == nil {
		if s.unaccounted != "" {
			return nil, &QuarantineError{name, s.unaccounted}
		}
		r = newRoom(s, name, roomState{epoch: newEpoch(), floor: 1})
		s.rooms[name] = r
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.state.reason != "" {
		return nil, &QuarantineError{name, r.state.reason}
	}
	return r, nil
}

// newEpoch draws an epoch, which is never 0.
func newEpoch() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return max(binary.BigEndian.Uint64(b[:]), 1)
}

// Forget lets go of a room in which nothing was ever committed, so that names
// that were only asked for take no memory. Its handle answers ErrGone.
func (s *Store) Forget(r *Room) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.rooms[r.name] == r && !r.state.exists && r.state.seq == 0 && r.state.reason == "" {
		delete(s.rooms, r.name)
		r.gone = true
	}
}

// Drop removes a room and all that is in it, also one in quarantine. The name
// can be used again: that room goes on counting, in another epoch.
func (s *Store) Drop(name string) error {
	done := make(chan error, 1)
	if err := s.drop(name, func(err error) { done <- err }); err != nil {
		return err
	}
	return <-done
}

func (s *Store) drop(name string, done func(error)) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if err := s.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	old := s.rooms[name]
	s.mu.Unlock()
	entry := make([]byte, entryHeader)
	if err := s.queue.reserve(len(entry)); err != nil {
		return err
	}
	var seq uint64
	if old != nil {
		old.mu.Lock()
		seq = old.state.seq
		old.gone = true
		old.mu.Unlock()
	}
	r := newRoom(s, name, roomState{epoch: newEpoch(), seq: seq + 1, floor: seq + 2})
	r.active = &memtable{wiped: true, wipedAt: seq + 1}
	putEntryHeader(entry, entryDrop, r.state.epoch)
	s.mu.Lock()
	s.rooms[name] = r
	s.dirty = append(s.dirty, r)
	s.mu.Unlock()
	return s.queue.push(commit{room: name, first: seq + 1, last: seq + 1, entry: entry, done: done})
}

// markDirty makes the next checkpoint visit a room.
func (s *Store) markDirty(r *Room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty = append(s.dirty, r)
}
