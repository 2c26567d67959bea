package store

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
type Room struct{}

// Name is the room's name.
func (r *Room) Name() string { panic("not yet") }

// Epoch is drawn anew when a room is made or restored.
func (r *Room) Epoch() uint64 { panic("not yet") }

// Seq is the last sequence that Commit was given.
func (r *Room) Seq() uint64 { panic("not yet") }

// Floor is the first sequence that the change log still has everything of:
// Changes answers from Floor-1 on.
func (r *Room) Floor() uint64 { panic("not yet") }

// Exists is false until the first commit.
func (r *Room) Exists() bool { panic("not yet") }

// Each visits the records of a space in the order of their keys. f must not keep
// key or value, nor call the store. An error of f ends it and is returned; a
// *DamageError says that a record is not what was written.
func (r *Room) Each(space Space, f func(key, value []byte, seq uint64) error) error {
	panic("not yet")
}

// Get returns a copy of one record and the sequence that wrote it.
func (r *Room) Get(space Space, key []byte) (value []byte, seq uint64, ok bool, err error) {
	panic("not yet")
}

// Spaces are those that hold a record, ascending.
func (r *Room) Spaces() []Space { panic("not yet") }

// Changes visits the latest operation on each key of the logged spaces after
// sequence since, ordered by sequence, then space and key. The error is
// ErrPruned if since lies before Floor()-1. f must not keep key, nor call the
// store.
func (r *Room) Changes(since uint64, f func(seq uint64, space Space, key []byte, removed bool) error) error {
	panic("not yet")
}

// Commit hands over a batch and returns at once: it never waits for the disk.
// The batch is empty afterwards and can be filled again. done is called when the
// batch is durable, or with the error why it will never be: by the committer, in
// the order of all commits, so it must be quick; if the batch is refused
// (ErrSequence, ErrTooLarge, ErrOverloaded, ErrFailed, ErrClosed, ErrGone), by
// Commit itself before it returns. After a refusal the caller's state is ahead
// of the room's: discard it and read it again.
func (r *Room) Commit(b *Batch, done func(error)) { panic("not yet") }
