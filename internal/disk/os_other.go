//go:build !linux

package disk

import (
	"os"
	"runtime"
)

func fdatasync(f *os.File) error { return f.Sync() }

// syncDir does nothing where folders cannot be synced.
func syncDir(d *os.File) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	return d.Sync()
}
