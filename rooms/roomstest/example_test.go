package roomstest_test

import (
	"testing"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/state"
)

type Runner struct {
	X float32 `parlor:"quant=0.01"`
}
type Track struct{ Runners state.Table[Runner] }
type Run struct {
	Forward bool
}

func Race() rooms.Game[Track, struct{}] {
	return rooms.Game[Track, struct{}]{
		Hz:   10,
		Join: (*Track).join,
		Inputs: []rooms.Input[Track]{
			rooms.Command(func(w *Track) *state.Table[Runner] { return &w.Runners }, run),
		},
	}
}

func (w *Track) join(_ *rooms.Ctx, p *rooms.Player, _ struct{}) { w.Runners.Put(p.ID, Runner{}) }

func run(r *Runner, m Run, dt float32) {
	if m.Forward {
		r.X += float32(5 * dt)
	}
}

// A whole test of a game's rules. When it ends, the room's inputs are run
// again and the states compared.
func Example() {
	test := func(t *testing.T) {
		room := roomstest.New(t, Race())
		ann := room.Join("ann", nil)
		room.Send(ann, Run{Forward: true})
		room.Step(10)
		if r, _ := room.World.Runners.Get(ann); r.X < 4.99 || r.X > 5.01 {
			t.Errorf("after a second ann is at %v", r.X)
		}
	}
	testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "Run", F: test}})
	// Output:
}
