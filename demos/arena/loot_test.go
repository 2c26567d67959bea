package arena

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/state"
)

// staged is the arena with a stage hand who comes before each tick.
func staged(hand func(w *World, ctx *rooms.Ctx)) rooms.Game[World, Profile] {
	g := Game()
	g.Tick = func(w *World, ctx *rooms.Ctx) {
		hand(w, ctx)
		w.tick(ctx)
	}
	return g
}

func TestTwoGrabOneTrophyAndOneGetsIt(t *testing.T) {
	const meet = 3
	room := roomstest.New(t, staged(func(w *World, ctx *rooms.Ctx) {
		if ctx.Tick() != meet {
			return
		}
		for id := range w.Players.IDs() {
			p := w.Players.Edit(id)
			p.X, p.Y = spawnSpots[0].x, spawnSpots[0].y
		}
		w.Trophies.Insert(Trophy{X: spawnSpots[0].x, Y: spawnSpots[0].y, Metal: 1, Of: "Rivet"})
	}), alone, roomstest.HoldWrites())
	ann, bob := room.Join("ann", nil), room.Join("bob", nil)
	room.Step(meet + 1)
	writes := room.Writes()
	if len(writes) != 1 || len(writes[0].Writes) != 1 || room.World.Trophies.Len() != 0 {
		t.Fatalf("%d transactions, %d trophies left", len(writes), room.World.Trophies.Len())
	}
	var item Item
	if err := json.Unmarshal(writes[0].Writes[0].Row, &item); err != nil || item.Metal != 1 || item.Of != "Rivet" || item.ID == "" {
		t.Errorf("the item is %+v, %v", item, err)
	}
	if writes[0].Room != "inventory/ann" || writes[0].Writes[0].Op != state.WriteCreate {
		t.Errorf("written to %s by operation %d", writes[0].Room, writes[0].Writes[0].Op)
	}
	if a, b := player(t, room.World, ann).Trophies, player(t, room.World, bob).Trophies; a != 1 || b != 0 {
		t.Errorf("ann has %d trophies, bob %d", a, b)
	}
}

func TestAKillLeavesATrophyThatRots(t *testing.T) {
	room, by, of := duel(t)
	aimAt(t, room, by, of)
	for range ticks(5 * time.Second) {
		room.Step(1)
		if player(t, room.World, of).HP == 0 {
			break
		}
	}
	if room.World.Trophies.Len() != 1 {
		t.Fatalf("%d trophies lie around", room.World.Trophies.Len())
	}
	room.Send(by, Move{})
	room.Step(ticks(lootTime))
	if room.World.Trophies.Len() != 0 {
		t.Error("the trophy is still there")
	}
}
