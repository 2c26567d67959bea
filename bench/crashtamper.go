//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

// framed writes each of an encoder's messages with its length and the process
// before it: lives follow each other in one diary.
type framed struct{ f *os.File }

const frameHead = 8

// nextFrame returns the first frame of a diary and what follows; ok is false at
// the end, and at half a frame, which a kill leaves.
func nextFrame(b []byte) (process uint32, message, rest []byte, ok bool) {
	if len(b) < frameHead || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-frameHead) {
		return 0, nil, b, false
	}
	end := frameHead + binary.LittleEndian.Uint32(b)
	return binary.LittleEndian.Uint32(b[4:]), b[frameHead:end], b[end:], true
}

// trimDiary cuts half a frame off the end.
func trimDiary(f *os.File) error {
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	rest := b
	for ok := true; ok; {
		_, _, rest, ok = nextFrame(rest)
	}
	return f.Truncate(int64(len(b) - len(rest)))
}

func (w framed) Write(b []byte) (int, error) {
	frame := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(os.Getpid()))
	if _, err := w.f.Write(append(frame, b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// readDiary reads all operations of all lives.
func readDiary(path string) (ops []crashOp, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var life uint32
	var stream bytes.Buffer
	for {
		of, message, rest, ok := nextFrame(b)
		if !ok {
			return readLife(ops, &stream)
		}
		if of != life {
			if ops, err = readLife(ops, &stream); err != nil {
				return nil, err
			}
			life = of
		}
		stream.Write(message)
		b = rest
	}
}

// readLife reads what one process wrote.
func readLife(ops []crashOp, stream *bytes.Buffer) ([]crashOp, error) {
	decoder := gob.NewDecoder(stream)
	for {
		var o crashOp
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			stream.Reset()
			return ops, nil
		}
		if err != nil {
			return nil, fmt.Errorf("failed to read the diary: %w", err)
		}
		ops = append(ops, o)
	}
}

// cachedWrite is a write that the disk may not have yet.
type cachedWrite struct {
	crashOp
	durable bool
	lost    bool // a sync has failed: no later one brings it back
}

// writeCache is what a power failure would leave to chance.
type writeCache struct {
	files map[string][]cachedWrite // the oldest is not durable
	names []crashOp                // created and removed, folders not synced
}

func newWriteCache(ops []crashOp) *writeCache {
	c := &writeCache{files: map[string][]cachedWrite{}}
	for _, o := range ops {
		switch o.Kind {
		case crashWrote, crashTruncated:
			c.files[o.Name] = append(c.files[o.Name], cachedWrite{crashOp: o})
		case crashSynced:
			list := c.files[o.Name]
			for i := range list {
				list[i].durable = !list[i].lost
			}
			if i := slices.IndexFunc(list, func(w cachedWrite) bool { return !w.durable }); i >= 0 {
				c.files[o.Name] = list[i:]
			} else {
				delete(c.files, o.Name)
			}
		case crashSyncFailed:
			for i, w := range c.files[o.Name] {
				c.files[o.Name][i].lost = !w.durable
			}
		case crashCreated:
			delete(c.files, o.Name) // what was of that name is gone
			c.names = append(c.names, o)
		case crashRemoved:
			c.names = append(c.names, o)
		case crashFolderSynced:
			c.names = slices.DeleteFunc(c.names, func(n crashOp) bool { return filepath.Dir(n.Name) == o.Name })
		}
	}
	return c
}

// lose decides for each cached write and name whether the disk had it. It
// returns how many writes it took back, wholly or in part.
func (c *writeCache) lose(random *rand.Rand) (lost int, err error) {
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		n, err := loseWrites(name, c.files[name], random)
		if err != nil {
			return lost, err
		}
		lost += n
	}
	if len(c.names) == 0 {
		return lost, nil
	}
	for _, o := range slices.Backward(c.names[random.IntN(len(c.names)+1):]) {
		switch o.Kind {
		case crashCreated:
			err = os.Remove(o.Name)
		case crashRemoved:
			err = os.Rename(o.Grave, o.Name)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return lost, err
		}
		lost++
	}
	return lost, nil
}

// loseWrites takes a file back to before its oldest cached write and makes
// those again that the disk had: all, none, the first, or any sectors.
func loseWrites(name string, writes []cachedWrite, random *rand.Rand) (lost int, err error) {
	content, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, w := range slices.Backward(writes) {
		content = undo(content, w.crashOp)
	}
	mode, first := random.IntN(5), random.IntN(len(writes)+1)
	for i, w := range writes {
		keep := func(int64) bool { return true }
		switch {
		case w.durable || mode == 0 && !w.lost:
		case w.lost && random.IntN(2) == 0, mode == 1, mode == 2 && i >= first:
			keep = func(int64) bool { return false }
			lost++
		case mode > 2:
			keep = func(int64) bool { return random.IntN(4) > 0 }
			lost++
		}
		content = redo(content, w.crashOp, keep)
	}
	return lost, os.WriteFile(name, content, 0o600)
}

func undo(b []byte, o crashOp) []byte {
	b = sized(b, o.OldSize)
	if o.Kind == crashTruncated {
		copy(b[min(o.NewSize, o.OldSize):], o.Old)
	} else {
		copy(b[min(o.Off, o.OldSize):], o.Old)
	}
	return b
}

// redo makes an operation again, the sectors of it that are to be kept.
func redo(b []byte, o crashOp, keep func(sector int64) bool) []byte {
	const sector = 512
	if o.Kind == crashTruncated {
		if keep(0) {
			b = sized(b, o.NewSize)
		}
		return b
	}
	for from := int64(0); from < int64(len(o.New)); {
		to := min(int64(len(o.New)), (o.Off+from)/sector*sector+sector-o.Off)
		if keep(o.Off + from) {
			b = sized(b, max(int64(len(b)), o.Off+to))
			copy(b[o.Off+from:], o.New[from:to])
		}
		from = to
	}
	return b
}

func sized(b []byte, size int64) []byte {
	if size <= int64(len(b)) {
		return b[:size:size]
	}
	return append(b, make([]byte, size-int64(len(b)))...)
}
