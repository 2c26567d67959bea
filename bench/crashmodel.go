//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/store"
)

// crashFindings are promises that were not kept.
type crashFindings struct {
	Lost       int // confirmed transactions that are not there
	Duplicated int // transactions that took effect more than once
	Torn       int // that are there by half, or not as they were written
	Texts      []string
}

func (f *crashFindings) note(format string, args ...any) {
	if len(f.Texts) < 20 {
		f.Texts = append(f.Texts, fmt.Sprintf(format, args...))
	}
}

func (f *crashFindings) bad() bool { return len(f.Texts) > 0 }

// crashPlace is where a record is in a room.
type crashPlace struct {
	space store.Space
	key   string
}

// crashModel is what a room must hold: all transactions up to a sequence, of
// which it is known which life wrote them.
type crashModel struct {
	seed      uint64
	room      int
	seq       uint64
	confirmed uint64 // the room may not be before it: it was confirmed, or somebody has read it
	writer    int    // the life that writes what comes after seq
	records   map[crashPlace]crashRecord
}

// compare checks what a restart has found, and takes it over.
func (m *crashModel) compare(got crashMessage, f *crashFindings) {
	name := crashRoom(m.room)
	if got.Seq < m.confirmed {
		f.Lost += int(m.confirmed - got.Seq)
		f.note("%s is at %d, confirmed were %d", name, got.Seq, m.confirmed)
		return
	}
	for m.seq < got.Seq {
		m.seq++
		for _, c := range crashTransaction(m.seed, m.writer, m.room, m.seq) {
			m.records[crashPlace{c.Space, c.Key}] = crashRecord{c.Space, c.Key, m.seq, c.Value, c.Removed}
		}
	}
	m.confirmed = got.Seq
	m.compareRecords(name, got.Records, f)
	m.compareChanges(name, got, f)
}

// compareRecords wants exactly the records of the transactions.
func (m *crashModel) compareRecords(name string, got []crashRecord, f *crashFindings) {
	torn := map[uint64]bool{}
	wrong := func(seq uint64, format string, args ...any) {
		torn[seq] = true
		f.note("%s: "+format, append([]any{name}, args...)...)
	}
	seen := map[crashPlace]bool{}
	for _, r := range got {
		place := crashPlace{r.Space, r.Key}
		want, ok := m.records[place]
		switch {
		case seen[place]:
			wrong(r.Seq, "record %v comes twice", place)
		case !ok || want.Removed:
			wrong(want.Seq, "record %v of transaction %d is there, it was removed by %d", place, r.Seq, want.Seq)
		case want.Seq != r.Seq || !bytes.Equal(want.Value, r.Value):
			wrong(want.Seq, "record %v is of transaction %d with %d bytes, it should be of %d with %d", place, r.Seq, len(r.Value), want.Seq, len(want.Value))
		}
		seen[place] = true
		if r.Space == crashCounter {
			if n, _ := binary.Uvarint(r.Value); n > m.seq {
				f.Duplicated += int(n - m.seq)
			}
		}
	}
	for place, want := range m.records {
		if !want.Removed && !seen[place] {
			wrong(want.Seq, "record %v of transaction %d is missing", place, want.Seq)
		}
	}
	f.Torn += len(torn)
}

// compareChanges wants the latest operation on each key of the logged spaces
// from the floor on, in order.
func (m *crashModel) compareChanges(name string, got crashMessage, f *crashFindings) {
	want := map[crashPlace]crashRecord{}
	for place, r := range m.records {
		if r.Space >= store.FirstLogged && r.Seq >= got.Floor {
			want[place] = r
		}
	}
	if !slices.IsSortedFunc(got.Changes, func(a, b crashRecord) int { return int(a.Seq) - int(b.Seq) }) {
		f.note("%s: the change log is not in order", name)
	}
	for _, c := range got.Changes {
		place := crashPlace{c.Space, c.Key}
		if w, ok := want[place]; !ok || w.Seq != c.Seq || w.Removed != c.Removed {
			f.note("%s: the change log has %v at %d (removed: %v), it should be at %d (removed: %v)", name, place, c.Seq, c.Removed, w.Seq, w.Removed)
			f.Torn++
		}
		delete(want, place)
	}
	for place, w := range want {
		f.note("%s: the change log lacks %v at %d; its floor is %d", name, place, w.Seq, got.Floor)
		f.Torn++
	}
}
