package records_test

import (
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
)

// A restored room may have gone further than the client, by other ways: only
// the epoch tells.
func TestR3_5_AnotherHistoryOfTheSameLength(t *testing.T) {
	room := board(t)
	ann := room.Join("ann")
	live := allTasks(ann)
	backup := room.Store().Clone()
	write := func(id, title string) {
		room.Write(func(b *Board, _ *records.Ctx) error { return b.Tasks.Put(Task{ID: id, Title: title}) })
	}
	write("a", "the first history")
	write("b", "only there")
	room.Restore(backup)
	write("a", "the second history")
	write("c", "only here")
	write("d", "further")
	if ann.Cursor >= room.Machine().Seq() {
		t.Fatalf("the client is at %d, the room at %d", ann.Cursor, room.Machine().Seq())
	}
	ann.Reconnect()
	equal(t, "ann sees", titles(live), "the second history", "only here", "further")
	if ann.Resets() != 1 {
		t.Errorf("%d resets", ann.Resets())
	}
}

func TestR1_3_ACrashUsesTheNextKeyUp(t *testing.T) {
	room := recordstest.New(t, ZooRoom())
	for range 6 {
		room.Write(func(z *Zoo, _ *records.Ctx) error { _, err := z.Count.Insert(Counted{}); return err })
	}
	room.Restart(0) // the next one was 7
	room.Write(func(z *Zoo, _ *records.Ctx) error {
		if key, err := z.Count.Insert(Counted{}); err != nil || key <= 7 {
			t.Errorf("the next key is %d, %v", key, err)
		}
		return nil
	})
}
