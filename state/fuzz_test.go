package state

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"os"
	"testing"

	"github.com/parlor-server/parlor/tick"
)

// seedPayloads adds the vectors' payloads of one kind.
func seedPayloads(f *testing.F, kind string) {
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		f.Fatal(err)
	}
	var all vectors
	if err := json.Unmarshal(text, &all); err != nil {
		f.Fatal(err)
	}
	for _, scenario := range all.Scenarios {
		for _, step := range scenario.Steps {
			if step.Kind == kind {
				payload, err := hex.DecodeString(step.Payload)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(payload)
			}
		}
	}
}

// FuzzApplyFrame applies anything twice, as a keyframe and on what is there.
// What is accepted must leave a mirror whose kept hash is the true one.
func FuzzApplyFrame(f *testing.F) {
	seedPayloads(f, "frame")
	w, s := newTestWorld(f)
	step(s, func() {
		for range 100 {
			w.Shots.Insert(shot{})
		}
		w.Players.Insert(everyKind{Name: "ann"})
	})
	begin := s.AppendKeyframe(nil, false)
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, keyframe := range []bool{true, false} {
			m := NewMirror(s.Schema())
			if err := m.ApplyFrame(begin, true); err != nil {
				t.Fatal(err)
			}
			if err := m.ApplyFrame(payload, keyframe); err != nil {
				continue
			}
			checkMirrorHash(t, m)
			if m.allocated > maxMirrorCells || m.allocated > 1<<16+len(payload)*8*pageRows*64 {
				t.Fatalf("%d bytes made it allocate %d cells", len(payload), m.allocated)
			}
			if err := m.ApplyFrame(begin, true); err != nil || m.Hash() != s.PublicHash() {
				t.Fatalf("a keyframe must mend everything: %v", err)
			}
		}
	})
}

// FuzzApplyPart: what is refused changes nothing, and whatever is taken, the
// hash that is kept is the true one and a keyframe mends all.
func FuzzApplyPart(f *testing.F) {
	w, s := newTestWorld(f)
	s.tagReliable([]bool{false, false, true, false})
	step(s, func() {
		for range 100 {
			w.Shots.Insert(shot{})
		}
		w.Players.Insert(everyKind{Name: "ann"})
	})
	begin := s.AppendKeyframe(nil, false)
	step(s, func() {
		for id := range w.Shots.IDs() {
			if id.Slot()%3 == 0 {
				w.Shots.Delete(id)
			} else {
				w.Shots.Edit(id).X = float32(id)
			}
		}
		w.Shots.Insert(shot{Team: 7})
		w.Players.Insert(everyKind{Name: "bob", Raw64: 1.5})
	})
	for _, limit := range []int{1000, 60} {
		for _, part := range partsOf(f, s, 1, limit) {
			f.Add(part.Payload, uint8(part.Part), uint8(part.Parts))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, part, parts uint8) {
		m := NewMirror(s.Schema())
		if err := m.ApplyFrame(begin, true); err != nil {
			t.Fatal(err)
		}
		m.Keep(1)
		shown := m.Hash()
		for n := range tick.Tick(3) {
			_, err := m.ApplyPart(Part{Tick: 3 + n, Base: 1, Part: int(part), Parts: int(parts), Payload: payload})
			if applied, _ := m.Held(); err != nil && applied == 1 && m.Hash() != shown {
				t.Fatalf("a part was refused and changed what is shown: %v", err)
			}
			checkMirrorHash(t, m)
			if n == 0 && err == nil {
				shown = m.Hash()
			}
		}
		if m.allocated > maxMirrorCells || m.allocated > 1<<16+len(payload)*8*pageRows*64 || m.lossy.size > 17*m.allocated {
			t.Fatalf("%d bytes made it allocate %d cells, hold %d", len(payload), m.allocated, m.lossy.size)
		}
		if err := m.ApplyFrame(s.AppendKeyframe(nil, false), true); err != nil || m.Hash() != s.PublicHash() {
			t.Fatalf("a keyframe must mend everything: %v", err)
		}
	})
}

// checkMirrorHash compares kept hashes with ones from nothing, and rows with their lists.
func checkMirrorHash(t *testing.T, m *Mirror) {
	for i := range m.tables {
		table := &m.tables[i]
		if table.grid.publicHash() != table.grid.rehash() {
			t.Fatal("the hash is not that of the rows")
		}
		n := 0
		for id := range table.IDs() {
			if row, ok := table.Row(id); !ok || row.ID() != id {
				t.Fatal("a row is listed and not there")
			}
			n++
		}
		if n != table.Len() {
			t.Fatalf("%d rows, Len says %d", n, table.Len())
		}
	}
}

