package store

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A journal entry of a room is a kind, the room's epoch (8 bytes, big endian),
// and of a commit the operations: one byte each and what follows it. The
// journal's entry names room and sequences.
const (
	entryHeader = 1 + 8

	entryCommit byte = 1
	entryDrop   byte = 2

	opBegin  byte = 1 // of the next sequence
	opPut    byte = 2 // uvarint space, uvarint length and key, uvarint length and value
	opDelete byte = 3 // uvarint space, uvarint length and key
)

func putEntryHeader(entry []byte, kind byte, epoch uint64) {
	entry[0] = kind
	binary.BigEndian.PutUint64(entry[1:], epoch)
}

var errEntry = errors.New("the journal entry cannot be read")

// readEntryHeader splits an entry.
func readEntryHeader(entry []byte) (kind byte, epoch uint64, ops []byte, err error) {
	if len(entry) < entryHeader || entry[0] != entryCommit && entry[0] != entryDrop {
		return 0, 0, nil, fmt.Errorf("%w: no header", errEntry)
	}
	return entry[0], binary.BigEndian.Uint64(entry[1:]), entry[entryHeader:], nil
}

// foundOp is an operation in the data of a commit: where key and value lie.
type foundOp struct {
	seq               uint64
	space             Space
	keyAt, keyLen     int
	valueAt, valueLen int
	removed           bool
}

// readOps visits the operations of a commit that begins with sequence first and
// ends with last.
func readOps(whole []byte, first, last uint64, visit func(foundOp)) error {
	seq, data := first-1, whole
	for len(data) > 0 {
		kind := data[0]
		data = data[1:]
		if kind == opBegin {
			seq++
			continue
		}
		if kind != opPut && kind != opDelete || seq < first {
			return fmt.Errorf("%w: operation %d in transaction %d", errEntry, kind, seq)
		}
		space, n := binary.Uvarint(data)
		if n <= 0 || space > uint64(^Space(0)) {
			return fmt.Errorf("%w: a space in transaction %d", errEntry, seq)
		}
		o := foundOp{seq: seq, space: Space(space), removed: kind == opDelete}
		key, rest, ok := cutBytes(data[n:])
		o.keyAt, o.keyLen = len(whole)-len(rest)-len(key), len(key)
		if ok && kind == opPut {
			var value []byte
			value, rest, ok = cutBytes(rest)
			o.valueAt, o.valueLen = len(whole)-len(rest)-len(value), len(value)
		}
		if !ok {
			return fmt.Errorf("%w: transaction %d ends early", errEntry, seq)
		}
		if len(key) > MaxKeyBytes {
			return fmt.Errorf("%w: a key of %d bytes in transaction %d", errEntry, len(key), seq)
		}
		data = rest
		visit(o)
	}
	if seq != last {
		return fmt.Errorf("%w: it ends with transaction %d instead of %d", errEntry, seq, last)
	}
	return nil
}

// cutBytes splits off a length and as many bytes.
func cutBytes(data []byte) (part, rest []byte, ok bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, false
	}
	end := n + int(size)
	return data[n:end:end], data[end:], true
}
