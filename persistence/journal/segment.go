package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parlor-server/parlor/internal/disk"
)

// A segment begins with its header, twice, since everything in it hangs by it:
//
//	magic 7 bytes, format version u8, sum u32, flags u32, position u64, journal u64
const (
	segmentMagic  = "PARLJRN"
	formatVersion = 1
	headerCopy    = 512
	headerSize    = 2 * headerCopy
	headerUsed    = 32

	segmentSuffix = ".journal"
)

// segmentFlags say how a segment came to be.
type segmentFlags uint32

// flagReviewed says that the segment was begun because there was damage before
// it: another one need not be.
const flagReviewed segmentFlags = 1

// segmentHeader is the first thing in a segment.
type segmentHeader struct {
	version  uint8
	flags    segmentFlags
	position Position
	journal  uint64 // random, the same in all segments of a journal
}

func (h segmentHeader) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, segmentMagic)
	b[7] = h.version
	binary.LittleEndian.PutUint32(b[12:], uint32(h.flags))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.position))
	binary.LittleEndian.PutUint64(b[24:], h.journal)
	binary.LittleEndian.PutUint32(b[8:], headerSum(b))
	copy(b[headerCopy:], b[:headerUsed])
	return b
}

func headerSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:8], castagnoli()), castagnoli(), b[12:headerUsed])
}

// parseHeader reads whichever copy is whole.
func parseHeader(b []byte) (h segmentHeader, ok bool) {
	for ; len(b) >= headerUsed; b = b[min(len(b), headerCopy):] {
		if string(b[:7]) != segmentMagic || binary.LittleEndian.Uint32(b[8:]) != headerSum(b) {
			continue
		}
		return segmentHeader{
			version:  b[7],
			flags:    segmentFlags(binary.LittleEndian.Uint32(b[12:])),
			position: Position(binary.LittleEndian.Uint64(b[16:])),
			journal:  binary.LittleEndian.Uint64(b[24:]),
		}, true
	}
	return segmentHeader{}, false
}

// seedOf begins the sums of a journal's batches.
func seedOf(journal uint64) uint32 {
	return crc32.Checksum(binary.LittleEndian.AppendUint64(nil, journal), castagnoli())
}

func segmentName(p Position) string { return fmt.Sprintf("%020d%s", uint64(p), segmentSuffix) }

// listSegments returns where the segments of a folder begin, in order.
func listSegments(fs disk.FS, dir string) ([]Position, error) {
	names, err := fs.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("failed to list the journal's segments: %w", err)
	}
	var list []Position
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, segmentSuffix)
		if !ok || len(digits) != 20 {
			continue
		}
		if p, err := strconv.ParseUint(digits, 10, 64); err == nil && p < 1<<62 {
			list = append(list, Position(p))
		}
	}
	slices.Sort(list)
	return list, nil
}

// create begins a segment at the journal's end, which is where the segment
// before ends, or later when that is damaged.
func (j *Journal) create(flags segmentFlags) error {
	name := filepath.Join(j.dir, segmentName(j.end))
	f, err := j.o.FS.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("failed to create a segment of the journal: %w", err)
	}
	header := segmentHeader{version: formatVersion, flags: flags, position: j.end, journal: j.id}.encode()
	if err := j.begin(f, header); err != nil {
		_ = f.Close()
		return fmt.Errorf("failed to begin segment %s: %w", name, err)
	}
	j.mu.Lock()
	j.segments = append(j.segments, j.end)
	first := j.segments[0]
	j.mu.Unlock()
	j.file, j.start, j.allocated = f, j.end, headerSize
	j.end += headerSize
	j.touched, j.sinceMark, j.markSize = j.touched[:0], 0, 0
	for name, r := range j.rooms {
		if r.segment < first {
			delete(j.rooms, name) // its chain begins anew: nothing of it is left
		}
	}
	return nil
}

func (j *Journal) begin(f disk.File, header []byte) error {
	if _, err := f.WriteAt(header, 0); err != nil {
		return err
	}
	j.fault(faultCreated)
	if err := f.Sync(); err != nil {
		return err
	}
	j.fault(faultSynced)
	if err := j.o.FS.SyncDir(j.dir); err != nil {
		return err
	}
	j.fault(faultNamed)
	return nil
}

// rotate seals the segment with a trailer and begins the next one.
func (j *Journal) rotate() error {
	j.fault(faultSeal)
	j.buf = j.buf[:0]
	j.appendMark(kindTrailer)
	if err := j.write(); err != nil {
		return fmt.Errorf("failed to seal a segment of the journal: %w", err)
	}
	j.fault(faultSealed)
	if err := j.file.Close(); err != nil {
		return fmt.Errorf("failed to close a segment of the journal: %w", err)
	}
	return j.create(0)
}

// Cut removes the segments that lie wholly before a position. They go one by
// one, the oldest first, each for good before the next.
func (j *Journal) Cut(before Position) error {
	j.cutting.Lock()
	defer j.cutting.Unlock()
	for {
		j.mu.Lock()
		if len(j.segments) < 2 || j.segments[1] > before {
			j.mu.Unlock()
			return nil
		}
		first := j.segments[0]
		j.mu.Unlock()
		if err := j.remove(first); err != nil {
			return err
		}
		j.mu.Lock()
		j.segments = j.segments[1:]
		j.mu.Unlock()
	}
}

func (j *Journal) remove(first Position) error {
	name := segmentName(first)
	j.fault(faultCut)
	if err := j.o.FS.Remove(filepath.Join(j.dir, name)); err != nil {
		return fmt.Errorf("failed to cut the journal: %w", err)
	}
	j.fault(faultRemoved)
	if err := j.o.FS.SyncDir(j.dir); err != nil {
		return fmt.Errorf("failed to cut the journal after segment %s: %w", name, err)
	}
	return nil
}
