package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

func TestR3_5_ARestoredRoomHasANewEpoch(t *testing.T) {
	s := open(t, t.TempDir(), quiet())
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1", "b", "1", "c", "1")
	put(t, r, 1, "last", "7")
	put(t, r, 300, "b", removed, "c", "3")
	other := room(t, s, "tasks/other")
	put(t, other, 300, "x", strings.Repeat("long", 50_000))
	var backup bytes.Buffer
	if err := s.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	put(t, r, 300, "a", "later")

	dir := filepath.Join(t.TempDir(), "restored")
	if err := Restore(dir, bytes.NewReader(backup.Bytes())); err != nil {
		t.Fatal(err)
	}
	if report, err := Check(dir, nil); err != nil || len(report.Damage) > 0 || report.Records != 4 || report.Rooms != 2 {
		t.Errorf("%+v %v", report, err)
	}
	restored := open(t, dir, quiet())
	r2 := room(t, restored, "tasks/main")
	if r2.Epoch() == r.Epoch() || r2.Epoch() == 0 || r2.Seq() != 3 || r2.Floor() != 4 || !r2.Exists() {
		t.Error(r2.Epoch(), r2.Seq(), r2.Floor())
	}
	want(t, "records", dump(t, r2, 300), "a=1@1 c=3@3 ")
	want(t, "bookkeeping", dump(t, r2, 1), "last=7@2 ")
	want(t, "changes", changes(t, r2, 3), "")
	if err := r2.Changes(2, nil); !errors.Is(err, ErrPruned) {
		t.Error(err)
	}
	if v, _, _, _ := room(t, restored, "tasks/other").Get(300, []byte("x")); len(v) != 200_000 {
		t.Error(len(v))
	}
	put(t, r2, 300, "b", "4")
	want(t, "goes on", dump(t, r2, 300), "a=1@1 b=4@4 c=3@3 ")
	if err := Restore(dir, &backup); !errors.Is(err, ErrLocked) {
		t.Error(err)
	}
	restored.Close()
	if err := Restore(dir, &backup); !errors.Is(err, ErrNotEmpty) {
		t.Error(err)
	}
}

func TestADamagedBackupIsRefused(t *testing.T) {
	s := open(t, t.TempDir(), quiet())
	r := room(t, s, "tasks/main")
	for i := range 100 {
		put(t, r, 300, fmt.Sprint(i), strings.Repeat("x", 2000))
	}
	var backup bytes.Buffer
	if err := s.Backup(&backup); err != nil {
		t.Fatal(err)
	}
	whole := backup.Bytes()
	const blockSize = blockHeader + blockBytes
	for name, damaged := range map[string][]byte{
		"nothing":          nil,
		"cut in a block":   whole[:len(whole)-1],
		"cut after blocks": whole[:blockSize],
		"a flipped bit":    flip(whole, len(whole)/2),
		"more behind it":   append(bytes.Clone(whole), whole...),
		"something else":   []byte("PK\x03\x04 is the beginning of another kind of file"),
	} {
		dir := t.TempDir()
		if err := Restore(dir, bytes.NewReader(damaged)); !errors.Is(err, ErrBackup) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, treeName)); err == nil {
			t.Errorf("%s: there is a file", name)
		}
		if err := Restore(dir, bytes.NewReader(whole)); err != nil {
			t.Errorf("%s: the folder cannot be used again: %v", name, err)
		}
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 4
	return b
}

// alter changes the B+tree file of a closed store.
func alter(t *testing.T, dir string, change func(room *bbolt.Bucket) error) {
	t.Helper()
	db, err := openTree(filepath.Join(dir, treeName), false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error { return change(roomBucket(tx, "tasks/main")) }); err != nil {
		t.Fatal(err)
	}
}

