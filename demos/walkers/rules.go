package walkers

import (
	"fmt"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

const (
	hz    = 20
	side  = 1000 // the world is a square that wraps
	speed = 5    // a second, on each axis
	seats = 1000
)

// Walker is one player. Its row is keyed by the player's ID.
type Walker struct {
	ID    uint32  // counts from 0 in each room
	X, Y  float32 `parlor:"quant=0.01"`
	VX    float32
	VY    float32
	HP    uint16
	Score int32
	Name  string
}

// Count is how many walkers have come.
type Count struct {
	Walkers uint32 `parlor:"local"`
}

// World is all that the room remembers.
type World struct {
	Players state.Table[Walker]
	Come    state.Value[Count]
}

// Walk is the way to go.
type Walk struct {
	DX, DY int8 `parlor:"min=-1,max=1"`
}

// Game is the walkers' room for rooms.Define.
func Game() rooms.Game[World, struct{}] {
	return rooms.Game[World, struct{}]{
		Hz: hz, MaxPlayers: seats, Version: "1",
		Join: (*World).join, Leave: (*World).leave, Tick: (*World).tick,
		Inputs: []rooms.Input[World]{
			rooms.Command(func(w *World) *state.Table[Walker] { return &w.Players }, step),
		},
	}
}

func (w *World) join(ctx *rooms.Ctx, p *rooms.Player, _ struct{}) {
	n := w.Come.Get().Walkers
	w.Come.Edit().Walkers++
	r := ctx.Rand()
	w.Players.Put(p.ID, Walker{ID: n, X: r.Range(0, side), Y: r.Range(0, side), HP: 100, Name: fmt.Sprint("player", n)})
}

func (w *World) leave(_ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { w.Players.Delete(p.ID) }

// step is pure: the server runs it, and clients run it ahead.
func step(p *Walker, m Walk, dt float32) {
	p.VX, p.VY = float32(m.DX)*speed, float32(m.DY)*speed
	p.X, p.Y = wrap(p.X+float32(p.VX*dt)), wrap(p.Y+float32(p.VY*dt))
}

// wrap is for steps far shorter than the square's side.
func wrap(v float32) float32 {
	switch {
	case v < 0:
		return v + side
	case v >= side:
		return v - side
	}
	return v
}

// tick wears the walkers down and rewards them, each once a second.
func (w *World) tick(ctx *rooms.Ctx) {
	for id, p := range w.Players.All() {
		if (uint32(ctx.Tick())+p.ID)%hz != 0 {
			continue
		}
		row := w.Players.Edit(id)
		row.Score += 10
		if row.HP--; row.HP == 0 {
			row.HP = 100
		}
	}
}
