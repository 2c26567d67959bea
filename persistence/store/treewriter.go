package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/parlor-server/parlor/persistence/journal"
)

// How a checkpoint is cut into transactions: each takes so many operations that
// its commit takes about chunkTime, and after each the disk is the journal's for
// as long, unless the checkpoint is in a hurry. Otherwise the journal's syncs
// wait behind megabytes of pages.
const (
	firstChunk = 256
	leastChunk = 32
	mostChunk  = 4096
	chunkTime  = 5 * time.Millisecond
	mostPause  = 20 * time.Millisecond
	yieldEvery = 32 // operations, after which others may run
	waitTime   = time.Millisecond
	mostWaits  = 5_000 // of a checkpoint
)

// phase is what a checkpoint is at. Entries of the change log lie side by side;
// each record may take a page of its own.
type phase int

const (
	logPhase phase = iota
	recordPhase
	phases
)

// treeWriter writes one checkpoint, in as many transactions as it takes. What
// a crash leaves of it does no harm: the position is in the last one, so the
// journal is replayed from the checkpoint before, and writing the same again
// ends with the same. One goroutine uses it.
type treeWriter struct {
	s     *Store
	tx    *bbolt.Tx // nil between two transactions
	ops   int       // in tx
	phase phase
	chunk [phases]int // operations that a transaction may have
	spare []byte      // for keys, which the tree copies
	waits int         // how often yield may still wait
	arena []byte      // for values, which it keeps until tx ends
}

func newTreeWriter(s *Store) *treeWriter {
	return &treeWriter{s: s, chunk: s.checkpoints.chunk, waits: mostWaits}
}

// write writes all jobs and then the position that they bring the tree to.
func (w *treeWriter) write(jobs []*job, p journal.Position) error {
	if err := w.begin(); err != nil {
		return err
	}
	if err := makeBuckets(w.tx); err != nil {
		return err
	}
	for _, j := range jobs {
		err := w.job(j)
		var damage *DamageError
		if errors.As(err, &damage) { // of this room alone
			_ = j.room.quarantine(err)
			j.state.reason = err.Error()
			err = w.putState(j.room.name, &j.state)
		}
		if err != nil {
			return fmt.Errorf("room %s: %w", j.room.name, err)
		}
	}
	if err := w.begin(); err != nil {
		return err
	}
	if err := putPosition(w.tx, p); err != nil {
		return err
	}
	w.s.o.Fault(pointPosition)
	return w.commit()
}

// yield lets others run, and waits while rooms are opened: somebody waits for
// those, and after a crash there is most to open when there is most to write.
func (w *treeWriter) yield() {
	for w.waits > 0 && w.s.reading.Load() > 0 && !w.s.checkpoints.awaited() {
		w.waits--
		time.Sleep(waitTime)
	}
	runtime.Gosched()
}

func (w *treeWriter) begin() (err error) {
	if w.tx == nil {
		w.tx, err = w.s.tree.Begin(true)
		w.ops = 0
	}
	return err
}

func (w *treeWriter) commit() error {
	w.s.o.Fault(pointChunk)
	start := time.Now()
	err := w.tx.Commit()
	w.tx = nil
	if err != nil {
		return err
	}
	took := time.Since(start)
	chunk := &w.chunk[w.phase]
	switch {
	case took > 2*chunkTime:
		*chunk = max(*chunk/2, leastChunk)
	case took < chunkTime/2 && w.ops >= *chunk:
		*chunk = min(*chunk*2, mostChunk)
	}
	w.s.o.Fault(pointWritten)
	if !w.s.checkpoints.hurried() {
		time.Sleep(min(took, mostPause))
	}
	return nil
}

// arenaBytes is how much is allocated at once for values.
const arenaBytes = 64 << 10

// value returns an empty slice for a value of that size.
func (w *treeWriter) value(size int) []byte {
	if size > arenaBytes/4 {
		return make([]byte, 0, size)
	}
	if len(w.arena)+size > cap(w.arena) {
		w.arena = make([]byte, 0, arenaBytes)
	}
	start := len(w.arena)
	w.arena = w.arena[:start+size]
	return w.arena[start : start : start+size]
}

