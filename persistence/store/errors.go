package store

import (
	"errors"
	"fmt"
)

// Errors of opening a data folder.
var (
	// ErrLocked is wrapped when another process has the folder open.
	ErrLocked = errors.New("the data folder is in use by another process")
	// ErrNewerFormat is wrapped when a newer program has written the folder.
	ErrNewerFormat = errors.New("the data folder was written by a newer version of this program")
	// ErrNotEmpty is wrapped when Restore is given a folder with something in
	// it, and when Open is given one that holds something else than a store.
	ErrNotEmpty = errors.New("the folder is not empty")
)

// Errors of an open store.
var (
	// ErrFailed is wrapped by everything once a write or a sync has failed: what
	// is on disk is not known until the folder is opened again, so nothing is
	// confirmed and nothing is read from it any more.
	ErrFailed = errors.New("the store has failed and confirms nothing until the server is restarted")
	// ErrClosed is what a closed store answers.
	ErrClosed = errors.New("the store is closed")
	// ErrOverloaded refuses a commit when the queue to the disk is full.
	ErrOverloaded = errors.New("the disk is behind: the queue of commits is full")
	// ErrSequence refuses a commit whose sequences do not follow the room's.
	ErrSequence = errors.New("the sequence does not follow the room's last one")
	// ErrTooLarge refuses a commit with a key beyond MaxKeyBytes, a value beyond
	// MaxValueBytes, or with more than MaxBatchBytes.
	ErrTooLarge = errors.New("the commit is too large")
	// ErrNoKey refuses a commit with an empty key.
	ErrNoKey = errors.New("a key is empty")
	// ErrPruned answers Changes for a sequence that the change log does not
	// reach back to.
	ErrPruned = errors.New("the change log does not reach back that far")
	// ErrGone is what the handle of a dropped room answers: ask the store for
	// the room again.
	ErrGone = errors.New("the room was dropped")
)

// QuarantineError is why a room is not served: it cannot be proven whole.
type QuarantineError struct {
	Room   string
	Reason string
}

// Error says what to do about the room.
func (e *QuarantineError) Error() string {
	return fmt.Sprintf("room %s is in quarantine: %s. Restore it from a backup, or drop it", e.Room, e.Reason)
}

// DamageError is a record that is not what was written.
type DamageError struct {
	Room  string
	Space Space
	Key   []byte
	What  string
}

// Error names the record and what is wrong with it.
func (e *DamageError) Error() string {
	return fmt.Sprintf("room %s, space %d, key %q: %s", e.Room, e.Space, e.Key, e.What)
}