func TestCheckNamesTheDamage(t *testing.T) {
	sums := sumsOf("tasks/main", 300)
	records := spaceBucket(300)
	tests := map[string]struct {
		alter func(room *bbolt.Bucket) error
		found string
	}{
		"a record's bit": {func(b *bbolt.Bucket) error {
			stored := bytes.Clone(b.Bucket(records).Get([]byte("k7")))
			return b.Bucket(records).Put([]byte("k7"), flip(stored, len(stored)-1))
		}, `room tasks/main, space 300, key "k7": the record's checksum is wrong`},
		"a record of another key": {func(b *bbolt.Bucket) error {
			return b.Bucket(records).Put([]byte("k7"), bytes.Clone(b.Bucket(records).Get([]byte("k8"))))
		}, `room tasks/main, space 300, key "k7": the record's checksum is wrong`},
		"a lost record": {func(b *bbolt.Bucket) error {
			return b.Bucket(records).Delete([]byte("k7"))
		}, `room tasks/main, space 300, key "k7": the change log has transaction 8, the record does not`},
		"a lost change": {func(b *bbolt.Bucket) error {
			return b.Bucket(logBucket()).Delete(appendLogKey(nil, 8, 300, "k7"))
		}, `room tasks/main, space 300, key "k7": transaction 8 is missing in the change log`},
		"a change's bit": {func(b *bbolt.Bucket) error {
			key := appendLogKey(nil, 8, 300, "k7")
			return b.Bucket(logBucket()).Put(key, flip(b.Bucket(logBucket()).Get(key), 0))
		}, `room tasks/main: the checksum of the change log's entry`},
		"an old record": {func(b *bbolt.Bucket) error {
			return b.Bucket(records).Put([]byte("k7"), sums.seal(nil, "k7", 3, false, nil))
		}, `room tasks/main, space 300, key "k7": the change log has transaction 8, the record does not`},
		"beyond the mark": {func(b *bbolt.Bucket) error {
			return b.Bucket(records).Put([]byte("new"), sums.seal(nil, "new", 99, false, nil))
		}, `room tasks/main, space 300, key "new": it is of transaction 99, but the room ends with 20`},
		"the state": {func(b *bbolt.Bucket) error {
			return b.Put(stateKey(), flip(b.Get(stateKey()), 9))
		}, `room tasks/main: the room's state is damaged`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, quiet())
			r := room(t, s, "tasks/main")
			for i := range 20 {
				put(t, r, 300, fmt.Sprintf("k%d", i), "value")
			}
			if _, err := Check(dir, nil); !errors.Is(err, ErrLocked) {
				t.Error(err)
			}
			s.Close()
			if report, err := Check(dir, nil); err != nil || len(report.Damage) > 0 || report.Records != 20 || report.Changes != 20 {
				t.Fatalf("%+v %v", report, err)
			}
			alter(t, dir, test.alter)
			report, err := Check(dir, nil)
			if text := strings.Join(report.Damage, "\n"); err != nil || !strings.Contains(text, test.found) {
				t.Errorf("found %q, %v; want %q", text, err, test.found)
			}
		})
	}
}

func TestADamagedPageIsReported(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	r := room(t, s, "tasks/main")
	for i := range 2000 {
		put(t, r, 300, fmt.Sprintf("k%d", i), "value")
	}
	s.Close()
	path := filepath.Join(dir, treeName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for from := 0; ; { // in use or not
		at := bytes.Index(data[from:], []byte("k1999"))
		if at < 0 {
			break
		}
		page := (from + at) &^ (os.Getpagesize() - 1)
		for i := range 64 { // its head and where its keys are
			data[page+i] ^= 0xA5
		}
		from = page + os.Getpagesize()
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := Check(dir, nil)
	if err != nil || len(report.Damage) == 0 {
		t.Errorf("%+v %v", report, err)
	}
	again := open(t, dir, quiet())
	err = room(t, again, "tasks/main").Each(300, func(_, _ []byte, _ uint64) error { return nil })
	if err == nil {
		t.Error("damaged records are served")
	}
	var quarantine *QuarantineError
	if _, err := again.Room("tasks/main"); !errors.As(err, &quarantine) {
		t.Error(err)
	}
}
