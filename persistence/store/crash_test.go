package store

import "errors"

// crash leaves the folder as a killed process would: nothing that is queued is
// written, no checkpoint is made.
func (s *Store) crash() {
	s.fail(errCrash)
	s.closing.Do(func() { s.closed = s.close(false) })
}

var errCrash = errors.New("the test ends the process")
