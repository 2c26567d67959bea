package disk

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// Sim is a disk in memory that treats what is not synced as real ones may. Its
// choices come from a seed, so that the same calls give the same disk. Folders
// are durable once made; what names they have is not. Any goroutine may use it.
type Sim struct {
	mu      sync.Mutex
	random  *rand.Rand
	folders map[string]*simFolder
	life    int   // files opened in another one answer ErrCrashed
	down    bool  // crashed, and not yet restarted
	budget  int   // operations until the crash; negative: none is planned
	limit   int64 // of the bytes in all files; negative: none
	badSync int   // syncs until one fails; negative: none does
	ops     int
}

// NewSim returns an empty disk.
func NewSim(seed uint64) *Sim {
	return &Sim{
		random:  rand.New(rand.NewPCG(seed, 0x6469736b)),
		folders: map[string]*simFolder{},
		budget:  -1, limit: -1, badSync: -1,
	}
}

// CrashAfter plans a crash: n more operations that change something succeed,
// the next one is made in part, and then there is ErrCrashed until Crash.
func (s *Sim) CrashAfter(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.budget = n
}

// Crash is a power failure and the restart after it: of what was written since
// the last sync some is there and some not, in no order, by sectors.
func (s *Sim) Crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restart()
	for _, name := range sortedKeys(s.folders) {
		s.folders[name].crash(s.random)
	}
}

// Kill ends the process only: open files are gone, what was written is not.
func (s *Sim) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restart()
}

func (s *Sim) restart() {
	s.life++
	s.down, s.budget, s.badSync = false, -1, -1
}

// Limit sets how many bytes all files together may have; what goes beyond
// fails with ENOSPC. Negative: no limit.
func (s *Sim) Limit(bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = bytes
}

// FailSync lets n more syncs succeed and the next one fail with EIO. What that
// one should have made durable then counts as clean: reads still show it, no
// later sync writes it, and a crash loses it.
func (s *Sim) FailSync(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.badSync = n
}

// Flip changes bits of a byte that is on the disk.
func (s *Sim) Flip(name string, off int64, mask byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.node(name)
	if err != nil {
		return err
	}
	if off < 0 || off >= int64(len(n.now)) {
		return &fs.PathError{Op: "flip", Path: name, Err: io.EOF}
	}
	n.now[off] ^= mask
	if off < int64(len(n.disk)) {
		n.disk[off] ^= mask
	}
	return nil
}

// Used is how many bytes all files have together.
func (s *Sim) Used() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used()
}

func (s *Sim) used() (sum int64) {
	for _, f := range s.folders {
		for _, n := range f.now {
			sum += int64(len(n.now))
		}
	}
	return sum
}

// Ops is how many operations have changed something: what CrashAfter counts.
func (s *Sim) Ops() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ops
}

// step begins an operation that changes something. crash says that it is the
// one that a planned crash interrupts.
func (s *Sim) step() (crash bool, err error) {
	if s.down {
		return false, ErrCrashed
	}
	s.ops++
	if s.budget < 0 {
		return false, nil
	}
	if s.budget--; s.budget < 0 {
		s.down = true
		return true, nil
	}
	return false, nil
}

func (s *Sim) folder(name string) (*simFolder, error) {
	if f := s.folders[filepath.Dir(name)]; f != nil {
		return f, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (s *Sim) node(name string) (*simNode, error) {
	f, err := s.folder(name)
	if err != nil {
		return nil, err
	}
	if n := f.now[filepath.Base(name)]; n != nil {
		return n, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// OpenFile implements FS.
func (s *Sim) OpenFile(name string, flag int, _ fs.FileMode) (File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, ErrCrashed
	}
	folder, err := s.folder(name)
	if err != nil {
		return nil, err
	}
	n := folder.now[filepath.Base(name)]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n == nil:
		n = &simNode{}
		if err := s.change(folder, rename{filepath.Base(name): n}); err != nil {
			return nil, err
		}
	case flag&os.O_TRUNC != 0:
		n.write(simWrite{size: 0, truncate: true})
	}
	return &simFile{disk: s, node: n, name: name, life: s.life, readOnly: flag&(os.O_RDWR|os.O_WRONLY) == 0}, nil
}

// change gives a folder other names, unless the disk crashes at it.
func (s *Sim) change(f *simFolder, r rename) error {
	crash, err := s.step()
	if err != nil {
		return err
	}
	if !crash || s.random.IntN(2) == 0 {
		f.change(r)
	}
	if crash {
		return ErrCrashed
	}
	return nil
}

// Rename implements FS, within one folder.
func (s *Sim) Rename(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.node(from)
	if err != nil {
		return err
	}
	if filepath.Dir(from) != filepath.Dir(to) {
		return &fs.PathError{Op: "rename", Path: from, Err: syscall.EXDEV}
	}
	f, _ := s.folder(from)
	return s.change(f, rename{filepath.Base(from): nil, filepath.Base(to): n})
}

// Remove implements FS.
func (s *Sim) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.node(name); err != nil {
		return err
	}
	f, _ := s.folder(name)
	return s.change(f, rename{filepath.Base(name): nil})
}

// ReadDir implements FS.
func (s *Sim) ReadDir(name string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, ErrCrashed
	}
	f := s.folders[filepath.Clean(name)]
	if f == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return sortedKeys(f.now), nil
}

// MkdirAll implements FS.
func (s *Sim) MkdirAll(name string, _ fs.FileMode) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return ErrCrashed
	}
	for name = filepath.Clean(name); ; name = filepath.Dir(name) {
		if s.folders[name] == nil {
			s.folders[name] = &simFolder{now: map[string]*simNode{}, disk: map[string]*simNode{}}
		}
		if filepath.Dir(name) == name {
			return nil
		}
	}
}

// SyncDir implements FS.
func (s *Sim) SyncDir(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.folders[filepath.Clean(name)]
	if f == nil {
		return &fs.PathError{Op: "sync", Path: name, Err: fs.ErrNotExist}
	}
	crash, err := s.step()
	if err != nil {
		return err
	}
	if crash {
		f.crash(s.random)
		return ErrCrashed
	}
	f.sync()
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