// FuzzLoadHistory: what is taken must be consistent enough to play on.
func FuzzLoadHistory(f *testing.F) {
	w, s := newDuel(f)
	for n := range 12 {
		step(s, func() { w.Fighters.Insert(fighter{X: float32(n), Name: "ann"}) })
	}
	f.Add(s.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		w, s := newDuel(t)
		if s.LoadSnapshot(snapshot) != nil {
			return
		}
		again := s.AppendSnapshot(nil)
		other, o := newDuel(t)
		if err := o.LoadSnapshot(again); err != nil {
			t.Fatal(err)
		}
		for age := range uint32(15) {
			m := MomentAt(uint32(s.Tick())*momentsPerTick - age*200)
			here, there := maps.Collect(w.Fighters.At(m).All()), maps.Collect(other.Fighters.At(m).All())
			if len(here) != len(there) {
				t.Fatalf("%d rows, after a round trip %d", len(here), len(there))
			}
		}
		if s.Tick() < 1<<32-1 {
			step(s, func() { w.Fighters.Insert(fighter{}) })
		}
	})
}

func FuzzApplyOwner(f *testing.F) {
	seedPayloads(f, "owner")
	_, s := newTestWorld(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := NewMirror(s.Schema())
		_ = m.ApplyOwner(payload)
		if n := len(m.tables[0].owned) + len(m.tables[1].owned); n > len(payload)/4 {
			t.Fatalf("%d bytes made %d rows", len(payload), n)
		}
	})
}

func FuzzDecodeEvents(f *testing.F) {
	seedPayloads(f, "events")
	_, s := newTestWorld(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		n := 0
		_ = NewMirror(s.Schema()).DecodeEvents(payload, func(event int, cells []Cell) {
			n++
			if len(cells) != len(s.schema.Events[event].Columns) {
				t.Fatal("cells are missing")
			}
		})
		if n > len(payload)*8/5 {
			t.Fatalf("%d events from %d bytes", n, len(payload))
		}
	})
}

// FuzzDecodeRecord: what is taken is in range, and written again it reads the same.
func FuzzDecodeRecord(f *testing.F) {
	wide, err := RecordOf[wideInput]()
	if err != nil {
		f.Fatal(err)
	}
	chat, err := RecordOf[chatInput]()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(wide.Append(nil, &wideInput{I64: -9, F64: 3, Big: 77, One: 7}))
	f.Add(chat.Append(nil, &chatInput{Text: "hello", To: 7}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		checkRecord(t, wide, payload)
		checkRecord(t, chat, payload)
		var c chatInput
		if chat.Decode(payload, &c) == nil && len(c.Text) > 20 {
			t.Fatalf("a text of %d bytes was taken", len(c.Text))
		}
	})
}

func checkRecord[T comparable](t *testing.T, r *Record[T], payload []byte) {
	var v, again T
	if r.Decode(payload, &v) != nil {
		return
	}
	if err := r.Decode(r.Append(nil, &v), &again); err != nil || v != again {
		t.Fatalf("%+v was read and written as %+v (%v)", v, again, err)
	}
}

// FuzzLoadSnapshot: what is taken must be consistent enough to play on.
func FuzzLoadSnapshot(f *testing.F) {
	w, s := newTestWorld(f)
	f.Add(s.AppendSnapshot(nil))
	step(s, func() {
		id := w.Shots.Insert(shot{Team: 2})
		w.Shots.Insert(shot{Team: 3})
		w.Shots.Delete(id)
		w.Players.Insert(everyKind{Name: "ann", On: true})
		w.Wakes.At(9, id)
		w.Notes.At(7, kill{Weapon: "axe"})
	})
	f.Add(s.AppendSnapshot(nil))
	f.Fuzz(func(t *testing.T, snapshot []byte) {
		w, s := newTestWorld(t)
		if s.LoadSnapshot(snapshot) != nil {
			return
		}
		checkHashes(t, s)
		other, o := newTestWorld(t)
		if err := o.LoadSnapshot(s.AppendSnapshot(nil)); err != nil {
			t.Fatal(err)
		}
		if field, differs := Diff(s, o); differs || s.FullHash() != o.FullHash() {
			t.Fatal(field)
		}
		_ = other
		if s.Tick() == 1<<32-1 {
			return
		}
		step(s, func() {
			w.Shots.Insert(shot{Team: 1})
			for range w.Wakes.Due() {
			}
		})
		checkHashes(t, s)
	})
}
