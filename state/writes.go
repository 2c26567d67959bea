package state

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"slices"
)

// writes are a world's transactions in record rooms: those of this tick, and
// what is to be said when the outcome of earlier ones is known. The latter
// decides the future, so it is hashed, undone and saved as timers are.
type writes struct {
	seq     WriteID       // of the newest transaction
	made    []Transaction // of this tick
	waiting []waiting     // by ID
	full    fullSum       // of waiting

	undoSeq  WriteID
	undoMade int // how many there were when the call began
}

// waiting is a transaction without an outcome.
type waiting struct {
	id              WriteID
	room            string
	then, otherwise []Notice
	full            fullSum
}

// begin starts a call.
func (w *writes) begin() { w.undoSeq, w.undoMade = w.seq, len(w.made) }

// open gives this call's transaction in a room.
func (w *writes) open(room string) int {
	for i := w.undoMade; i < len(w.made); i++ {
		if w.made[i].Room == room {
			return i
		}
	}
	w.seq++
	w.made = append(w.made, Transaction{ID: w.seq, Room: room})
	return len(w.made) - 1
}

func (w *writes) commit() {
	for _, t := range w.made[w.undoMade:] {
		w.add(waiting{id: t.ID, room: t.Room, then: t.then, otherwise: t.otherwise})
	}
	w.undoMade = len(w.made)
}

func (w *writes) rollback() {
	clear(w.made[w.undoMade:])
	w.made, w.seq = w.made[:w.undoMade], w.undoSeq
}

func (w *writes) add(t waiting) {
	h := fnv.New64a()
	_, _ = h.Write(t.appendTo(nil)) // it never fails
	t.full = fullCell(fullKey(uint32(t.id), writesPart), presence, h.Sum64())
	w.full += t.full
	w.waiting = append(w.waiting, t)
}

// writesPart stands for all Records of a world where others have a field's index.
const writesPart = -2

func (w *writes) settle(id WriteID) (waiting, bool) {
	i, ok := slices.BinarySearchFunc(w.waiting, id, func(t waiting, id WriteID) int { return int(int64(t.id) - int64(id)) })
	if !ok {
		return waiting{}, false
	}
	t := w.waiting[i]
	w.full -= t.full
	w.waiting = slices.Delete(w.waiting, i, i+1)
	return t, true
}

func (w *writes) fullHash() fullSum {
	return w.full + fullCell(fullKey(0, writesPart), presence, uint64(w.seq))
}

func (w *writes) describe(out *bufio.Writer) {
	fmt.Fprintf(out, "writes: %d without an outcome\n", len(w.waiting))
	for _, t := range w.waiting {
		fmt.Fprintf(out, "  [%d] to %s\n", t.id, t.room)
	}
}

// diffWrites names the first difference between two worlds' transactions.
func diffWrites(a, b *writes) (string, bool) {
	switch {
	case a == nil || b == nil || a.fullHash() == b.fullHash():
		return "", false
	case len(a.waiting) != len(b.waiting):
		return fmt.Sprintf("writes: %d without an outcome ≠ %d", len(a.waiting), len(b.waiting)), true
	}
	for i := range a.waiting {
		if a.waiting[i].full != b.waiting[i].full {
			return fmt.Sprintf("writes: transaction %d ≠ %d, or what it says", a.waiting[i].id, b.waiting[i].id), true
		}
	}
	return "writes: the number made so far", true
}

// appendTo writes what waits for a snapshot.
func (w *writes) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(w.seq))
	b = appendUvarint(b, uint64(len(w.waiting)))
	for i := range w.waiting {
		b = w.waiting[i].appendTo(b)
	}
	return b
}

func (t *waiting) appendTo(b []byte) []byte {
	b = appendUvarint(b, uint64(t.id))
	b = appendBytes(b, t.room)
	for _, list := range [2][]Notice{t.then, t.otherwise} {
		b = appendUvarint(b, uint64(len(list)))
		for _, n := range list {
			b = appendUvarint(b, uint64(n.event))
			b = appendUvarint(b, uint64(n.to))
			b = appendBytes(b, n.row)
		}
	}
	return b
}

func appendBytes[S string | []byte](b []byte, s S) []byte {
	return append(appendUvarint(b, uint64(len(s))), s...)
}

// load replaces what waits by that of a snapshot.
func (w *writes) load(s *Store, r *loader) {
	*w = writes{seq: WriteID(r.uvarint(1<<64 - 1))}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		t := waiting{id: WriteID(r.uvarint(uint64(w.seq)))}
		t.room = string(r.bytes(r.uvarint(uint64(len(r.data)))))
		t.then = s.loadNotices(r)
		t.otherwise = s.loadNotices(r)
		if len(w.waiting) > 0 && t.id <= w.waiting[len(w.waiting)-1].id {
			r.fail("writes are out of order")
		}
		if r.err == nil {
			w.add(t)
		}
	}
}

func (s *Store) loadNotices(r *loader) (list []Notice) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		notice := Notice{event: int(r.uvarint(1 << 16)), to: ID(r.uvarint(1<<32 - 1))}
		notice.row = slices.Clone(r.bytes(r.uvarint(uint64(len(r.data)))))
		if notice.event >= len(s.events) {
			r.fail("an event that waits for a write does not exist")
			return nil
		}
		list = append(list, notice)
	}
	return list
}
