package record

import (
	"io"
	"iter"

	"github.com/parlor-server/parlor/tick"
)

// ReadOptions of a Reader.
type ReadOptions struct {
	// AllowTruncated accepts segments whose end is missing because the server
	// crashed. They are returned with End EndTruncated. Other damage is refused
	// all the same.
	AllowTruncated bool
}

// Reader reads a recording, one segment at a time.
type Reader struct{}

// Open reads one segment file, or the folder of a room with all its segments.
func Open(path string, opts ReadOptions) (*Reader, error) { return &Reader{}, nil }

// Next returns the next segment, or io.EOF after the last. Every error about
// the content is a [*Damage].
func (r *Reader) Next() (*Segment, error) { return nil, io.EOF }

// End says how a segment ends.
type End uint8

// The ends of a segment.
const (
	EndContinues End = 1 // the next segment goes on at the next tick
	EndClosed    End = 2 // the room was closed; the last entry is an EntryClose
	EndGap       End = 3 // ticks after this segment are missing
	EndTruncated End = 4 // the file was cut off, as by a crash
)

// Segment is a checked part of a recording.
type Segment struct {
	File     string
	Header   Header
	Snapshot []byte // the room after tick Header.FirstTick - 1
	Ticks    int    // complete ticks
	End      End
	Gap      bool // ticks between the previous segment of the folder and this one are missing
}

// Entries yields the entries in order. Payloads alias the segment's memory.
func (s *Segment) Entries() iter.Seq[Entry] { return func(func(Entry) bool) {} }

// LastTick is the last complete tick, or the snapshot's if there is none.
func (s *Segment) LastTick() tick.Tick { return s.Header.FirstTick - 1 + tick.Tick(s.Ticks) }
