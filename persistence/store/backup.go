package store

import "io"

// Backup writes all rooms as of one moment to w, while commits go on. See Restore.
func (s *Store) Backup(w io.Writer) error { panic("not yet") }

// Restore makes a data folder of what Backup wrote. The folder must be empty or
// missing. Every room gets a new epoch, and its change log begins anew.
func Restore(dir string, r io.Reader) error { panic("not yet") }
