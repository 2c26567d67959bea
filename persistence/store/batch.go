package store

import (
	"encoding/binary"
	"fmt"
)

// Limits of what a commit may hold.
const (
	MaxKeyBytes   = 16 << 10
	MaxValueBytes = 16 << 20
	MaxBatchBytes = 512 << 20 // a migration writes all of a room at once
)

// keptBuffer is the largest encoding buffer that is used again.
const keptBuffer = 1 << 20

// Batch collects what one Commit makes durable: one or more transactions, each
// begun with its sequence. One goroutine at a time fills it. The zero value is
// empty and ready for use, and so it is again after Commit: fill the same one
// for each turn, then nothing is allocated but what the room keeps.
type Batch struct {
	entry       []byte // what the journal gets, see entry.go
	ops         int
	first, last uint64
	refusal     error // of the first operation that no commit may hold
}

// Begin begins the transaction with that sequence, which follows the last one's.
func (b *Batch) Begin(seq uint64) {
	if b.last == 0 {
		b.entry = append(b.entry[:0], make([]byte, entryHeader)...)
		b.first = seq
	} else if seq != b.last+1 && b.refusal == nil {
		b.refusal = fmt.Errorf("%w: transaction %d was begun after %d in one batch", ErrSequence, seq, b.last)
	}
	b.last = seq
	b.entry = append(b.entry, opBegin)
}

// Put writes a record. Key and value are copied. Begin comes first.
func (b *Batch) Put(space Space, key string, value []byte) {
	b.add(opPut, space, key, len(value))
	b.entry = binary.AppendUvarint(b.entry, uint64(len(value)))
	b.entry = append(b.entry, value...)
}

// Delete removes a record; a missing one is no error. Begin comes first.
func (b *Batch) Delete(space Space, key string) {
	b.add(opDelete, space, key, 0)
}

// add encodes all of an operation but its value.
func (b *Batch) add(kind byte, space Space, key string, value int) {
	if b.last == 0 {
		panic("store: an operation before Begin")
	}
	if b.refusal == nil && key == "" {
		b.refusal = ErrNoKey
	}
	if b.refusal == nil && (len(key) > MaxKeyBytes || value > MaxValueBytes) {
		b.refusal = fmt.Errorf("%w: a key of %d bytes with a value of %d; %d and %d are the most", ErrTooLarge, len(key), value, MaxKeyBytes, MaxValueBytes)
	}
	b.ops++
	b.entry = append(b.entry, kind)
	b.entry = binary.AppendUvarint(b.entry, uint64(space))
	b.entry = binary.AppendUvarint(b.entry, uint64(len(key)))
	b.entry = append(b.entry, key...)
}

// Len is the number of operations.
func (b *Batch) Len() int { return b.ops }

// Bytes is how much the batch takes in the journal.
func (b *Batch) Bytes() int { return len(b.entry) }

// Last is the sequence of the last Begin, or 0.
func (b *Batch) Last() uint64 { return b.last }

// Reset empties the batch.
func (b *Batch) Reset() {
	b.ops = 0
	if cap(b.entry) > keptBuffer {
		b.entry = nil
	}
	b.entry = b.entry[:0]
	b.first, b.last, b.refusal = 0, 0, nil
}
