package store

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Limits of what a commit may hold.
const (
	MaxKeyBytes   = 16 << 10
	MaxBatchBytes = 16 << 20
)

// keptBuffer is the largest encoding buffer that is used again.
const keptBuffer = 1 << 20

// Batch collects what one Commit makes durable: one or more transactions, each
// begun with its sequence. One goroutine at a time fills it. The zero value is
// empty and ready for use, and so it is again after Commit: fill the same one
// for each turn, then nothing is allocated but the room's memory.
type Batch struct {
	entry       []byte // what the journal gets, see entry.go
	ops         []op
	first, last uint64
	refusal     error // of the first operation that no commit may hold
}

// op is one operation of a transaction.
type op struct {
	seq     uint64
	key     string
	value   []byte
	space   Space
	removed bool
	stale   bool // a later operation on the same key is in the same memtable
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

// Put writes a record. The store keeps value until a checkpoint has written it:
// never change it afterwards. Begin comes first.
func (b *Batch) Put(space Space, key string, value []byte) {
	b.add(op{seq: b.last, space: space, key: key, value: value})
	b.entry = binary.AppendUvarint(b.entry, uint64(len(value)))
	b.entry = append(b.entry, value...)
}

// Delete removes a record; a missing one is no error. Begin comes first.
func (b *Batch) Delete(space Space, key string) {
	b.add(op{seq: b.last, space: space, key: key, removed: true})
}

// add encodes all of an operation but its value.
func (b *Batch) add(o op) {
	if b.last == 0 {
		panic("store: an operation before Begin")
	}
	if b.refusal == nil && o.key == "" {
		b.refusal = ErrNoKey
	}
	if b.refusal == nil && (len(o.key) > MaxKeyBytes || len(o.value) > MaxBatchBytes || len(b.ops) == math.MaxInt32) {
		b.refusal = fmt.Errorf("%w: a key of %d bytes with a value of %d; %d and %d are the most", ErrTooLarge, len(o.key), len(o.value), MaxKeyBytes, MaxBatchBytes)
	}
	b.ops = append(b.ops, o)
	kind := opPut
	if o.removed {
		kind = opDelete
	}
	b.entry = append(b.entry, kind)
	b.entry = binary.AppendUvarint(b.entry, uint64(o.space))
	b.entry = binary.AppendUvarint(b.entry, uint64(len(o.key)))
	b.entry = append(b.entry, o.key...)
}

// Len is the number of operations.
func (b *Batch) Len() int { return len(b.ops) }

// Bytes is how much the batch takes in the journal.
func (b *Batch) Bytes() int { return len(b.entry) }

// Last is the sequence of the last Begin, or 0.
func (b *Batch) Last() uint64 { return b.last }

// Reset empties the batch.
func (b *Batch) Reset() {
	clear(b.ops) // lets go of keys and values
	b.ops = b.ops[:0]
	if cap(b.entry) > keptBuffer {
		b.entry = nil
	}
	b.entry = b.entry[:0]
	b.first, b.last, b.refusal = 0, 0, nil
}
