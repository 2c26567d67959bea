package state

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/schema"
)

func mirrorOf(t *testing.T, s *Store) *Mirror {
	t.Helper()
	m := NewMirror(s.Schema())
	if err := m.ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestViewOfAnotherVersion(t *testing.T) {
	w, s := newTestWorld(t)
	step(s, func() { w.Shots.Insert(shot{Team: 3, X: 1.25, Left: 9}) })
	m := mirrorOf(t, s)
	type newer struct {
		Speed float32 // the room does not have it
		Team  uint8
	}
	v, err := ViewOf[newer](m, "Shots")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := v.Get(makeID(0, 1)); !ok || got != (newer{Team: 3}) {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, err := ViewOf[struct{ Team string }](m, "Shots"); err == nil || !strings.Contains(err.Error(), "Team is string here and uint8 in the room") {
		t.Errorf("another kind: %v", err)
	}
	if _, err := ViewOf[newer](m, "Hidden"); !errors.Is(err, ErrNoTable) {
		t.Errorf("a local table: %v", err)
	}
	if _, err := EventViewOf[kill](m, "Shots"); !errors.Is(err, ErrNoTable) {
		t.Errorf("no event: %v", err)
	}
}

func TestViewOfAValue(t *testing.T) {
	w, s := newTestWorld(t)
	v, err := ViewOf[uint32](NewMirror(s.Schema()), "Round")
	if err != nil || v.Value() != 0 {
		t.Fatalf("before the first keyframe: %v, %v", v.Value(), err)
	}
	step(s, func() { w.Round.Set(77) })
	v, err = ViewOf[uint32](mirrorOf(t, s), "Round")
	if err != nil || v.Value() != 77 {
		t.Errorf("got %v, %v", v.Value(), err)
	}
}

func TestOwnerColumnsGoToTheOwnerOnly(t *testing.T) {
	w, s := newTestWorld(t)
	ann, bob := makeID(0, 1), makeID(1, 1)
	var id ID
	step(s, func() {
		w.Players.Put(ann, everyKind{Ammo: 5, Secret: "psst"})
		id = w.Shots.Insert(shot{By: bob, Left: 7})
	})
	told := func(player ID, full bool) (m *Mirror, some bool) {
		m = mirrorOf(t, s)
		payload, some := s.AppendOwner(nil, player, full)
		if some {
			if err := m.ApplyOwner(payload); err != nil {
				t.Fatal(err)
			}
		}
		return m, some
	}
	m, _ := told(ann, false)
	row, _ := m.TableNamed("Players").Row(ann)
	ammo := slices.IndexFunc(m.TableNamed("Players").Def().Columns, func(c schema.Column) bool { return c.Name == "Ammo" })
	if row.Int64(ammo) != 5 || row.Text(ammo+1) != "psst" {
		t.Errorf("ann holds %v and %q", row.Int64(ammo), row.Text(ammo+1))
	}
	if shot, _ := m.TableNamed("Shots").Row(id); shot.Int64(3) != 0 {
		t.Error("ann got bob's column")
	}
	if _, ok := row.Cell(99); ok {
		t.Error("a column that is not there")
	}
	step(s, func() { w.Shots.Edit(id).By = ann })
	if _, some := told(bob, false); some {
		t.Error("bob is told of a shot that is no longer his")
	}
	m, _ = told(ann, false)
	if shot, _ := m.TableNamed("Shots").Row(id); shot.Int64(3) != 7 {
		t.Error("ann is not told of her new shot")
	}
	step(s, func() { w.Players.Edit(ann).X() })
	if _, some := told(ann, false); some {
		t.Error("nothing changed for ann")
	}
	if m, _ = told(bob, true); len(m.TableNamed("Shots").OwnerChanged()) != 0 {
		t.Error("bob owns nothing")
	}
}

func TestOwnerColumnsGoWithTheirRow(t *testing.T) {
	w, s := newTestWorld(t)
	ann := makeID(0, 1)
	for _, keyframe := range []bool{false, true} {
		step(s, func() { w.Players.Put(ann, everyKind{Ammo: 5}) })
		m := mirrorOf(t, s)
		payload, _ := s.AppendOwner(nil, ann, true)
		if err := m.ApplyOwner(payload); err != nil || len(m.tables[0].owned) != 1 {
			t.Fatal("ann's columns are not held", err)
		}
		step(s, func() { w.Players.Delete(ann) })
		if s.OwnerChanged() {
			t.Error("nobody owns what is gone")
		}
		frame, _ := s.AppendDelta(nil, s.Tick()-1, false)
		if keyframe {
			frame = s.AppendKeyframe(nil, false)
		}
		if err := m.ApplyFrame(frame, keyframe); err != nil || len(m.tables[0].owned) != 0 {
			t.Errorf("keyframe %v: the columns outlive the row (%v)", keyframe, err)
		}
	}
}

func (p *everyKind) X() { p.Pos[0].X++ }

func TestDescribeShowsEverything(t *testing.T) {
	w, s := newTestWorld(t)
	step(s, func() {
		w.Shots.Insert(shot{Team: 3, X: 1.25})
		w.Hidden.Insert(point{X: 0.5})
		w.Wakes.At(40, makeID(2, 1))
	})
	var out strings.Builder
	s.Describe(&out)
	for _, want := range []string{"tick 1,", "Shots: 1\n  [0v1] By=none Team=3 X=1.25 Left=0\n", "Hidden: 1\n  [0v1] X=0.5 Y=0\n", "Round: 1\n  [0v1] Value=0\n", "Wakes: 1 timers\n  at 40: Value=2v1\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

func TestKeyframeLists(t *testing.T) {
	w, s := newTestWorld(t)
	step(s, func() {
		for range 3 {
			w.Shots.Insert(shot{})
		}
	})
	m := mirrorOf(t, s)
	step(s, func() {
		w.Shots.Delete(makeID(1, 1))
		w.Shots.Insert(shot{})
	})
	if err := m.ApplyFrame(s.AppendKeyframe(nil, false), true); err != nil {
		t.Fatal(err)
	}
	shots := m.TableNamed("Shots")
	if !slices.Equal(shots.Added(), []ID{makeID(1, 2)}) || !slices.Equal(shots.Removed(), []ID{makeID(1, 1)}) || !slices.Equal(shots.Changed(), []ID{makeID(0, 1), makeID(2, 1)}) {
		t.Errorf("added %v, removed %v, changed %v", shots.Added(), shots.Removed(), shots.Changed())
	}
}
