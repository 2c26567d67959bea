package record

import (
	"container/list"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// recording is the file side of one room: a folder with one open segment at
// most. It belongs to the Recorder's goroutine.
type recording struct {
	header Header
	kind   string  // folder name of the kind
	room   string  // folder name of the room
	folder *folder // nil before the first segment
	number int     // of the newest segment
	kept   []*kept // ended segments, only tracked in mode faulted

	file  *os.File // nil between segments and after a failure
	path  string
	size  int64
	sum   uint32
	ticks uint32
}

// begin writes a new segment up to its snapshot. The file gets its name only
// then, so that a crash leaves no segment without a snapshot.
func (rec *recording) begin(first tick.Tick, snapshot []byte, continues bool) error {
	h := rec.header
	h.Segment, h.FirstTick = rec.number+1, first
	if continues {
		h.Continues, h.Previous = true, rec.sum
	}
	start := append(make([]byte, 0, 4<<10), preamble...)
	start, err := h.append(append(start, make([]byte, blockHead)...))
	if err != nil {
		return err
	}
	if len(start)-len(preamble)-blockHead > maxBlock {
		return fmt.Errorf("the header of %d bytes is too long", len(start))
	}
	sum := sealBlock(start[len(preamble):], blockHeader, firstSum())
	sum = sealBlock(snapshot, blockSnapshot, sum)

	path := filepath.Join(rec.folder.path, segmentName(h.Segment))
	file, err := os.OpenFile(path+partSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.Write(start); err == nil {
		_, err = file.Write(snapshot)
	}
	if err == nil {
		err = os.Rename(path+partSuffix, path)
	}
	if err != nil {
		file.Close()
		os.Remove(path + partSuffix)
		return err
	}
	rec.number = h.Segment
	rec.file, rec.path, rec.sum, rec.ticks = file, path, sum, 0
	rec.size = int64(len(start) + len(snapshot))
	return nil
}

// entries appends a block. After an error the file still ends at rec.size.
func (rec *recording) entries(block []byte, ticks uint32) error {
	sum := sealBlock(block, blockEntries, rec.sum)
	if _, err := rec.file.WriteAt(block, rec.size); err != nil {
		return err
	}
	rec.size += int64(len(block))
	rec.sum, rec.ticks = sum, ticks
	return nil
}

// end writes the end mark. The file stays open for its sync.
func (rec *recording) end(how End) error {
	block := endMark{end: how, ticks: rec.ticks}.append(make([]byte, blockHead, blockHead+endMarkSize))
	sum := sealBlock(block, blockEnd, rec.sum)
	if err := rec.file.Truncate(rec.size); err != nil {
		return err
	}
	if _, err := rec.file.WriteAt(block, rec.size); err != nil {
		return err
	}
	rec.size += int64(len(block))
	rec.sum = sum
	return nil
}

// folder is the folder of one recording.
type folder struct {
	path     string
	segments int  // files in it
	live     bool // a room writes into it
}

// kept is an ended segment on the disk.
type kept struct {
	folder *folder
	number int
	size   int64
	ended  time.Time
	place  *list.Element // on the shelf; nil when deleted
}

func (k *kept) path() string { return filepath.Join(k.folder.path, segmentName(k.number)) }

// makeFolder creates a folder of its own for a recording. A room ID that was
// recorded before, under an earlier server, gets a suffix.
func makeFolder(root, kind, room string) (*folder, error) {
	if err := os.MkdirAll(filepath.Join(root, kind), 0o700); err != nil {
		return nil, err
	}
	const tries = 10_000
	path := filepath.Join(root, kind, room)
	for i := 2; ; i++ {
		err := os.Mkdir(path, 0o700)
		if err == nil {
			return &folder{path: path, live: true}, nil
		}
		if !os.IsExist(err) || i > tries {
			return nil, err
		}
		path = filepath.Join(root, kind, fmt.Sprintf("%s~%d", room, i))
	}
}
