package canvas

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

func TestSnapshotAndLog(t *testing.T) {
	r := newRig(t, Settings{})
	ann := yjs.New(1, yjs.Limits{})
	r.enter(1, Writer, true)
	snapshots, before := 0, uint64(0)
	for i := range 3000 {
		r.sync(1, yjs.SyncUpdate, typed(t, ann, fmt.Sprintf("line %d of the text, with some words in it;", i)))
		if r.doc.first != before {
			snapshots, before = snapshots+1, r.doc.first
		}
		if got, most := r.doc.logBytes, max(2*r.doc.saved, logAtLeast); got > most {
			t.Fatalf("the log has %d bytes, the snapshot %d", got, r.doc.saved)
		}
	}
	if snapshots < 2 || snapshots > 10 {
		t.Errorf("%d snapshots", snapshots)
	}
	if n, most := len(r.disk[SpaceLog]), int(r.doc.next-r.doc.oldest); n != most {
		t.Errorf("%d updates in the log, not %d", n, most)
	}
	want := r.doc
	r.open(Settings{}, OpenOptions{})
	if !bytes.Equal(r.doc.Doc().EncodeState(nil), want.Doc().EncodeState(nil)) {
		t.Error("it comes back as another document")
	}
	if r.doc.storage != want.storage {
		t.Errorf("loaded %+v, not %+v", r.doc.storage, want.storage)
	}
	r.apply(&Rest{})
	if n := len(r.disk[SpaceLog]); n != int(r.doc.next-r.doc.first) || r.doc.logBytes > r.doc.saved/4 {
		t.Errorf("%d updates are left in the log, which has %d bytes", n, r.doc.logBytes)
	}
	r.open(Settings{}, OpenOptions{})
	if text(r.doc.Doc()) != text(want.Doc()) {
		t.Error("it comes back as another text")
	}
}

func TestLargeSnapshotsAreChunksAndShrink(t *testing.T) {
	r := newRig(t, Settings{})
	large := strings.Repeat("x", 5<<19)
	edit := func(f func(txt *yjs.Text, tx *yjs.Tx) error) {
		r.do(func(out *Outbox) {
			if err := r.doc.Transact(r.now, out, func(tx *yjs.Tx) error { return f(r.doc.Doc().Text("text"), tx) }); err != nil {
				t.Fatal(err)
			}
		})
	}
	edit(func(txt *yjs.Text, tx *yjs.Tx) error { return txt.Insert(tx, 0, large) })
	if n := len(r.disk[SpaceSnapshot]); n != 3 {
		t.Fatalf("%d chunks", n)
	}
	edit(func(txt *yjs.Text, tx *yjs.Tx) error { return txt.Delete(tx, 10, txt.Len()-10) })
	r.do(func(out *Outbox) { r.doc.save(out) })
	if n := len(r.disk[SpaceSnapshot]); n != 1 {
		t.Errorf("%d chunks of a small document", n)
	}
	r.open(Settings{Limits: yjs.Limits{Bytes: 1}}, OpenOptions{}) // a limit that has become smaller
	if text(r.doc.Doc()) != large[:10] {
		t.Errorf("loaded %q", text(r.doc.Doc()))
	}
}

