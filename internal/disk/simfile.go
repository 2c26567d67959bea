package disk

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"syscall"
)

// sector is the unit that a disk writes wholly or not at all.
const sector = 512

// simFolder is the names of a folder as they are and as they are on the disk.
type simFolder struct {
	now, disk map[string]*simNode
	pending   []rename // in order
}

// rename is what one operation makes of names; nil removes one.
type rename map[string]*simNode

func (r rename) apply(names map[string]*simNode) {
	for name, n := range r {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

func (f *simFolder) change(r rename) {
	r.apply(f.now)
	f.pending = append(f.pending, r)
}

func (f *simFolder) sync() {
	f.disk = maps.Clone(f.now)
	f.pending = nil
}

// crash keeps the first so many changes of names: file systems write them in
// order. Then it loses what the files have in the cache.
func (f *simFolder) crash(random *rand.Rand) {
	if len(f.pending) > 0 {
		for _, r := range f.pending[:random.IntN(len(f.pending)+1)] {
			r.apply(f.disk)
		}
	}
	f.pending = nil
	f.now = maps.Clone(f.disk)
	for _, name := range sortedKeys(f.now) {
		f.now[name].crash(random)
	}
}

// simNode is a file without its name.
type simNode struct {
	now     []byte // as it is read
	disk    []byte // as a crash would leave it if nothing more was written
	pending []simWrite
}

// simWrite is a write, or a change of the size.
type simWrite struct {
	off      int64
	data     []byte
	size     int64
	truncate bool
}

func (w simWrite) apply(b []byte) []byte {
	if w.truncate {
		return resize(b, w.size)
	}
	if end := w.off + int64(len(w.data)); end > int64(len(b)) {
		b = resize(b, end)
	}
	copy(b[w.off:], w.data)
	return b
}

func resize(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		clear(b[size:])
		return b[:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}

func (n *simNode) write(w simWrite) {
	n.now = w.apply(n.now)
	n.pending = append(n.pending, w)
}

func (n *simNode) sync() {
	for _, w := range n.pending {
		n.disk = w.apply(n.disk)
	}
	n.pending = nil
}

// crash keeps of what is pending all, nothing, a beginning, or any sectors.
func (n *simNode) crash(random *rand.Rand) {
	keep := n.pending
	switch random.IntN(5) {
	case 0:
	case 1:
		keep = nil
	case 2:
		keep = keep[:random.IntN(len(keep)+1)]
	default:
		keep = tear(keep, random)
	}
	for _, w := range keep {
		n.disk = w.apply(n.disk)
	}
	n.pending = nil
	n.now = append([]byte(nil), n.disk...)
}

// tear is some of the sectors of some of the writes, in any order.
func tear(writes []simWrite, random *rand.Rand) (kept []simWrite) {
	dense := random.IntN(3) > 0 // keep most, or few
	for _, w := range writes {
		if w.truncate {
			if random.IntN(2) == 0 {
				kept = append(kept, w)
			}
			continue
		}
		for from := int64(0); from < int64(len(w.data)); {
			to := min(int64(len(w.data)), (w.off+from)/sector*sector+sector-w.off)
			if (random.IntN(8) > 0) == dense {
				kept = append(kept, simWrite{off: w.off + from, data: w.data[from:to]})
			}
			from = to
		}
	}
	random.Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
	return kept
}

// simFile is an open file of a Sim.
type simFile struct {
	disk     *Sim
	node     *simNode
	name     string
	life     int
	readOnly bool
	closed   bool
}

func (f *simFile) usable(op string) error {
	switch {
	case f.disk.down || f.life != f.disk.life:
		return ErrCrashed
	case f.closed:
		return &fs.PathError{Op: op, Path: f.name, Err: fs.ErrClosed}
	}
	return nil
}

func (f *simFile) ReadAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("read"); err != nil {
		return 0, err
	}
	if off >= int64(len(f.node.now)) {
		return 0, io.EOF
	}
	n := copy(b, f.node.now[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *simFile) WriteAt(b []byte, off int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("write"); err != nil {
		return 0, err
	}
	if f.readOnly {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrPermission}
	}
	crash, err := f.disk.step()
	if err != nil {
		return 0, err
	}
	n := len(b)
	if crash {
		n = f.disk.random.IntN(n + 1)
	}
	room := f.disk.room(f.node)
	full := room >= 0 && off+int64(n) > room
	if full {
		n = int(max(0, room-off))
	}
	if n > 0 {
		f.node.write(simWrite{off: off, data: append([]byte(nil), b[:n]...)})
	}
	switch {
	case crash:
		return n, ErrCrashed
	case full:
		return n, &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
	}
	return n, nil
}

// room is how long a file may become; negative: as long as it likes.
func (s *Sim) room(n *simNode) int64 {
	if s.limit < 0 {
		return -1
	}
	return max(int64(len(n.now)), s.limit-s.used()+int64(len(n.now)))
}

func (f *simFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("sync"); err != nil {
		return err
	}
	crash, err := f.disk.step()
	if err != nil {
		return err
	}
	if crash {
		return ErrCrashed // what is pending is for Crash to decide
	}
	if f.disk.badSync >= 0 {
		if f.disk.badSync--; f.disk.badSync < 0 {
			f.node.pending = nil
			return &fs.PathError{Op: "sync", Path: f.name, Err: syscall.EIO}
		}
	}
	f.node.sync()
	return nil
}

func (f *simFile) Truncate(size int64) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("truncate"); err != nil {
		return err
	}
	if f.readOnly {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: fs.ErrPermission}
	}
	if room := f.disk.room(f.node); room >= 0 && size > room {
		return &fs.PathError{Op: "truncate", Path: f.name, Err: syscall.ENOSPC}
	}
	crash, err := f.disk.step()
	if err != nil {
		return err
	}
	f.node.write(simWrite{size: size, truncate: true})
	if crash {
		return ErrCrashed
	}
	return nil
}

func (f *simFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.usable("stat"); err != nil {
		return 0, err
	}
	return int64(len(f.node.now)), nil
}

func (f *simFile) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.closed = true
	return nil
}
