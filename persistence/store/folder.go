package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/parlor-server/parlor/internal/disk"
)

// What a data folder holds.
const (
	lockName    = "lock"
	formatName  = "format"
	treeName    = "records.db"
	journalName = "journal"
)

// format is the version of the data folder as a whole. The file of that name
// comes first into a new folder and last into a restored one.
const (
	format       = 1
	formatPrefix = "parlor store "
)

// lockPatience is how long to wait for the B+tree file's own lock, which can
// only be held by a stranger.
const lockPatience = 100 * time.Millisecond

// openFolder makes a folder if there is none, locks it and checks its format.
// Closing the file gives it free.
func openFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("failed to make the data folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	if err := checkFormat(dir, true); err != nil {
		lock.Close()
		return nil, err
	}
	return lock, nil
}

// lockFolder takes the lock of a folder that exists.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("failed to open the data folder's lock: %w", err)
	}
	taken, err := lockFile(f)
	if err == nil && taken {
		return f, nil
	}
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("failed to lock the data folder %s: %w", dir, err)
	}
	return nil, fmt.Errorf("%w: stop the server that uses %s, or give this one another folder", ErrLocked, dir)
}

// checkFormat refuses what this program cannot read; an empty folder gets its
// format if wanted.
func checkFormat(dir string, create bool) error {
	text, err := os.ReadFile(filepath.Join(dir, formatName))
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := checkEmpty(dir); err != nil {
			return fmt.Errorf("%w, yet it has no file %q: %s is no data folder, or restoring it was interrupted; empty it or give another one", err, formatName, dir)
		}
		return writeFormat(dir)
	}
	if err != nil {
		return fmt.Errorf("failed to read the data folder's format: %w", err)
	}
	digits, ok := strings.CutPrefix(strings.TrimSpace(string(text)), formatPrefix)
	version, err := strconv.Atoi(digits)
	switch {
	case !ok || err != nil || version < 1:
		return fmt.Errorf("failed to read the data folder's format: %s holds %q", filepath.Join(dir, formatName), text)
	case version > format:
		return fmt.Errorf("%w: %s has format %d, this program reads up to %d. Run the newer one", ErrNewerFormat, dir, version, format)
	}
	return nil
}

// checkEmpty returns ErrNotEmpty unless there is nothing but a lock.
func checkEmpty(dir string) error {
	names, err := disk.OS().ReadDir(dir)
	if err != nil {
		return fmt.Errorf("failed to read the data folder: %w", err)
	}
	for _, name := range names {
		if name != lockName && name != formatName+".new" {
			return ErrNotEmpty
		}
	}
	return nil
}

// writeFormat writes the format durably, at once or not at all.
func writeFormat(dir string) error {
	name := filepath.Join(dir, formatName)
	f, err := os.Create(name + ".new")
	if err != nil {
		return fmt.Errorf("failed to write the data folder's format: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s%d\n", formatPrefix, format)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err == nil {
		err = disk.OS().SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("failed to write the data folder's format: %w", err)
	}
	return nil
}
