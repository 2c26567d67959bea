package journal

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

const (
	// A file grows by zeros, this many bytes at a time: a sync that adds no
	// blocks costs half of one that does.
	maxGrowth = 256 << 10
	minGrowth = 4 << 10

	// keptBuffer is how large a write may be whose buffer is kept.
	keptBuffer = 4 << 20
)

// Append makes a batch durable: one write, one fdatasync. It returns the
// position behind it, which is what a checkpoint that holds the batch stores as
// its replayFrom. The batch is not kept.
//
// After an error other than ErrTooLarge nothing is ever appended again: every
// later call answers ErrFailed.
func (j *Journal) Append(batch []Entry) (Position, error) {
	if j.failed != nil {
		return 0, j.failed
	}
	if err := checkBatch(batch); err != nil {
		return 0, err
	}
	if len(batch) == 0 {
		return j.end, nil
	}
	if j.end-j.start >= Position(j.o.SegmentBytes) {
		if err := j.rotate(); err != nil {
			return 0, j.fail(err)
		}
	}
	j.buf = j.buf[:0]
	if j.sinceMark >= j.markBytes() {
		j.appendMark(kindMark)
	}
	j.appendBatch(batch)
	if err := j.write(); err != nil {
		return 0, j.fail(err)
	}
	return j.end, nil
}

// checkBatch refuses what could not be written or read again.
func checkBatch(batch []Entry) error {
	size := int64(0)
	for i := range batch {
		e := &batch[i]
		if e.Room == "" || len(e.Room) > MaxRoom {
			return fmt.Errorf("%w: a room's name has %d bytes, not 1 to %d", ErrTooLarge, len(e.Room), MaxRoom)
		}
		if e.First > e.Last {
			panic("journal: an entry's last sequence is before its first")
		}
		size += entrySize(*e)
	}
	if size > maxBody {
		return fmt.Errorf("%w: %d bytes, at most %d fit", ErrTooLarge, size, maxBody)
	}
	return nil
}

func (j *Journal) appendBatch(batch []Entry) {
	from := len(j.buf)
	j.buf = append(j.buf, make([]byte, headSize)...)
	for i := range batch {
		e := batch[i]
		r := j.room(e.Room)
		j.buf, r.chain = appendEntry(j.buf, e, r.chain)
		r.last = e.Last
		r.count++
	}
	j.seal(from, kindEntries, len(batch))
	j.sinceMark += int64(len(j.buf) - from)
}

// room is the chain of a room, noted as one with entries in the segment.
func (j *Journal) room(name string) *roomChain {
	r := j.rooms[name]
	if r == nil {
		r = &roomChain{name: strings.Clone(name)}
		j.rooms[r.name] = r
	}
	if r.segment != j.start || r.count == 0 {
		r.segment, r.count = j.start, 0
		j.touched = append(j.touched, r)
	}
	return r
}

// seal ends a batch that begins at from in the buffer.
func (j *Journal) seal(from int, kind batchKind, count int) {
	h := head{position: j.end + Position(from), synced: j.synced, kind: kind, count: uint32(count)}
	j.buf = seal(j.buf, from, h, j.seed)
}

// write makes the buffer durable at the journal's end.
func (j *Journal) write() error {
	size := len(j.buf)
	off := int64(j.end - j.start)
	if over := off + int64(size) - j.allocated; over > 0 {
		grow := min(maxGrowth, max(minGrowth, j.o.SegmentBytes/16))
		zeros := int((over+grow-1)/grow*grow - over)
		j.buf = slices.Grow(j.buf, zeros)[:size+zeros]
		clear(j.buf[size:])
	}
	j.fault(faultWrite)
	if _, err := j.file.WriteAt(j.buf, off); err != nil {
		return fmt.Errorf("failed to write to segment %s: %w", segmentName(j.start), err)
	}
	j.fault(faultWritten)
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("failed to sync segment %s: %w", segmentName(j.start), err)
	}
	j.fault(faultDurable)
	j.allocated = max(j.allocated, off+int64(len(j.buf)))
	j.end += Position(size)
	j.synced = j.end
	if cap(j.buf) > keptBuffer {
		j.buf = nil
	}
	return nil
}

// fail makes an error final.
func (j *Journal) fail(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("the disk is full, free space under %s: %w", j.dir, err)
	}
	j.failed = fmt.Errorf("%w: %w", ErrFailed, err)
	j.o.Logger.Error("the journal has failed", "dir", j.dir, "error", err)
	return j.failed
}
