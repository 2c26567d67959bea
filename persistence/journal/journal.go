package journal

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

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
	// ErrTooLarge is wrapped when a batch is refused; the journal goes on.
	ErrTooLarge = errors.New("the batch is too large for the journal")
	// ErrClosed is what a closed journal answers.
	ErrClosed = errors.New("the journal is closed")
)

// Position is a byte offset in the journal as a whole; it grows over all
// segments and restarts.
type Position uint64

// Entry is what one room commits: its transactions First to Last.
type Entry struct {
	Room        string // 1 to MaxRoom bytes
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

// Journal is an open journal. One goroutine appends, asks for the end and
// closes; another may call Cut beside it.
type Journal struct {
	dir  string
	o    Options
	id   uint64 // the journal's, in all its segments
	seed uint32 // of its sums

	file      disk.File
	start     Position // of the segment
	end       Position
	synced    Position // durable is what lies before it
	allocated int64    // bytes of the file that exist; those behind the end are zeros
	failed    error    // ever after
	buf       []byte   // of a write

	rooms     map[string]*roomChain
	touched   []*roomChain // those with entries in the segment
	markSize  int64        // of the last mark
	sinceMark int64        // bytes appended since

	cutting  sync.Mutex // one Cut at a time
	mu       sync.Mutex // guards segments
	segments []Position
}

// Open opens the journal in a folder, which it makes if there is none, and
// replays what was appended at replayFrom and after it, in order: replay gets
// the position behind the entry's batch. An error of replay ends Open. The
// torn end of an interrupted append is cut off. Damage is no error: see Report.
//
// replayFrom is a position that Append has returned, or 0. What lies before it
// is not needed any more, so damage there breaks no room.
func Open(dir string, o Options, replayFrom Position, replay func(Position, Entry) error) (*Journal, Report, error) {
	if o.FS == nil {
		o.FS = disk.OS()
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = DefaultSegmentBytes
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := makeFolder(o.FS, dir); err != nil {
		return nil, Report{}, fmt.Errorf("failed to open the journal in %s: %w", dir, err)
	}
	r := newReader(dir, o.FS, replayFrom, replay)
	if err := r.read(); err != nil {
		return nil, Report{}, fmt.Errorf("failed to open the journal in %s: %w", dir, err)
	}
	j := &Journal{dir: dir, o: o, id: r.journal, end: r.report.End, rooms: r.proofs.rooms, touched: r.proofs.touched, segments: r.segments}
	if err := j.recover(r); err != nil {
		if j.file != nil {
			_ = j.file.Close()
		}
		return nil, Report{}, fmt.Errorf("failed to open the journal in %s: %w", dir, err)
	}
	j.log(&r.report)
	return j, r.report, nil
}

func makeFolder(fs disk.FS, dir string) error {
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := fs.SyncDir(filepath.Dir(dir)); err != nil {
		return err
	}
	return fs.SyncDir(dir) // what was removed before a crash stays so
}

func (j *Journal) log(r *Report) {
	if r.Torn.From != r.Torn.To {
		j.o.Logger.Info("cut an interrupted append off the journal", "at", uint64(r.Torn.From), "bytes", uint64(r.Torn.To-r.Torn.From))
	}
	for _, d := range r.Damage {
		j.o.Logger.Error("the journal is damaged", "file", filepath.Join(j.dir, d.File), "offset", d.Offset, "bytes", uint64(d.To-d.From), "what", d.What, "needed", d.Needed)
	}
}

// End is the position behind all that was appended.
func (j *Journal) End() Position { return j.end }

// Close ends the journal with a mark, so that damage after it can always be
// told from an interrupted append. If the journal has failed before, it returns
// why.
func (j *Journal) Close() error {
	if errors.Is(j.failed, ErrClosed) {
		return nil
	}
	failed := j.failed
	if failed == nil && j.sinceMark > 0 {
		j.buf = j.buf[:0]
		j.appendMark(kindMark)
		failed = j.write()
	}
	j.failed, j.buf = ErrClosed, nil
	if j.file == nil {
		return failed
	}
	if err := j.file.Close(); err != nil && failed == nil {
		failed = err
	}
	if failed != nil {
		return fmt.Errorf("failed to close the journal: %w", failed)
	}
	return nil
}

func (j *Journal) fault(point string) {
	if j.o.Fault != nil {
		j.o.Fault(point)
	}
}

// openFlags are those of the segment that is appended to.
const openFlags = os.O_RDWR
