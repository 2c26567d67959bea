package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/tick"
)

// smallFile is a segment with every kind of block and entry.
func smallFile(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	r := open(t, dir, Options{})
	w := r.Open(testHeader())
	w.BeginSegment(9, []byte("the whole room"))
	for now := tick.Tick(10); now < 60; now++ {
		w.Input(Input{Kind: 1, Index: 2, Player: 1<<20 + uint32(now)%3, Payload: []byte{byte(now)}})
		w.Input(Input{Kind: 200, Index: 9, Player: 5})
		w.TickEnd(now, Hash{A: uint32(now), B: ^uint32(now)})
	}
	w.Close("empty", false)
	closed(t, r)
	data, err := os.ReadFile(filepath.Join(dir, "arena", "r00m", segmentName(1)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestEveryByteCounts (R2, R3): no single byte can change unnoticed, and none of
// these changes passes for a crash.
func TestEveryByteCounts(t *testing.T) {
	data := smallFile(t)
	if _, err := parseSegment("f", data, ReadOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for _, flip := range []byte{0x01, 0x80, 0xff, data[i]} {
			if flip == 0 {
				continue
			}
			broken := bytes.Clone(data)
			broken[i] ^= flip
			_, err := parseSegment("f", broken, ReadOptions{AllowTruncated: true})
			var d *Damage
			if !errors.As(err, &d) || d.Truncated || errors.Is(err, ErrTruncated) {
				t.Fatalf("byte %d changed by %#02x: %v", i, flip, err)
			}
			if d.File != "f" || d.Offset > int64(i) || d.What == "" {
				t.Fatalf("byte %d changed: the error names another place: %v", i, d)
			}
		}
	}
}

// TestTruncation (R10): cut off at any length, a segment is refused as
// truncated; with the flag it is read up to the last whole block.
func TestTruncation(t *testing.T) {
	data := smallFile(t)
	whole, err := parseSegment("f", data, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := bytes.Index(data, whole.Snapshot) + len(whole.Snapshot)
	most := 0
	for n := range data {
		for _, tail := range []int{0, 1, 512} { // a file system may leave zeros
			cut := append(bytes.Clone(data[:n]), make([]byte, tail)...)
			if tail > 0 && (len(cut) > len(data) || bytes.HasPrefix(data, cut)) {
				continue
			}
			_, err := parseSegment("f", cut, ReadOptions{})
			var d *Damage
			if !errors.As(err, &d) {
				t.Fatalf("cut at %d with %d zeros: %v", n, tail, err)
			}
			if tail > 0 {
				continue // a cut in the middle of a block that is filled with zeros is damage
			}
			if !errors.Is(err, ErrTruncated) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			s, err := parseSegment("f", cut, ReadOptions{AllowTruncated: true})
			if n < snapshot {
				if !errors.Is(err, ErrTruncated) {
					t.Fatalf("cut at %d, before the snapshot is whole: %v", n, err)
				}
				continue
			}
			if err != nil || s.End != EndTruncated || s.Ticks > whole.Ticks || s.Ticks < most {
				t.Fatalf("cut at %d: %+v, %v", n, s, err)
			}
			most = s.Ticks
			count := 0
			for range s.Entries() {
				count++
			}
			if count < 3*s.Ticks {
				t.Fatalf("cut at %d: %d entries of %d ticks", n, count, s.Ticks)
			}
		}
	}
	if most != whole.Ticks {
		t.Errorf("without its end mark the file gives %d ticks of %d", most, whole.Ticks)
	}
}

// TestZeroTail (R10): blocks that a file system left as zeros count as cut off.
func TestZeroTail(t *testing.T) {
	data := smallFile(t)
	end := len(data) - blockHead - endMarkSize
	torn := append(bytes.Clone(data[:end]), make([]byte, 4096)...)
	if _, err := parseSegment("f", torn, ReadOptions{}); !errors.Is(err, ErrTruncated) {
		t.Errorf("error %v, want truncated", err)
	}
	if s, err := parseSegment("f", torn, ReadOptions{AllowTruncated: true}); err != nil || s.Ticks != 50 {
		t.Errorf("%+v, %v", s, err)
	}
}

// seal builds a file of well-formed blocks whose content may be anything.
func seal(blocks ...block) []byte {
	file, sum := []byte(preamble), firstSum()
	for _, b := range blocks {
		sealed := append(make([]byte, blockHead), b.payload...)
		sum = sealBlock(sealed, b.kind, sum)
		file = append(file, sealed...)
	}
	return file
}

type block struct {
	kind    blockKind
	payload []byte
}

func sealedHeader(h Header) block {
	b, err := h.append(nil)
	if err != nil {
		panic(err)
	}
	return block{blockHeader, b}
}

func mark(end End, ticks uint32) block {
	return block{blockEnd, endMark{end, ticks}.append(nil)}
}

// TestWellSealedNonsense: checksums prove what was written, not that it makes sense.
func TestWellSealedNonsense(t *testing.T) {
	header, snapshot := sealedHeader(testHeader()), block{blockSnapshot, []byte("s")}
	tickEnd := appendTickEnd(nil, Hash{})
	entries := func(b ...byte) block { return block{blockEntries, b} }
	huge := binary.AppendUvarint([]byte{tagSmall, 0}, 1<<63)
	for _, c := range []struct {
		name, want string
		file       []byte
	}{
		{"sound", "", seal(header, snapshot, entries(tickEnd...), mark(EndGap, 1))},
		{"no header", "a block in the wrong place: snapshot, want header", seal(snapshot)},
		{"two headers", "a block in the wrong place: header, want snapshot", seal(header, header)},
		{"two snapshots", "a block in the wrong place: snapshot", seal(header, snapshot, snapshot)},
		{"header no JSON", "header does not read", seal(block{blockHeader, []byte("{")})},
		{"no rate", "rate of 0 Hz", seal(sealedHeader(Header{}))},
		{"unknown block", "unknown kind", seal(header, snapshot, block{9, nil})},
		{"empty entries", "a block without entries", seal(header, snapshot, entries())},
		{"unknown entry", "unknown entry 0x00", seal(header, snapshot, entries(0))},
		{"tick cut", "bad length: tick end of 8 bytes, but 3 are left", seal(header, snapshot, entries(tagTickEnd, 1, 2, 3))},
		{"input cut", "bad length: input of 2 bytes, but 1 are left", seal(header, snapshot, entries(tagInput, 1))},
		{"player", "player number out of range", seal(header, snapshot, entries(tagSmall, 0xff, 0xff, 0xff, 0xff, 0x7f, 0))},
		{"endless number", "bad number in player", seal(header, snapshot, entries(tagSmall, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))},
		{"huge payload", "bad length: input of 9223372036854775808 bytes", seal(header, snapshot, entries(huge...))},
		{"close flag", "unknown close flag 2", seal(header, snapshot, entries(tagClose, 2, 0))},
		{"after close", "an entry after the room was closed", seal(header, snapshot, entries(append([]byte{tagClose, 0, 0}, tickEnd...)...))},
		{"ticks", "counts 2 ticks, but there are 1", seal(header, snapshot, entries(tickEnd...), mark(EndContinues, 2))},
		{"not closed", "disagree about the room being closed", seal(header, snapshot, mark(EndClosed, 0))},
		{"closed", "disagree about the room being closed", seal(header, snapshot, entries(tagClose, 0, 0), mark(EndGap, 0))},
		{"half a tick", "the last tick is not complete", seal(header, snapshot, entries(tagSmall, 0, 0), mark(EndContinues, 0))},
		{"end mark", "the end mark does not read", seal(header, snapshot, block{blockEnd, []byte{1}})},
		{"unknown end", "the end mark does not read", seal(header, snapshot, mark(EndTruncated, 0))},
		{"more", "there is more after the end mark", append(seal(header, snapshot, mark(EndGap, 0)), 0)},
		{"version", "the format's version is not known", []byte("PARLREC\x02")},
		{"other file", "not a recording", []byte("PK\x03\x04 and so on")},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseSegment("f", c.file, ReadOptions{AllowTruncated: true})
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var d *Damage
			if !errors.As(err, &d) || d.Truncated || !strings.Contains(d.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

// TestHostileLength (R3): a block that claims more than a block may hold.
func TestHostileLength(t *testing.T) {
	file := seal(sealedHeader(testHeader()))
	head := make([]byte, blockHead)
	sealBlock(head, blockSnapshot, 0)
	binary.LittleEndian.PutUint32(head[4:], maxBlock+1)
	resealHead(head)
	_, err := parseSegment("f", append(file, head...), ReadOptions{})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("byte %d: bad length", len(file)+4)) {
		t.Error(err)
	}
}

// resealHead makes the head's own checksum fit.
func resealHead(head []byte) {
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(head[:12], castagnoli()))
}
