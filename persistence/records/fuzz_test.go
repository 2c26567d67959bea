package records_test

import (
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// FuzzMutate sends anything to a room: its sender gets an answer, and what the
// room keeps can be read by its rules and opened again.
func FuzzMutate(f *testing.F) {
	f.Add("", []byte{}, uint32(0), []byte(`{"limit":1}`), []byte{})
	f.Add("Vote", []byte{1, 1, 'a'}, uint32(1), []byte(`{`), []byte{1, 2, 3})
	f.Add("", []byte{1, 1, 1, 2, 3, 1, 'x', 4, 1, 'y'}, uint32(1), []byte(``), []byte{0})
	f.Add("CloseTask", []byte{0}, uint32(9), []byte(`{"where":{"eq":["ID"]}}`), []byte{255})
	f.Fuzz(func(t *testing.T, name string, args []byte, version uint32, query, held []byte) {
		room := board(t)
		root := room.Join("root")
		if err := root.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
			t.Fatal(err)
		}
		r, err := root.Push(records.Mutate{Name: name, Args: args, Version: version})
		if r.Mutation != 2 {
			t.Errorf("the answer is %+v", r)
		}
		if code(err) == schema.CodeExecuteFailed && name == "" {
			t.Errorf("built-in operations failed: %s", room.Logs())
		}
		var out records.Outbox
		room.Machine().Apply(1, &records.Subscribe{Conn: 1, ID: 7, Collection: "Tasks", Query: query, Since: 1, Held: held}, &out)
		if len(out.Now)+len(out.After) == 0 {
			t.Error("a subscription has no answer")
		}
		room.Restart(0)
		room.View(func(b *Board) {
			for id, task := range b.Tasks.All() {
				if id != task.ID {
					t.Errorf("%q is under %q", task.ID, id)
				}
			}
			for range b.Notes.All() {
			}
		})
		if got := len(allTasks(room.Join("root")).Rows()); got == 0 && name != "" {
			t.Error("the task is gone")
		}
	})
}
