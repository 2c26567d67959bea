package roomstest_test

import (
	"strings"
	"testing"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/roomstest"
)

// spy is a testing.TB that keeps what fails, to test the kit's own check.
type spy struct {
	testing.TB
	errors  []string
	cleanup []func()
}

func (s *spy) Helper()          {}
func (s *spy) Cleanup(f func()) { s.cleanup = append(s.cleanup, f) }
func (s *spy) Error(args ...any) {
	s.errors = append(s.errors, args[0].(error).Error())
}

func TestRulesThatUseAGlobalAreFound(t *testing.T) {
	calls := 0
	game := Race()
	game.Tick = func(w *Track, _ *rooms.Ctx) {
		calls++
		for id := range w.Runners.IDs() {
			w.Runners.Edit(id).X += float32(calls % 7)
		}
	}
	s := &spy{TB: t}
	room := roomstest.New(s, game)
	room.Join("ann", nil)
	room.Step(5)
	for _, f := range s.cleanup {
		f()
	}
	if len(s.errors) != 1 || !strings.Contains(s.errors[0], "besides their inputs") {
		t.Errorf("the check said %q", s.errors)
	}
}

func TestHonestRulesPass(t *testing.T) {
	room := roomstest.New(t, Race(), roomstest.Seed(7))
	ann := room.Join("ann", nil)
	room.Lose(ann)
	room.Step(3)
	room.Return(ann)
	room.Send(ann, Run{Forward: true})
	room.Step(3)
	room.Leave(ann)
	room.Step(1)
	if room.Gone(ann) {
		t.Error("a player who left by itself was removed by the room")
	}
}
