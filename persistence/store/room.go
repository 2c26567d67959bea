package store

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
)

// Space is one of a room's key spaces. Those below FirstLogged are the room's
// own bookkeeping, the others are in the change log.
type Space uint32

// FirstLogged is the first space whose keys are in the change log.
const FirstLogged Space = 256

// Room is a room of a store: ordered key spaces and one sequence number. Its
// methods may be called by any goroutine, but commits of a room come from one at
// a time, in the order of their sequences.
//
// Reads see all that Commit was given, also what is not durable yet: what is
// read leaves the server only after the commits before it are done.
type Room struct {
	s    *Store
	name string

	mu      sync.Mutex // guards all below; held shortly, and after the store's gate and lock
	state   roomState  // as of the last Commit; marks belong to the checkpointer
	active  *memtable  // committed since the last checkpoint began, or nil
	writing *memtable  // what a checkpoint is writing to the B+tree, or nil
	cuts    int        // how often active became writing
	unsaved bool       // state differs from the stored one although active is nil
	gone    bool       // dropped or forgotten
}

func newRoom(s *Store, name string, state roomState) *Room {
	return &Room{s: s, name: name, state: state}
}

// Name is the room's name.
func (r *Room) Name() string { return r.name }

// Epoch is drawn anew when a room is made, dropped or restored. That of a room
// that does not exist yet may be another one after a restart.
func (r *Room) Epoch() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.epoch
}

// Seq is the last sequence that Commit was given.
func (r *Room) Seq() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.seq
}

// Floor is the first sequence that the change log still has everything of:
// Changes answers from Floor-1 on.
func (r *Room) Floor() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.floor
}

// Exists is false until the first commit.
func (r *Room) Exists() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.exists
}

// usable says why the room cannot be used, if so. Its lock is held, the store's
// is not.
func (r *Room) usable() error {
	switch {
	case r.gone:
		return ErrGone
	case r.state.reason != "":
		return &QuarantineError{r.name, r.state.reason}
	}
	return nil
}

// Commit hands over a batch and returns at once: it never waits for the disk.
// The batch is empty afterwards and can be filled again. done is called when the
// batch is durable, or with the error why it will never be: by the committer, in
// the order of all commits, so it must be quick; if the batch is refused
// (ErrSequence, ErrTooLarge, ErrNoKey, ErrOverloaded, ErrFailed, ErrClosed, ErrGone, a
// *QuarantineError), by Commit itself before it returns. After a refusal the
// caller's state is ahead of the room's: discard it and read it again.
func (r *Room) Commit(b *Batch, done func(error)) {
	r.s.gate.RLock()
	err := r.commit(b, done)
	r.s.gate.RUnlock()
	b.Reset()
	if err != nil {
		done(fmt.Errorf("failed to commit to room %s: %w", r.name, err))
	}
}

func (r *Room) commit(b *Batch, done func(error)) error {
	if err := r.s.Err(); err != nil {
		return err
	}
	entry, dirty, err := r.take(b)
	if err != nil {
		return err
	}
	if dirty {
		r.s.markDirty(r)
	}
	return r.s.queue.push(commit{room: r.name, first: b.first, last: b.last, entry: entry, done: done})
}

// take puts a batch into memory, as an entry which the journal is to get, and
// says whether it is the first one since a checkpoint began.
func (r *Room) take(b *Batch) (entry []byte, dirty bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.usable(); err != nil {
		return nil, false, err
	}
	switch {
	case b.refusal != nil:
		return nil, false, b.refusal
	case b.last == 0 || b.first != r.state.seq+1:
		return nil, false, fmt.Errorf("%w: the batch begins with %d, the room is at %d", ErrSequence, b.first, r.state.seq)
	case len(b.entry) > MaxBatchBytes:
		return nil, false, fmt.Errorf("%w: %d bytes, %d are the most", ErrTooLarge, len(b.entry), MaxBatchBytes)
	}
	if err := r.s.queue.reserve(len(b.entry)); err != nil {
		return nil, false, err
	}
	entry = append(make([]byte, 0, len(b.entry)), b.entry...) // it stays until a checkpoint has written it
	putEntryHeader(entry, entryCommit, r.state.epoch)
	if r.active == nil {
		r.active, dirty = new(memtable), true
	}
	r.active.add(entry, b.first, b.last)
	r.state.seq, r.state.exists = b.last, true
	return entry, dirty, nil
}

// catchUpOps is how many operations are looked at while the lock is held, about:
// commits wait no longer than for that.
const catchUpOps = 1024

// catchUp makes a memtable, which may be nil, readable.
func (r *Room) catchUp(m *memtable) {
	for done := false; !done; runtime.Gosched() {
		r.mu.Lock()
		done = m.catchUp(catchUpOps)
		r.mu.Unlock()
	}
}

// quarantine closes a room whose data is not what was written; the reason stays
// with the folder. Other errors only pass through.
func (r *Room) quarantine(err error) error {
	var damage *DamageError
	if !errors.As(err, &damage) && !errors.Is(err, errTree) {
		return err
	}
	r.mu.Lock()
	first := r.state.reason == ""
	if first {
		r.state.reason = err.Error()
		r.unsaved = true
	}
	r.mu.Unlock()
	if first {
		r.s.log.Error("a room is damaged and not served any more", "room", r.name, "error", err)
		r.s.markDirty(r)
		r.s.checkpoints.wakeUp()
	}
	return err
}
