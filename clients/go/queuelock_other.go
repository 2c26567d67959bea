//go:build !unix && !windows

package client

import (
	"errors"
	"io"
)

// lockFile has no lock to take here.
func lockFile(string) (io.Closer, error) {
	return nil, errors.New("this system cannot lock files: leave RecordsOptions.Queue empty")
}
