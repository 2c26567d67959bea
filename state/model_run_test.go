package state

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

// newModelTest begins with an empty world.
func newModelTest(t *rapid.T) *modelTest {
	w := new(testWorld)
	s, err := NewStore(w, Options{Hz: 20, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return &modelTest{t, w, s, model{newModelTable[everyKind](), newModelTable[shot](), newModelTable[point](), 0, nil, tick.NewRand(3), 0, map[ID]int{}}}
}

// checkSameMirrors compares public cells, cell by cell.
func checkSameMirrors(t *rapid.T, want, got *Mirror) {
	if want.Hash() != got.Hash() {
		t.Fatalf("hash %v, want %v", got.Hash(), want.Hash())
	}
	for i := range want.tables {
		a, b := &want.tables[i], &got.tables[i]
		if !slices.Equal(slices.Collect(a.IDs()), slices.Collect(b.IDs())) {
			t.Fatalf("%s: rows %v, want %v", a.def.Name, slices.Collect(b.IDs()), slices.Collect(a.IDs()))
		}
		for id := range a.IDs() {
			if x, y := a.jsonCells(id, a.public), b.jsonCells(id, b.public); !slices.Equal(x, y) {
				t.Fatalf("%s[%v]: %v, want %v", a.def.Name, id, y, x)
			}
		}
		if b.grid.rehash() != b.grid.publicHash() {
			t.Fatalf("%s: a mirror's hash differs from one from nothing", a.def.Name)
		}
	}
}

func TestStoreAgreesWithModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModelTest(t)
		s := m.s
		clients := []*Mirror{NewMirror(s.Schema()), NewMirror(s.Schema()), NewMirror(s.Schema())}
		at := make([]tick.Tick, len(clients))
		for range m.number("ticks", 1, 90) {
			m.tick()
			for n, client := range clients {
				if n > 0 && m.number("lags", 0, n*n*9) > 0 {
					continue
				}
				m.follow(client, at[n])
				at[n] = s.Tick()
			}
			m.checkEvents(clients[0])
		}
	})
}

// follow brings a client that last applied tick base up to now.
func (m *modelTest) follow(client *Mirror, base tick.Tick) {
	fresh := NewMirror(m.s.Schema())
	if err := fresh.ApplyFrame(m.s.AppendKeyframe(nil, true), true); err != nil {
		m.t.Fatal(err)
	}
	before := client.tableIDs()
	payload, ok := m.s.AppendDelta(nil, base, true)
	if ok != (base != 0 && m.s.Tick()-base <= ringTicks) {
		m.t.Fatalf("delta from %d to %d: %v", base, m.s.Tick(), ok)
	}
	if !ok {
		payload = m.s.AppendKeyframe(nil, true)
	}
	if err := client.ApplyFrame(payload, !ok); err != nil {
		m.t.Fatal(err)
	}
	if h, _ := client.LastFrameHash(); h != client.Hash() || h != m.s.PublicHash() {
		m.t.Fatalf("client's hash %v, frame's %v, store's %v", client.Hash(), h, m.s.PublicHash())
	}
	checkSameMirrors(m.t, fresh, client)
	for i, ids := range before { // the change lists explain the difference
		table := client.Table(i)
		for _, id := range table.Removed() {
			delete(ids, id)
		}
		for _, id := range table.Added() {
			ids[id] = true
		}
		if now := client.tableIDs()[i]; !maps.Equal(ids, now) {
			m.t.Fatalf("%s: lists lead to %v, the table has %v", table.def.Name, ids, now)
		}
	}
}

func (m *Mirror) tableIDs() (all []map[ID]bool) {
	for i := range m.tables {
		ids := map[ID]bool{}
		for id := range m.tables[i].IDs() {
			ids[id] = true
		}
		all = append(all, ids)
	}
	return all
}

// checkEvents counts what was sent, and compares incremental owner payloads with full ones.
func (m *modelTest) checkEvents(client *Mirror) {
	count := func(payload []byte, some bool) (n int) {
		if some {
			if err := client.DecodeEvents(payload, func(int, []Cell) { n++ }); err != nil {
				m.t.Fatal(err)
			}
		}
		return n
	}
	if got := count(m.s.AppendEvents(nil)); got != m.model.toAll {
		m.t.Fatalf("%d events to all, want %d", got, m.model.toAll)
	}
	for slot := range uint32(3) {
		to := makeID(slot, 1)
		if got := count(m.s.AppendEventsTo(nil, to)); got != m.model.toOne[to] {
			m.t.Fatalf("%d events to %v, want %d", got, to, m.model.toOne[to])
		}
	}
}

func TestOwnerPayloadsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModelTest(t)
		s := m.s
		player := makeID(1, 1)
		client := NewMirror(s.Schema())
		for range m.number("ticks", 1, 20) {
			m.tick()
			m.follow(client, s.Tick()-1)
			if payload, some := s.AppendOwner(nil, player, false); some {
				if err := client.ApplyOwner(payload); err != nil {
					t.Fatal(err)
				}
			}
			m.checkOwner(client, player)
		}
	})
}

func (m *modelTest) checkOwner(client *Mirror, player ID) {
	want := NewMirror(m.s.Schema())
	if err := want.ApplyFrame(m.s.AppendKeyframe(nil, false), true); err != nil {
		m.t.Fatal(err)
	}
	payload, _ := m.s.AppendOwner(nil, player, true)
	if err := want.ApplyOwner(payload); err != nil {
		m.t.Fatal(err)
	}
	for i := range want.tables {
		a, b := &want.tables[i], &client.tables[i]
		for id := range a.owned {
			if x, y := a.jsonCells(id, a.owner), b.jsonCells(id, b.owner); !slices.Equal(x, y) {
				m.t.Fatalf("%s[%v]: the owner holds %v, should %v", a.def.Name, id, y, x)
			}
		}
	}
	for id := range want.tables[1].owned {
		if row, _ := m.w.Shots.Get(id); row.By != player {
			m.t.Fatalf("a shot of %v was sent to %v", row.By, player)
		}
	}
	for id := range want.tables[0].owned {
		if id != player {
			m.t.Fatalf("the row of %v was sent to %v", id, player)
		}
	}
}

func TestSnapshotHasTheSameFuture(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModelTest(t)
		s := m.s
		for range m.number("ticks", 0, 20) {
			m.tick()
		}
		snapshot := s.AppendSnapshot(nil)
		other := new(testWorld)
		o, err := NewStore(other, Options{Hz: 20, Seed: 99})
		if err != nil {
			t.Fatal(err)
		}
		step(o, func() { other.Shots.Insert(shot{Team: 3}) }) // what was there before leaves no trace
		if err := o.LoadSnapshot(snapshot); err != nil {
			t.Fatal(err)
		}
		seen := o.FullHash()
		if field, differs := Diff(s, o); differs || seen != s.sumHash() || o.PublicHash() != s.PublicHash() {
			t.Fatalf("%s; full %v, want %v", field, seen, s.sumHash())
		}
		m.w, m.s = other, o // it must go on to agree with the model
		for range m.number("more ticks", 0, 10) {
			m.tick()
		}
	})
}