func TestDamageIsFound(t *testing.T) {
	full := newRig(t, Settings{})
	ann := yjs.New(1, yjs.Limits{})
	full.enter(1, Writer, true)
	for range 4 {
		full.sync(1, yjs.SyncUpdate, typed(t, ann, "some text "))
	}
	full.do(func(out *Outbox) { full.doc.save(out) })
	for range 4 {
		full.sync(1, yjs.SyncUpdate, typed(t, ann, "more text "))
	}
	for name, damage := range map[string]func(d disk){
		"meta cut":        func(d disk) { d[SpaceMeta][metaKey] = d[SpaceMeta][metaKey][:2] },
		"snapshot gone":   func(d disk) { clear(d[SpaceSnapshot]) },
		"snapshot cut":    func(d disk) { d[SpaceSnapshot][chunkKey(0)] = d[SpaceSnapshot][chunkKey(0)][:20] },
		"snapshot wrong":  func(d disk) { d[SpaceSnapshot][chunkKey(0)][0] = 77 },
		"chunk misplaced": func(d disk) { d[SpaceSnapshot] = map[string][]byte{chunkKey(1): d[SpaceSnapshot][chunkKey(0)]} },
		"update gone":     func(d disk) { delete(d[SpaceLog], logKey(5)) },
		"first gone":      func(d disk) { delete(d[SpaceLog], logKey(4)) },
		"update wrong":    func(d disk) { d[SpaceLog][logKey(6)] = []byte{1} },
		"key wrong":       func(d disk) { d[SpaceLog]["x"] = []byte{0, 0} },
	} {
		d := disk{}
		for space, records := range full.disk {
			for key, value := range records {
				d.take([]Put{{space, key, value}})
			}
		}
		damage(d)
		if _, err := OpenDocument(d, OpenOptions{Room: "notes/a"}, Settings{}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	full.disk[SpaceMeta][metaKey][0] = 9
	if _, err := OpenDocument(full.disk, OpenOptions{}, Settings{}); !errors.Is(err, &schema.Error{Code: schema.CodeMigrationFailed}) {
		t.Errorf("a newer version: %v", err)
	}
}

// TestOwnEditsHaveNewNames opens a document whose tail was lost, or may have
// been: its own edits must not have the IDs of those that are gone.
func TestOwnEditsHaveNewNames(t *testing.T) {
	r := newRig(t, Settings{})
	edit := func() {
		r.do(func(out *Outbox) {
			_ = r.doc.Transact(r.now, out, func(tx *yjs.Tx) error { return r.doc.Doc().Text("text").Insert(tx, 0, "x") })
		})
	}
	edit()
	id, clock := r.doc.Client()
	if id == 0 || clock != 1 {
		t.Fatalf("edits are by %d, up to %d", id, clock)
	}
	r.open(Settings{}, OpenOptions{Client: id, Clock: clock, Seed: 5})
	if again, _ := r.doc.Client(); again != id {
		t.Error("a new ID although nothing was lost")
	}
	edit()
	r.disk.take([]Put{{SpaceLog, logKey(1), nil}}) // the crash
	r.open(Settings{}, OpenOptions{Client: id, Clock: 2, Seed: 6})
	if again, clock := r.doc.Client(); again == id || clock != 0 {
		t.Errorf("the ID %d is used again from %d on", again, clock)
	}
	r.open(Settings{}, OpenOptions{Seed: 7})
	if again, _ := r.doc.Client(); again == id {
		t.Error("a new process uses an old ID")
	}
	drawn := map[uint64]bool{}
	for seed := range uint64(100) {
		r.open(Settings{}, OpenOptions{Seed: seed})
		id, _ := r.doc.Client()
		if id == 0 || id > 1<<32 {
			t.Errorf("drew %d", id)
		}
		drawn[id] = true
	}
	if len(drawn) != 100 {
		t.Errorf("%d different IDs", len(drawn))
	}
}

func TestReplace(t *testing.T) {
	r := newRig(t, Settings{})
	for range 10 {
		r.do(func(out *Outbox) {
			_ = r.doc.Transact(r.now, out, func(tx *yjs.Tx) error { return r.doc.Doc().Text("text").Insert(tx, 0, "old ") })
		})
	}
	other := yjs.New(77, yjs.Limits{})
	typed(t, other, "new")
	r.do(func(out *Outbox) { r.doc.Replace(77, other, out) })
	if text(r.doc.Doc()) != "new" || len(r.disk[SpaceLog]) != 0 {
		t.Errorf("%q, and %d updates of the log", text(r.doc.Doc()), len(r.disk[SpaceLog]))
	}
	r.open(Settings{}, OpenOptions{})
	if text(r.doc.Doc()) != "new" {
		t.Errorf("stored %q", text(r.doc.Doc()))
	}
}