// abort gives up the transaction that is open after an error.
func (w *treeWriter) abort() {
	if w.tx != nil {
		_ = guard(nil, w.tx.Rollback)
	}
}

// each calls do for 0 to n-1, in transactions of limited size; open comes first
// in each of them, to look up the buckets that do uses.
func (w *treeWriter) each(n int, open func() error, do func(i int) error) error {
	for i := 0; i < n; {
		if w.tx != nil && w.ops >= w.chunk[w.phase] {
			if err := w.commit(); err != nil {
				return err
			}
		}
		if err := w.begin(); err != nil {
			return err
		}
		if err := open(); err != nil {
			return err
		}
		for ; i < n && w.ops < w.chunk[w.phase]; i++ {
			if err := do(i); err != nil {
				return err
			}
			if w.ops++; w.ops%yieldEvery == 0 {
				w.yield()
			}
		}
	}
	return nil
}

// job writes one room: entries of the change log that are superseded go, in
// order, the new ones are appended, in order, and then come the records, in
// order. If it stops in between, the log lacks nothing that the journal has not.
func (w *treeWriter) job(j *job) error {
	if err := w.prepare(j); err != nil {
		return err
	}
	if j.table != nil {
		w.yield()
		j.room.catchUp(j.table)
		ops := j.table.live(w.yield)
		old, err := w.supersede(j, ops)
		if err != nil {
			return err
		}
		if err := w.deleteLog(j.room.name, old); err != nil {
			return err
		}
		if err := w.appendLog(j); err != nil {
			return err
		}
		if err := w.putRecords(j, ops); err != nil {
			return err
		}
	}
	limit := uint64(0)
	if j.state.reason == "" {
		limit = j.state.age(w.s.o.Now(), w.s.o.Retention)
	}
	prune := limit >= j.state.floor
	if prune {
		j.state.floor = limit + 1
	}
	if err := w.putState(j.room.name, &j.state); err != nil || !prune {
		return err
	}
	return w.prune(j.room.name, limit)
}

func (w *treeWriter) putState(room string, state *roomState) error {
	open := func() error { return nil }
	return w.each(1, open, func(int) error { return roomBucket(w.tx, room).Put(stateKey(), state.encode()) })
}

// prepare makes the room's bucket, or makes it anew if the room was dropped.
func (w *treeWriter) prepare(j *job) error {
	return w.each(1, func() error { return nil }, func(int) error {
		rooms, name := w.tx.Bucket(roomsBucket()), []byte(j.room.name)
		begin := roomState{epoch: j.state.epoch, floor: 1}
		if rooms.Bucket(name) != nil {
			if j.table == nil || !j.table.wiped {
				return nil
			}
			if err := rooms.DeleteBucket(name); err != nil {
				return err
			}
		}
		if j.table != nil && j.table.wiped {
			begin.seq, begin.floor = j.table.wipedAt, j.table.wipedAt+1
		}
		b, err := rooms.CreateBucket(name)
		if err != nil {
			return err
		}
		return b.Put(stateKey(), begin.encode())
	})
}

// logRef is an entry of the change log that goes.
type logRef struct {
	seq   uint64
	space Space
	key   string
}

