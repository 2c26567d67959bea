package disk

import (
	"errors"
	"io"
	"io/fs"
)

// FS is a file system. Names are paths as [os.OpenFile] takes them. Its methods
// may be called by any goroutine.
//
// What a crash leaves of a file is decided by [File.Sync], what it leaves of a
// name by SyncDir of the name's folder: a file that was synced but whose folder
// was not may be gone.
type FS interface {
	// OpenFile opens a file; flags are those of package os.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename gives a file another name, at once or not at all, also in a crash.
	Rename(from, to string) error
	Remove(name string) error
	// ReadDir returns the names in a folder, sorted.
	ReadDir(name string) ([]string, error)
	MkdirAll(name string, perm fs.FileMode) error
	// SyncDir makes durable which names a folder has.
	SyncDir(name string) error
}

// File is an open file. Reads may run beside anything; writes, syncs and
// truncations are made by one goroutine at a time.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Sync makes what was written durable, with as much of the metadata as is
	// needed to read it again (fdatasync). After an error nothing is known of
	// what was written since the last success, and another Sync may well say
	// that all is well although it is lost: do not retry.
	Sync() error
	// Truncate sets the size; what is added reads as zeros.
	Truncate(size int64) error
	Size() (int64, error)
	Close() error
}

// ErrCrashed is what a simulated disk answers between a crash and the restart,
// and ever after on files that were opened before.
var ErrCrashed = errors.New("the disk has crashed")
