package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/disk"
)

// model is what a store with a few rooms must hold.
type model struct {
	dir   string
	s     *Store
	fault string // the point at which the next checkpoint ends the process
	rooms map[string]*modelRoom
	batch Batch
}

type modelRoom struct {
	seq     uint64
	epoch   uint64
	floor   uint64
	records map[spaceKey]modelRecord
	changed map[spaceKey]modelRecord // of logged spaces, tombstones too
}

type modelRecord struct {
	seq     uint64
	value   string
	removed bool
}

// lazyDisk does not sync: crashes of the process need none, and tests are quick.
type lazyDisk struct{ disk.FS }

type lazyFile struct{ disk.File }

func (lazyFile) Sync() error { return nil }

func (d lazyDisk) OpenFile(name string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := d.FS.OpenFile(name, flag, perm)
	return lazyFile{f}, err
}

func (m *model) options() Options {
	o := quiet()
	o.FS = lazyDisk{disk.OS()}
	o.Fault = func(point string) {
		if point == m.fault {
			m.fault = ""
			panic(errCrash) // the checkpoint ends here, and the store fails
		}
	}
	return o
}

// TestStoreHoldsWhatAMapHolds commits, checkpoints, crashes, drops and restores
// at random and compares the store with a map after each step.
func TestStoreHoldsWhatAMapHolds(t *testing.T) {
	base := t.TempDir()
	folders := 0
	rapid.Check(t, func(t *rapid.T) {
		folder := func() string { folders++; return fmt.Sprintf("%s/%d", base, folders) }
		m := &model{dir: folder(), rooms: make(map[string]*modelRoom)}
		m.open(t)
		defer func() { m.s.Close() }()
		name := rapid.SampledFrom([]string{"a/1", "b/2"})
		t.Repeat(map[string]func(*rapid.T){
			"commit": func(t *rapid.T) { m.commit(t, name.Draw(t, "room")) },
			"read":   func(t *rapid.T) { m.read(t, name.Draw(t, "room")) },
			"drop":   func(t *rapid.T) { m.drop(t, name.Draw(t, "room")) },
			"checkpoint": func(t *rapid.T) {
				if err := m.s.Checkpoint(); err != nil {
					t.Fatal(err)
				}
			},
			"crash in a checkpoint": func(t *rapid.T) {
				m.fault = rapid.SampledFrom([]string{pointChunk, pointWritten, pointPosition}).Draw(t, "point")
				_ = m.s.Checkpoint() // fails, unless there was nothing to write
				m.fault = ""
				m.reopen(t, true)
			},
			"crash":  func(t *rapid.T) { m.reopen(t, true) },
			"reopen": func(t *rapid.T) { m.reopen(t, false) },
			"restore": func(t *rapid.T) {
				var backup bytes.Buffer
				if err := m.s.Backup(&backup); err != nil {
					t.Fatal(err)
				}
				m.s.Close()
				m.dir = folder()
				if err := Restore(m.dir, &backup); err != nil {
					t.Fatal(err)
				}
				for name, r := range m.rooms {
					r.changed, r.floor = make(map[spaceKey]modelRecord), r.seq+1
					if len(r.records) == 0 && r.epoch == 0 {
						delete(m.rooms, name) // dropped, and not in the backup
					}
				}
				m.open(t)
				for name, r := range m.rooms {
					got, err := m.s.Room(name)
					if err != nil || got.Epoch() == r.epoch {
						t.Fatal("a restored room has its old epoch", err)
					}
					r.epoch = got.Epoch()
				}
			},
			"": func(t *rapid.T) {
				for name := range m.rooms {
					m.compare(t, name)
				}
			},
		})
	})
}

func (m *model) open(t *rapid.T) {
	s, err := Open(m.dir, m.options())
	if err != nil {
		t.Fatal(err)
	}
	m.s = s
	s.checkpoints.chunk = [phases]int{5, 5}
	s.tree.NoSync = true
}

func (m *model) reopen(t *rapid.T, crash bool) {
	if crash {
		m.s.crash()
	} else if err := m.s.Close(); err != nil {
		t.Fatal(err)
	}
	report, err := Check(m.dir, nil)
	if err != nil || len(report.Damage) > 0 {
		t.Fatalf("check found %q, %v", report.Damage, err)
	}
	m.open(t)
}

