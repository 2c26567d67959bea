package record

import (
	"fmt"
	"iter"

	"github.com/parlor-server/parlor/tick"
)

// End says how a segment ends.
type End uint8

// The ends of a segment.
const (
	EndContinues End = 1 // the next segment goes on at the next tick
	EndClosed    End = 2 // the room was closed; the last entry is an EntryClose
	EndGap       End = 3 // ticks after this segment were not recorded
	EndTruncated End = 4 // the file was cut off, as by a crash
)

// String is the word for it in messages.
func (e End) String() string {
	switch e {
	case EndContinues:
		return "continues"
	case EndClosed:
		return "closed"
	case EndGap:
		return "gap"
	case EndTruncated:
		return "truncated"
	}
	return fmt.Sprintf("End(%d)", uint8(e))
}

// Segment is a part of a recording that has been checked completely.
type Segment struct {
	File     string
	Header   Header
	Snapshot []byte // the room after tick Header.FirstTick - 1
	Ticks    int    // complete ticks
	End      End
	Gap      bool // ticks between the previous segment of the folder and this one are missing

	blocks [][]byte // of entries
	sum    uint32
}

// Entries yields the entries in order. Payloads alias the segment's memory.
// After EndGap or EndTruncated the last inputs may lack their tick's end.
func (s *Segment) Entries() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		r := entryReader{now: s.Header.FirstTick}
		for _, block := range s.blocks {
			r.block, r.off = block, 0
			for {
				e, more, err := r.next()
				if err != nil || !more { // there is no error: the segment has been checked
					break
				}
				if !yield(e) {
					return
				}
			}
		}
	}
}

// LastTick is the last complete tick, or the snapshot's if there is none.
func (s *Segment) LastTick() tick.Tick { return s.Header.FirstTick - 1 + tick.Tick(s.Ticks) }

// parseSegment checks a whole file. The segment aliases the data.
func parseSegment(file string, data []byte, opts ReadOptions) (*Segment, error) {
	p := segmentParser{s: &Segment{File: file}, blocks: blockReader{data: data}}
	f := p.parse()
	if f == nil {
		return p.s, nil
	}
	if f.cut && opts.AllowTruncated && p.s.Snapshot != nil {
		p.s.End = EndTruncated
		p.s.Ticks = p.ticks
		return p.s, nil
	}
	return nil, &Damage{File: file, Offset: int64(f.off), What: f.what, Truncated: f.cut}
}

// segmentParser holds what is known of a file on the way through it.
type segmentParser struct {
	s       *Segment
	blocks  blockReader
	entries entryReader
	ticks   int
	pending bool // inputs since the last tick's end
	closed  bool // the EntryClose was read
}

func (p *segmentParser) parse() *fault {
	if f := p.blocks.start(); f != nil {
		return f
	}
	start, payload, f := p.block(blockHeader)
	if f != nil {
		return f
	}
	header, err := parseHeader(payload)
	if err != nil {
		return &fault{off: start, what: err.Error()}
	}
	p.s.Header = header
	p.entries.now = header.FirstTick

	if _, payload, f = p.block(blockSnapshot); f != nil {
		return f
	}
	p.s.Snapshot = payload

	for {
		start := p.blocks.off
		kind, payload, f := p.blocks.next()
		if f != nil {
			return f
		}
		p.s.sum = p.blocks.sum
		switch kind {
		case blockEntries:
			if f := p.check(start+blockHead, payload); f != nil {
				return f
			}
			p.s.blocks = append(p.s.blocks, payload)
		case blockEnd:
			return p.end(start, payload)
		default:
			return &fault{off: start, what: "a block in the wrong place: " + kind.String()}
		}
	}
}

// block reads a block that has to be of the given kind.
func (p *segmentParser) block(want blockKind) (start int, payload []byte, f *fault) {
	start = p.blocks.off
	kind, payload, f := p.blocks.next()
	if f == nil && kind != want {
		f = &fault{off: start, what: fmt.Sprintf("a block in the wrong place: %v, want %v", kind, want)}
	}
	return start, payload, f
}

// check decodes a block of entries once, so that reading them later cannot fail.
func (p *segmentParser) check(start int, block []byte) *fault {
	if len(block) == 0 {
		return &fault{off: start, what: "a block without entries"}
	}
	p.entries.block, p.entries.off = block, 0
	for {
		at := start + p.entries.off
		e, more, err := p.entries.next()
		if err != nil {
			return &fault{off: at, what: err.Error()}
		}
		if !more {
			return nil
		}
		if p.closed {
			return &fault{off: at, what: "an entry after the room was closed"}
		}
		switch e.Kind {
		case EntryInput:
			p.pending = true
		case EntryTickEnd:
			p.pending = false
			p.ticks++
		case EntryClose:
			p.closed = true
		}
	}
}

func (p *segmentParser) end(start int, payload []byte) *fault {
	mark, ok := parseEndMark(payload)
	switch {
	case !ok:
		return &fault{off: start, what: "the end mark does not read"}
	case int64(mark.ticks) != int64(p.ticks):
		return &fault{off: start, what: fmt.Sprintf("the end mark counts %d ticks, but there are %d", mark.ticks, p.ticks)}
	case p.closed != (mark.end == EndClosed):
		return &fault{off: start, what: "the end mark and the last entry disagree about the room being closed"}
	case p.pending && mark.end == EndContinues:
		return &fault{off: start, what: "the last tick is not complete"}
	case p.blocks.off != len(p.blocks.data):
		return &fault{off: p.blocks.off, what: "there is more after the end mark"}
	}
	p.s.End, p.s.Ticks = mark.end, p.ticks
	return nil
}
