package store

// Limits of a batch.
const (
	MaxKeyBytes   = 16 << 10
	MaxBatchBytes = 16 << 20
)

// Batch collects what one Commit makes durable: one or more transactions, each
// begun with its sequence. One goroutine at a time fills it. The zero value is
// empty and ready for use, and so it is again after Commit.
type Batch struct{}

// Begin begins the transaction with that sequence, which follows the last one's.
func (b *Batch) Begin(seq uint64) { panic("not yet") }

// Put writes a record. The value is kept by the store until a checkpoint has
// written it: never change it afterwards.
func (b *Batch) Put(space Space, key string, value []byte) { panic("not yet") }

// Delete removes a record; a missing one is no error.
func (b *Batch) Delete(space Space, key string) { panic("not yet") }

// Len is the number of operations.
func (b *Batch) Len() int { panic("not yet") }

// Bytes is how much the batch takes in the journal.
func (b *Batch) Bytes() int { panic("not yet") }

// Last is the sequence of the last Begin, or 0.
func (b *Batch) Last() uint64 { panic("not yet") }

// Reset empties the batch.
func (b *Batch) Reset() { panic("not yet") }
