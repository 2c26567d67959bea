package store

import (
	"bytes"
	"path/filepath"
	"testing"
)

func FuzzEntry(f *testing.F) {
	var b Batch
	b.Begin(7)
	b.Put(300, "key", []byte("value"))
	b.Delete(1, "k")
	b.Begin(8)
	f.Add(b.entry, uint64(7), uint64(8))
	f.Fuzz(func(t *testing.T, entry []byte, first, last uint64) {
		_, _, data, err := readEntryHeader(entry)
		if err != nil {
			return
		}
		_ = readOps(data, first, last, func(o foundOp) {
			key, value := data[o.keyAt:o.keyAt+o.keyLen], data[o.valueAt:o.valueAt+o.valueLen]
			if len(key)+len(value) > len(data) || o.seq < first {
				t.Error("an operation that is not in the entry")
			}
		})
	})
}

func FuzzState(f *testing.F) {
	s := roomState{exists: true, epoch: 1, seq: 2, floor: 3, bytes: 4, reason: "why", marks: []mark{{1, 2}, {3, 4}}}
	f.Add(s.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeState(b)
		if err == nil && !bytes.Equal(s.encode()[6:], b[6:]) {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzRestore(f *testing.F) {
	s := open(f, f.TempDir(), quiet())
	r := room(f, s, "tasks/main")
	put(f, r, 300, "a", "1", "b", "2")
	var backup bytes.Buffer
	if err := s.Backup(&backup); err != nil {
		f.Fatal(err)
	}
	f.Add(backup.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := Restore(filepath.Join(t.TempDir(), "new"), bytes.NewReader(b)); err == nil && !bytes.HasPrefix(b, backup.Bytes()) && len(b) < backup.Len() {
			t.Error("a part of a backup is restored")
		}
	})
}
