package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"
)

// marksKept is about how many marks divide a retention: operations stay by that
// part of it longer than they must.
const marksKept = 64

// age brings the marks of a state up to date and returns the sequence up to
// which the change log is pruned. Nothing is if that is below floor.
func (s *roomState) age(now time.Time, retention time.Duration) (limit uint64) {
	if retention < 0 {
		return 0
	}
	micros := now.UnixMicro()
	marks := append([]mark(nil), s.marks...) // readers may have the old ones
	last := len(marks) - 1
	switch {
	case last >= 0 && marks[last].seq == s.seq:
	case last > 0 && micros-marks[last-1].time < (retention/marksKept).Microseconds():
		marks[last] = mark{micros, s.seq} // the newest moves until it is far enough from the one before
	default:
		marks = append(marks, mark{micros, s.seq})
	}
	for len(marks) > 0 && micros-marks[0].time >= retention.Microseconds() {
		limit = marks[0].seq
		marks = marks[1:]
	}
	s.marks = marks
	return limit
}

// duePrunes are the rooms without anything to write whose change log has
// entries that are old enough to go.
func (s *Store) duePrunes(jobs []*job) []*job {
	if s.o.Retention < 0 {
		return nil
	}
	busy := make(map[*Room]bool, len(jobs))
	for _, j := range jobs {
		busy[j.room] = true
	}
	before := s.o.Now().Add(-s.o.Retention).UnixMicro()
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []*job
	for _, r := range s.rooms {
		r.mu.Lock()
		if !busy[r] && r.active == nil && !r.gone && r.state.reason == "" && len(r.state.marks) > 0 && r.state.marks[0].time <= before {
			due = append(due, &job{room: r, state: r.state})
		}
		r.mu.Unlock()
	}
	return due
}

// prune deletes the entries of the change log up to a sequence, and the
// tombstones that they speak of.
func (w *treeWriter) prune(room string, limit uint64) error {
	w.phase = recordPhase // tombstones lie anywhere
	for {
		var batch [][]byte
		if err := w.begin(); err != nil {
			return err
		}
		b := roomBucket(w.tx, room).Bucket(logBucket())
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, _ := c.First(); k != nil && len(batch) < firstChunk && binary.BigEndian.Uint64(k) <= limit; k, _ = c.Next() {
			batch = append(batch, bytes.Clone(k))
		}
		if len(batch) == 0 {
			return nil
		}
		var r *bbolt.Bucket
		open := func() error { r = roomBucket(w.tx, room); return nil }
		err := w.each(len(batch), open, func(i int) error { return pruneEntry(r, room, batch[i]) })
		if err != nil {
			return err
		}
	}
}

func pruneEntry(r *bbolt.Bucket, room string, logKey []byte) error {
	log := r.Bucket(logBucket())
	seq, space, key, removed, ok := readLog(logKey, log.Get(logKey))
	if !ok {
		return &DamageError{room, 0, logKey, "the change log's checksum is wrong"}
	}
	if removed {
		if b := r.Bucket(spaceBucket(space)); b != nil {
			if stored := b.Get(key); stored != nil {
				if _, at, tombstone, ok := sumsOf(room, space).open(key, stored); ok && tombstone && at == seq {
					if err := b.Delete(key); err != nil {
						return err
					}
				}
			}
		}
	}
	return log.Delete(logKey)
}
