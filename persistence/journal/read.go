package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/parlor-server/parlor/internal/disk"
)

func decimal(n uint64) string { return strconv.FormatUint(n, 10) }

// reader reads a journal from its first segment to its end.
type reader struct {
	fs     disk.FS
	dir    string
	from   Position // entries of batches that end before or at it are not replayed
	replay func(Position, Entry) error

	report   Report
	proofs   *proofs
	segments []Position
	journal  uint64 // 0 until a header was read
	seed     uint32

	ends     bool       // the last batch was a trailer
	doubtful Position   // where the last append into the last segment begins, or 0
	marked   Position   // behind the last mark in it, or 0
	reviewed Position   // the last segment that says so
	unmade   []Position // the last segment, if making it was interrupted
	marks    []markedRoom
}

// Read replays a journal as Open does, but changes nothing on disk.
// fs is disk.OS() if nil.
func Read(dir string, fs disk.FS, replayFrom Position, replay func(Position, Entry) error) (Report, error) {
	if fs == nil {
		fs = disk.OS()
	}
	r := newReader(dir, fs, replayFrom, replay)
	if err := r.read(); err != nil {
		return Report{}, fmt.Errorf("failed to read the journal in %s: %w", dir, err)
	}
	return r.report, nil
}

// Check reads all that there is of a journal and says what is wrong with it.
// fs is disk.OS() if nil.
func Check(dir string, fs disk.FS) (Report, error) {
	if fs == nil {
		fs = disk.OS()
	}
	list, err := listSegments(fs, dir)
	if err != nil || len(list) == 0 {
		return Report{}, err
	}
	return Read(dir, fs, list[0], nil)
}

func newReader(dir string, fs disk.FS, from Position, replay func(Position, Entry) error) *reader {
	if replay == nil {
		replay = func(Position, Entry) error { return nil }
	}
	return &reader{fs: fs, dir: dir, from: from, replay: replay, proofs: newProofs()}
}

func (r *reader) read() error {
	list, err := listSegments(r.fs, r.dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := r.headers(list); err != nil {
		return err
	}
	r.start()
	for i, at := range r.segments {
		if r.report.End != at {
			r.gap(at)
		}
		if err := r.segment(i); err != nil {
			return fmt.Errorf("segment %s: %w", segmentName(at), err)
		}
	}
	for _, at := range append(r.unmade, r.from) {
		r.short(at)
	}
	r.proofs.finish(&r.report)
	return nil
}

// headers learns which journal this is, before anything is read that depends
// on it, and drops a last segment that was never finished.
func (r *reader) headers(list []Position) error {
	for i, at := range list {
		f, err := r.open(at)
		if err != nil {
			return err
		}
		h, ok, empty, err := readHeader(f)
		_ = f.Close()
		switch {
		case err != nil:
			return err
		case !ok && empty && i == len(list)-1:
			r.unmade, list = list[i:], list[:i]
			continue
		case !ok:
			continue
		case h.version > formatVersion:
			return fmt.Errorf("%w: segment %s has format %d, this program knows %d: use the newer program", ErrNewerFormat, segmentName(at), h.version, formatVersion)
		}
		if r.journal == 0 {
			r.journal, r.seed = h.journal, seedOf(h.journal)
		}
		if h.flags&flagReviewed != 0 && h.position == at {
			r.reviewed = at
		}
	}
	r.segments = list
	return nil
}

func (r *reader) open(at Position) (disk.File, error) {
	f, err := r.fs.OpenFile(filepath.Join(r.dir, segmentName(at)), os.O_RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("failed to open a segment: %w", err)
	}
	return f, nil
}

// readHeader reads a segment's header; empty says that there is nothing behind
// it either.
func readHeader(f disk.File) (h segmentHeader, ok, empty bool, err error) {
	w, err := newWindow(f)
	if err != nil {
		return h, false, false, err
	}
	b, err := w.at(0, headerSize)
	if err != nil {
		return h, false, false, err
	}
	if h, ok = parseHeader(b); ok {
		return h, true, false, nil
	}
	end, err := w.written(headerSize)
	return h, false, end <= headerSize, err
}

// segment reads one.
func (r *reader) segment(i int) error {
	at, limit := r.segments[i], Position(1<<63)
	if i+1 < len(r.segments) {
		limit = r.segments[i+1]
	}
	f, err := r.open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := newWindow(f)
	if err != nil {
		return err
	}
	b, err := w.at(0, headerSize)
	if err != nil {
		return err
	}
	h, ok := parseHeader(b)
	r.proofs.begin(at)
	r.ends, r.doubtful, r.marked = false, 0, 0
	if foreign := ok && (h.position != at || h.journal != r.journal); foreign || r.journal == 0 {
		// The sums of its batches would not fit.
		r.report.End = min(limit, at+Position(padded(w.size)))
		r.damaged(at, at, r.report.End, "the segment has no header of this journal and this place", true)
		return nil
	}
	if !ok {
		r.damaged(at, at, at+headerSize, "the segment's header is damaged", false)
	}
	s := segmentReader{reader: r, window: w, at: at, limit: limit, last: i+1 == len(r.segments)}
	return s.read()
}

// gap notes that segments are missing before one.
func (r *reader) gap(next Position) {
	end := r.report.End
	d := Damage{Range: Range{end, next}, File: segmentName(next), What: "the journal ends at " + decimal(uint64(end)) + " before it: a segment is missing"}
	d.Needed = next > r.from
	r.report.Damage = append(r.report.Damage, d)
	r.proofs.lost(d.Needed)
}

// start looks at where the journal begins.
func (r *reader) start() {
	r.report.Segments = len(r.segments)
	if len(r.segments) == 0 {
		return
	}
	first := r.segments[0]
	r.report.Start, r.report.End = first, first
	r.proofs.complete = first == 0
	if first > r.from {
		d := Damage{Range: Range{r.from, first}, File: segmentName(first), What: "the journal begins behind the last checkpoint", Needed: true}
		r.report.Damage = append(r.report.Damage, d)
		r.proofs.lost(true)
	}
}

// short notes that the journal ends before a position that it had reached.
func (r *reader) short(reached Position) {
	if r.report.End >= reached {
		return
	}
	d := Damage{Range: Range{r.report.End, reached}, What: "the journal ends before position " + decimal(uint64(reached)) + ", which it had reached", Needed: true}
	r.report.Damage = append(r.report.Damage, d)
	r.proofs.lost(true)
	r.report.End = reached
}

// damaged notes a range that cannot be read. entries says that there may have
// been some in it.
func (r *reader) damaged(segment, from, to Position, what string, entries bool) {
	d := Damage{Range: Range{from, to}, File: segmentName(segment), Offset: int64(from - segment), What: what, Needed: to > r.from}
	r.report.Damage = append(r.report.Damage, d)
	if entries {
		r.proofs.damage(d.Needed)
	}
}
