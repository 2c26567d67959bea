package journal

import (
	"errors"
	"log/slog"

	"github.com/parlor-server/parlor/internal/disk"
)

// DefaultSegmentBytes is after how many bytes a segment ends.
const DefaultSegmentBytes = 64 << 20

// Errors of opening and appending.
var (
	// ErrFailed is wrapped by what Append answers after a write or sync has
	// failed, and ever after: what is on disk is not known until the journal is
	// opened again, so nothing may be confirmed.
	ErrFailed = errors.New("the journal has failed and takes nothing until the server is restarted")
	// ErrNewerFormat is wrapped when a newer program has written the journal.
	ErrNewerFormat = errors.New("the journal was written by a newer version of this program")
	// ErrTooLarge refuses a batch; the journal goes on.
	ErrTooLarge = errors.New("the batch is too large for the journal")
	// ErrClosed is what a closed journal answers.
	ErrClosed = errors.New("the journal is closed")
)

// Position is a byte offset in the journal as a whole; it grows over all
// segments and restarts.
type Position uint64

// Entry is what one room commits: its transactions First to Last.
type Entry struct {
	Room        string // at most MaxRoom bytes
	First, Last uint64 // sequence numbers, First ≤ Last
	Data        []byte // in replay valid during the call only
}

// Options of a journal. The zero value is ready for use.
type Options struct {
	FS           disk.FS            // disk.OS() if nil
	SegmentBytes int64              // DefaultSegmentBytes if 0
	Logger       *slog.Logger       // discards if nil
	Fault        func(point string) // called at each of FaultPoints, by whoever gets there; nil in production
}

// Journal is an open journal. One goroutine appends and closes; another may
// call Cut beside it.
type Journal struct{}

// Open opens the journal in a folder, which it makes if there is none, and
// replays what was appended at replayFrom and after it, in order: replay gets
// the position behind the entry's batch. An error of replay ends Open. The
// torn end of an interrupted append is cut off. Damage is no error: see Report.
//
// replayFrom is a position that Append has returned, or 0. What lies before it
// is not needed any more, so damage there breaks no room.
func Open(dir string, o Options, replayFrom Position, replay func(Position, Entry) error) (*Journal, Report, error) {
	panic("not yet")
}

// Append makes a batch durable: one write, one fdatasync. It returns the
// position behind it, which is what a checkpoint that holds the batch stores as
// its replayFrom. The batch is not kept.
//
// After an error other than ErrTooLarge nothing is ever appended again: every
// later call answers ErrFailed.
func (j *Journal) Append(batch []Entry) (Position, error) { panic("not yet") }

// End is the position behind all that was appended.
func (j *Journal) End() Position { panic("not yet") }

// Cut removes the segments that lie wholly before a position.
func (j *Journal) Cut(before Position) error { panic("not yet") }

// Close ends the journal with a mark, so that damage after it can always be
// told from an interrupted append. It returns ErrFailed's cause if that was.
func (j *Journal) Close() error { panic("not yet") }

// Read replays a journal as Open does, but changes nothing on disk.
func Read(dir string, fs disk.FS, replayFrom Position, replay func(Position, Entry) error) (Report, error) {
	panic("not yet")
}

// Check reads the whole journal and says what is wrong with it.
func Check(dir string, fs disk.FS) (Report, error) { return Read(dir, fs, 0, nil) }

// FaultPoints are the names that Options.Fault is called with.
func FaultPoints() []string { panic("not yet") }