// supersede finds the entries of the change log that the operations replace. It
// also adds up what the room's records will take.
func (w *treeWriter) supersede(j *job, ops []op) ([]logRef, error) {
	var old []logRef
	var b *bbolt.Bucket
	var sums recordSums
	for i := range ops {
		o := &ops[i]
		if o.space < FirstLogged {
			continue
		}
		if i == 0 || o.space != ops[i-1].space {
			b = roomBucket(w.tx, j.room.name).Bucket(spaceBucket(o.space))
			sums = sumsOf(j.room.name, o.space)
		}
		if !o.removed {
			j.state.bytes += int64(len(o.key) + len(o.value))
		}
		if b == nil {
			continue
		}
		if i%yieldEvery == 0 {
			w.yield()
		}
		w.spare = append(w.spare[:0], o.key...)
		stored := b.Get(w.spare)
		if stored == nil {
			continue
		}
		value, seq, removed, ok := sums.open(w.spare, stored)
		if !ok {
			return nil, &DamageError{j.room.name, o.space, bytes.Clone(w.spare), "the record's checksum is wrong"}
		}
		if !removed {
			j.state.bytes -= int64(len(o.key) + len(value))
		}
		if seq != o.seq && seq >= j.state.floor {
			old = append(old, logRef{seq, o.space, o.key})
		}
	}
	return old, nil
}

// deleteLog deletes entries of the change log, and those that an interrupted
// checkpoint has left beyond the stored high-water mark.
func (w *treeWriter) deleteLog(room string, old []logRef) error {
	old, err := w.leftovers(room, old)
	if err != nil {
		return err
	}
	slices.SortFunc(old, func(a, b logRef) int {
		return cmp.Or(cmp.Compare(a.seq, b.seq), cmp.Compare(a.space, b.space), cmp.Compare(a.key, b.key))
	})
	w.phase = logPhase
	var b *bbolt.Bucket
	return w.each(len(old), func() error {
		b = roomBucket(w.tx, room).Bucket(logBucket())
		return nil
	}, func(i int) error {
		if b == nil {
			return nil
		}
		w.spare = appendLogKey(w.spare[:0], old[i].seq, old[i].space, old[i].key)
		return b.Delete(w.spare)
	})
}

func (w *treeWriter) leftovers(room string, old []logRef) ([]logRef, error) {
	r := roomBucket(w.tx, room)
	state, err := decodeState(r.Get(stateKey()))
	if err != nil {
		return nil, err
	}
	b := r.Bucket(logBucket())
	if b == nil {
		return old, nil
	}
	c := b.Cursor()
	for k, _ := c.Seek(binary.BigEndian.AppendUint64(nil, state.seq+1)); len(k) >= logKeyHeader; k, _ = c.Next() {
		old = append(old, logRef{binary.BigEndian.Uint64(k), Space(binary.BigEndian.Uint32(k[8:])), string(k[logKeyHeader:])})
	}
	return old, nil
}

// appendLog appends the new entries of the change log.
func (w *treeWriter) appendLog(j *job) error {
	var b *bbolt.Bucket
	open := func() (err error) {
		b, err = roomBucket(w.tx, j.room.name).CreateBucketIfNotExists(logBucket())
		if err == nil {
			b.FillPercent = logFill
		}
		return err
	}
	return w.each(j.table.len, open, func(i int) error {
		r := j.table.at(i)
		if r.stale || r.space < FirstLogged {
			return nil
		}
		o := j.table.op(r)
		w.spare = appendLogKey(w.spare[:0], o.seq, o.space, o.key)
		return b.Put(w.spare, appendLogValue(w.value(logValue), w.spare, o.removed))
	})
}

// putRecords writes the records. What was removed from a logged space stays as
// a tombstone.
func (w *treeWriter) putRecords(j *job, ops []op) error {
	var b *bbolt.Bucket
	var space Space
	var sums recordSums
	w.phase = recordPhase
	open := func() error { b = nil; return nil }
	return w.each(len(ops), open, func(i int) (err error) {
		o := &ops[i]
		if b == nil || o.space != space {
			space, sums = o.space, sumsOf(j.room.name, o.space)
			if b, err = roomBucket(w.tx, j.room.name).CreateBucketIfNotExists(spaceBucket(space)); err != nil {
				return err
			}
			b.FillPercent = spaceFill
		}
		if o.removed && o.space < FirstLogged {
			return b.Delete([]byte(o.key))
		}
		w.spare = append(w.spare[:0], o.key...)
		return b.Put(w.spare, sums.seal(w.value(recordHeader+len(o.value)), o.key, o.seq, o.removed, o.value))
	})
}
