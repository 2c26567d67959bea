package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
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

// TestR13_1_LargeRoomIsRewritten makes all of a room anew in one transaction,
// which is more than clients may write at once.
func TestR13_1_LargeRoomIsRewritten(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		for i := range 24 {
			r.write(func(b *board) error {
				return insert(b, task{ID: string(rune('a' + i)), Title: strings.Repeat("x", 1000<<10)})
			})
		}
		r.stop()
		kind := r.cfg.Kinds[0]
		type lettered struct {
			ID    string `parlor:"key"`
			Text  string
			Votes int
		}
		type renamed struct {
			Tasks     records.Collection[string, lettered]
			Reminders records.Schedule[remind]
		}
		r.cfg.Kinds = []records.Kind{records.Define(kind.Name(), records.Room[renamed]{
			Version: 2,
			Migrations: []records.Migration{records.Rewrite(1, "Tasks", func(old task) (lettered, error) {
				return lettered{ID: old.ID, Text: old.Title}, nil
			})},
			Schedules: []records.Scheduled[renamed]{
				records.Run(func(b *renamed) *records.Schedule[remind] { return &b.Reminders }, func(*renamed, *records.Ctx, remind) error { return nil }),
			},
		})}
		r.start()
		result, err := r.host.Query(t.Context(), "tasks/main", Caller{Operator: true}, "Tasks", query.All())
		if err != nil || len(result.Rows) != 24 || result.Collection.Field("Text") < 0 {
			t.Errorf("there are %d records: %v", len(result.Rows), err)
		}
	})
}

// write makes one transaction in tasks/main.
func (r *rig) write(do func(b *board) error) {
	r.t.Helper()
	err := records.Write(r.t.Context(), r.host, "tasks/main", func(b *board, _ *records.Ctx) error { return do(b) })
	if err != nil {
		r.t.Fatal(err)
	}
}
