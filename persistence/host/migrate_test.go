package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// retyped is the board with a field of another kind and no migration.
type retyped struct {
	Tasks records.Collection[string, struct {
		ID    string `parlor:"key"`
		Title int
		Votes int
	}]
}

// TestR13_2_FailedMigrationLeavesTheData also serves the other rooms.
func TestR13_2_FailedMigrationLeavesTheData(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		c.seat.Lost()
		r.stop()
		right := r.cfg.Kinds
		r.cfg.Kinds = []records.Kind{records.Define("tasks", records.Room[retyped]{Version: 2})}
		r.start()
		for range 2 {
			_, err := r.tryOpen("tasks/main", "ann", "c1")
			if !errors.Is(err, &schema.Error{Code: schema.CodeMigrationFailed}) || !strings.Contains(err.Error(), "Title") {
				t.Errorf("open: %v", err)
			}
		}
		if n := r.host.Stats().RefusedRooms.Load(); n != 1 {
			t.Errorf("the room was loaded %d times", n)
		}
		r.open("tasks/other", "bob", "c2").seat.Lost()
		r.stop()
		r.cfg.Kinds = right
		r.start()
		if got := r.tasks(); len(got) != 1 || got[0] != "a" {
			t.Errorf("there is %q", got)
		}
	})
}