func (m *model) room(t *rapid.T, name string) (*Room, *modelRoom) {
	r, err := m.s.Room(name)
	if err != nil {
		t.Fatal(err)
	}
	if m.rooms[name] == nil {
		m.rooms[name] = &modelRoom{seq: r.Seq(), floor: r.Floor(), records: make(map[spaceKey]modelRecord), changed: make(map[spaceKey]modelRecord)}
	}
	return r, m.rooms[name]
}

func drawKey(t *rapid.T) spaceKey {
	return spaceKey{
		rapid.SampledFrom([]Space{1, 256, 257}).Draw(t, "space"),
		rapid.StringMatching(`[ab]{1,3}`).Draw(t, "key"),
	}
}

func (m *model) commit(t *rapid.T, name string) {
	r, mr := m.room(t, name)
	for range rapid.IntRange(1, 4).Draw(t, "transactions") {
		mr.seq++
		m.batch.Begin(mr.seq)
		for range rapid.IntRange(0, 6).Draw(t, "operations") {
			at := drawKey(t)
			rec := modelRecord{seq: mr.seq, value: rapid.StringMatching(`[xyz]{0,5}`).Draw(t, "value")}
			if rec.removed = rapid.Bool().Draw(t, "delete"); rec.removed {
				rec.value = ""
				m.batch.Delete(at.space, at.key)
				delete(mr.records, at)
			} else {
				m.batch.Put(at.space, at.key, []byte(rec.value))
				mr.records[at] = rec
			}
			if at.space >= FirstLogged {
				mr.changed[at] = rec
			}
		}
	}
	mr.epoch = r.Epoch()
	if err := commitAndWait(r, &m.batch); err != nil {
		t.Fatal(err)
	}
}

func (m *model) drop(t *rapid.T, name string) {
	if m.rooms[name] == nil {
		return
	}
	if err := m.s.Drop(name); err != nil {
		t.Fatal(err)
	}
	r, err := m.s.Room(name)
	if err != nil || r.Exists() || r.Epoch() == m.rooms[name].epoch || r.Seq() != m.rooms[name].seq+1 {
		t.Fatal("a dropped room is there", r.Seq(), err)
	}
	delete(m.rooms, name)
	m.room(t, name)
}

func (m *model) read(t *rapid.T, name string) {
	r, mr := m.room(t, name)
	at := drawKey(t)
	value, seq, ok, err := r.Get(at.space, []byte(at.key))
	rec, expected := mr.records[at]
	if err != nil || ok != expected || string(value) != rec.value || ok && seq != rec.seq {
		t.Fatalf("get %v: %q %d %v %v, want %+v", at, value, seq, ok, err, rec)
	}
}

func (m *model) compare(t *rapid.T, name string) {
	r, mr := m.room(t, name)
	if r.Seq() != mr.seq || r.Floor() != mr.floor || mr.epoch != 0 && r.Epoch() != mr.epoch {
		t.Fatalf("room %s: sequence %d, floor %d, epoch %x; want %+v", name, r.Seq(), r.Floor(), r.Epoch(), mr)
	}
	for _, space := range []Space{1, 256, 257} {
		var got, expected strings.Builder
		err := r.Each(space, func(key, value []byte, seq uint64) error {
			fmt.Fprintf(&got, "%q=%q@%d ", key, value, seq)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		keys := slices.SortedFunc(maps.Keys(mr.records), func(a, b spaceKey) int { return strings.Compare(a.key, b.key) })
		for _, at := range keys {
			if at.space == space {
				fmt.Fprintf(&expected, "%q=%q@%d ", at.key, mr.records[at].value, mr.records[at].seq)
			}
		}
		if got.String() != expected.String() {
			t.Fatalf("room %s, space %d: %s\nwant %s", name, space, &got, &expected)
		}
	}
	since := rapid.Uint64Range(mr.floor-1, mr.seq+1).Draw(t, "since")
	got := make(map[spaceKey]modelRecord)
	var last uint64
	err := r.Changes(since, func(seq uint64, space Space, key []byte, removed bool) error {
		at := spaceKey{space, string(key)}
		if _, twice := got[at]; twice || seq < last || seq <= since {
			t.Fatalf("change %d of %v after %d: a second one is %v", seq, at, last, twice)
		}
		last = seq
		got[at] = modelRecord{seq: seq, removed: removed}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	expected := make(map[spaceKey]modelRecord)
	for at, rec := range mr.changed {
		if rec.seq > since {
			expected[at] = modelRecord{seq: rec.seq, removed: rec.removed}
		}
	}
	if !maps.Equal(got, expected) {
		t.Fatalf("room %s: changes since %d: %v\nwant %v", name, since, got, expected)
	}
}
