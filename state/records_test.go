package state

import (
	"slices"
	"strings"
	"testing"
)

type testItem struct {
	ID    string `parlor:"key"`
	Count int32
}

type testFound struct {
	Item string
	Of   ID
}

type recordsWorld struct {
	Score Value[int32]
	Loot  Records[testItem]
	Gold  Records[testItem]
	Found Event[testFound]
}

func newRecordsWorld(t *testing.T) (*recordsWorld, *Store) {
	t.Helper()
	w := new(recordsWorld)
	s, err := NewStore(w, Options{Hz: 20, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return w, s
}

// tickOf runs f as a tick of its own.
func tickOf(s *Store, f func()) {
	s.StartTick(s.Tick() + 1)
	s.Begin()
	f()
	s.Commit()
	s.EndTick()
}

func sentTo(s *Store, to ID) int {
	n := 0
	for _, e := range s.sent {
		if e.to == to {
			n++
		}
	}
	return n
}

func TestOneCallIsOneTransactionARoom(t *testing.T) {
	w, s := newRecordsWorld(t)
	tickOf(s, func() {
		w.Loot.Put("inventory/a", testItem{"sword", 1})
		w.Gold.Put("inventory/b", testItem{"gold", 5})
		w.Gold.Create("inventory/a", testItem{"gold", 7})
		w.Loot.Remove("inventory/a", testItem{ID: "stick"})
	})
	made := s.Transactions()
	if len(made) != 2 || made[0].ID != 1 || made[0].Room != "inventory/a" || made[1].ID != 2 || made[1].Room != "inventory/b" {
		t.Fatalf("made %+v", made)
	}
	want := []RecordWrite{
		{"Loot", WritePut, []byte(`{"ID":"sword","Count":1}`)},
		{"Gold", WriteCreate, []byte(`{"ID":"gold","Count":7}`)},
		{"Loot", WriteRemove, []byte(`{"ID":"stick","Count":0}`)},
	}
	same := func(a, b RecordWrite) bool {
		return a.Collection == b.Collection && a.Op == b.Op && string(a.Row) == string(b.Row)
	}
	if !slices.EqualFunc(made[0].Writes, want, same) {
		t.Errorf("writes %+v", made[0].Writes)
	}
	s.StartTick(s.Tick() + 1)
	s.Begin()
	w.Loot.Put("inventory/a", testItem{"bow", 1})
	s.Commit()
	s.Begin()
	w.Loot.Put("inventory/a", testItem{"arrow", 9})
	s.Commit()
	if made := s.Transactions(); len(made) != 2 || made[0].ID != 3 || made[1].ID != 4 {
		t.Errorf("two calls made %+v", made)
	}
	if s.WritesPending() != 4 {
		t.Errorf("%d wait", s.WritesPending())
	}
}

func TestUndoneCallWritesNothing(t *testing.T) {
	w, s := newRecordsWorld(t)
	tickOf(s, func() { w.Loot.Put("inventory/a", testItem{"sword", 1}) })
	before := s.FullHash()
	s.StartTick(s.Tick() + 1)
	s.Begin()
	w.Loot.Put("inventory/a", testItem{"bow", 1}).Then(w.Found.Notice(0, testFound{}))
	s.Rollback()
	if len(s.Transactions()) != 0 || s.WritesPending() != 1 {
		t.Errorf("%d made, %d wait", len(s.Transactions()), s.WritesPending())
	}
	s.tick--
	if s.sumHash() != before {
		t.Error("the undone write is in the hash")
	}
}

func TestNoticesFollowTheOutcome(t *testing.T) {
	w, s := newRecordsWorld(t)
	write := func() WriteID {
		var id WriteID
		tickOf(s, func() {
			id = w.Loot.Put("inventory/a", testItem{"sword", 1}).
				Then(w.Found.Notice(7, testFound{"sword", 7})).Else(w.Found.Notice(0, testFound{"none", 0})).ID()
		})
		if len(s.sent) != 0 {
			t.Error("an event was sent before the outcome")
		}
		return id
	}
	first, second := write(), write()
	waiting := s.FullHash()
	tickOf(s, func() {
		if room, ok := s.Settle(second, false); !ok || room != "inventory/a" {
			t.Errorf("settled %q, %v", room, ok)
		}
	})
	if sentTo(s, 0) != 1 || sentTo(s, 7) != 0 {
		t.Errorf("after the refusal %+v were sent", s.sent)
	}
	tickOf(s, func() {
		_, _ = s.Settle(first, true)
		if _, ok := s.Settle(first, true); ok {
			t.Error("an outcome came twice")
		}
	})
	if sentTo(s, 7) != 1 || w.Found.list.items[0] != (testFound{"sword", 7}) {
		t.Errorf("sent %+v %+v", s.sent, w.Found.list.items)
	}
	if s.WritesPending() != 0 || s.FullHash() == waiting {
		t.Error("the settled writes are still there")
	}
}

func TestSnapshotKeepsWhatWaits(t *testing.T) {
	w, s := newRecordsWorld(t)
	tickOf(s, func() { w.Loot.Put("inventory/a", testItem{"sword", 1}).Then(w.Found.Notice(7, testFound{"sword", 7})) })
	tickOf(s, func() { w.Loot.Put("inventory/b", testItem{"bow", 1}).Else(w.Found.Notice(0, testFound{"bow", 1})) })
	_, other := newRecordsWorld(t)
	if err := other.LoadSnapshot(s.AppendSnapshot(nil)); err != nil {
		t.Fatal(err)
	}
	if field, differs := Diff(s, other); differs || other.FullHash() != s.FullHash() {
		t.Fatalf("after loading, %s differs", field)
	}
	for _, s := range []*Store{s, other} {
		tickOf(s, func() { _, _ = s.Settle(1, true) })
		if sentTo(s, 7) != 1 {
			t.Error("the event is lost")
		}
	}
	if other.FullHash() != s.FullHash() {
		t.Error("the worlds went apart")
	}
	tickOf(other, func() { _, _ = other.Settle(2, false) })
	tickOf(s, func() {})
	if field, differs := Diff(s, other); !differs || !strings.HasPrefix(field, "writes") {
		t.Errorf("Diff names %q", field)
	}
}

func TestRecordsRefuse(t *testing.T) {
	for name, world := range map[string]any{
		"no struct": &struct{ Loot Records[int] }{},
		"a tag": &struct {
			Loot Records[testItem] `parlor:"reliable"`
		}{},
	} {
		if _, err := NewStore(world, Options{Hz: 20}); err == nil || !strings.Contains(err.Error(), "Loot") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
