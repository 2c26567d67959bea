package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// maxSegment bounds the file that a Reader takes into memory.
const maxSegment = 1 << 30

// ReadOptions of a Reader.
type ReadOptions struct {
	// AllowTruncated accepts segments whose end is missing because the server
	// crashed. They are returned with End EndTruncated. Other damage is refused
	// all the same.
	AllowTruncated bool
}

// Reader reads a recording, one segment at a time, each completely checked
// before it is returned. It is for one goroutine and holds no file open.
type Reader struct {
	opts   ReadOptions
	files  []string
	folder bool // of a room: the segments must follow each other
	before *Segment
	err    error
}

// Open reads one segment file, or the folder of a room with all its segments.
// The first segments of a folder may be missing (the size limit deletes the
// oldest), those in between may not.
func Open(path string, opts ReadOptions) (*Reader, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	if !info.IsDir() {
		return &Reader{opts: opts, files: []string{path}}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("open recording: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		if n, ok := parseSegmentName(e.Name()); ok && !e.IsDir() {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return nil, fmt.Errorf("open recording: %s holds no segment (*%s); name the folder of one room", path, segmentSuffix)
	}
	slices.Sort(numbers)
	r := &Reader{opts: opts, folder: true}
	for i, n := range numbers {
		if i > 0 && n != numbers[i-1]+1 {
			return nil, &Damage{File: filepath.Join(path, segmentName(numbers[i-1]+1)), What: "wrong chain: the segment is missing"}
		}
		r.files = append(r.files, filepath.Join(path, segmentName(n)))
	}
	return r, nil
}

// Next returns the next segment, or io.EOF after the last. An error about the
// content is a [*Damage], and it is final.
func (r *Reader) Next() (*Segment, error) {
	if r.err != nil {
		return nil, r.err
	}
	s, err := r.next()
	r.before, r.err = s, err
	return s, err
}

func (r *Reader) next() (*Segment, error) {
	if len(r.files) == 0 {
		return nil, r.finish()
	}
	file := r.files[0]
	r.files = r.files[1:]
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	s, err := parseSegment(file, data, r.opts)
	if err != nil {
		return nil, err
	}
	if r.folder {
		if n, _ := parseSegmentName(filepath.Base(file)); n != s.Header.Segment {
			return nil, chainDamage(s, fmt.Sprintf("the file holds segment %d", s.Header.Segment))
		}
	}
	if r.before != nil {
		if err := follow(r.before, s); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// finish is reached after the last segment.
func (r *Reader) finish() error {
	if r.folder && r.before != nil && r.before.End == EndContinues && !r.opts.AllowTruncated {
		return &Damage{
			File:      filepath.Join(filepath.Dir(r.before.File), segmentName(r.before.Header.Segment+1)),
			What:      "cut off: the segment before says that it continues, but this one is missing",
			Truncated: true,
		}
	}
	return io.EOF
}

// follow checks that segment b comes after a, and sets b.Gap.
func follow(a, b *Segment) error {
	if field, same := a.Header.sameRoom(&b.Header); !same {
		return chainDamage(b, "it has another "+field+" than the segment before")
	}
	if a.End == EndClosed {
		return chainDamage(b, "the segment before closed the room")
	}
	if !b.Header.Continues {
		b.Gap = true
		if b.Header.FirstTick <= a.LastTick() {
			return chainDamage(b, fmt.Sprintf("it starts at tick %d, but the segment before ended with tick %d", b.Header.FirstTick, a.LastTick()))
		}
		return nil
	}
	switch {
	case a.End != EndContinues:
		return chainDamage(b, fmt.Sprintf("it continues a segment whose end is %q", a.End))
	case b.Header.FirstTick != a.LastTick()+1:
		return chainDamage(b, fmt.Sprintf("it starts at tick %d, but the segment before ended with tick %d", b.Header.FirstTick, a.LastTick()))
	case b.Header.Previous != a.sum:
		return chainDamage(b, "it continues another segment than the one before (its checksum differs)")
	}
	return nil
}

func chainDamage(s *Segment, what string) error {
	return &Damage{File: s.File, Offset: int64(len(preamble)), What: "wrong chain: " + what}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxSegment {
		return nil, &Damage{File: path, What: fmt.Sprintf("not a segment: no regular file of at most %d bytes", maxSegment)}
	}
	// The size only now: a file that grows meanwhile is read up to here, as if it were cut off.
	data := make([]byte, info.Size())
	n, err := io.ReadFull(f, data)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read recording: %w", err)
	}
	return data[:n], nil
}
