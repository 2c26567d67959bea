//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// lockFile takes the lock of an open file; it is free again when the file is
// closed, or the process is gone.
func lockFile(f *os.File) (taken bool, err error) {
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}
