package walkers

import (
	"testing"

	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/state"
)

func TestWalksAndWraps(t *testing.T) {
	room := roomstest.New(t, Game())
	ada := room.Join("ada", nil)
	before, _ := room.World.Players.Get(ada)
	room.Send(ada, Walk{DX: 1, DY: -1})
	room.Step(side / speed * hz) // once around, one room second brings 5 metres
	after, _ := room.World.Players.Get(ada)
	for _, c := range []struct {
		name     string
		from, to float32
	}{{"X", before.X, after.X}, {"Y", before.Y, after.Y}} {
		if off := min(abs(c.to-c.from), side-abs(c.to-c.from)); off > 0.5 {
			t.Errorf("%s went from %v to %v, which is not once around", c.name, c.from, c.to)
		}
	}
	if after.VX != speed || after.VY != -speed {
		t.Errorf("the velocity is (%v, %v)", after.VX, after.VY)
	}
}

func TestWearsAndRewardsOnceASecond(t *testing.T) {
	room := roomstest.New(t, Game())
	ada, bob := room.Join("ada", nil), room.Join("bob", nil)
	room.Step(hz)
	for n, id := range []state.ID{ada, bob} {
		p, _ := room.World.Players.Get(id)
		if p.ID != uint32(n) || p.HP != 99 || p.Score != 10 {
			t.Errorf("after a second: %+v", p)
		}
	}
	room.Step(98 * hz)
	if p, _ := room.World.Players.Get(ada); p.HP != 1 || p.Score != 990 {
		t.Errorf("after 99 seconds: %+v", p)
	}
	room.Step(hz)
	if p, _ := room.World.Players.Get(ada); p.HP != 100 {
		t.Errorf("after 100 seconds: %+v", p)
	}
}

func abs(v float32) float32 { return max(v, -v) }
