package arena

import (
	"math"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

const (
	coolTicks   = 5 // between two shots: six a second
	damage      = 20
	bulletSpeed = 36 // metres a second
	bulletSize  = 0.15
	bulletRange = 32
)

// Bullet flies straight from where it was fired, so its row is sent when it is
// fired and when it ends, never in between.
type Bullet struct {
	By    state.ID
	X, Y  float32 `parlor:"quant=0.01"`
	Aim   float32 `parlor:"quant=0.002,angle"`
	Fired uint32  // tick

	Flown float32 `parlor:"local"` // metres
}

// fire shoots when the trigger is down and the gun is ready.
func (w *World) fire(ctx *rooms.Ctx, id state.ID, p *Player) {
	if !p.Trigger || p.HP == 0 || p.Cool > 0 || p.Ammo == 0 || w.Round.Get().Podium {
		return
	}
	p.Ammo--
	p.Cool = coolTicks
	p.Safe = false
	w.Bullets.Insert(Bullet{By: id, X: p.X, Y: p.Y, Aim: p.Aim, Fired: uint32(ctx.Tick())})
}

// fly moves every bullet on by one tick and ends those that meet something.
func (w *World) fly(ctx *rooms.Ctx) {
	for id := range w.Bullets.IDs() {
		b := w.Bullets.Edit(id)
		sin, cos := tick.SinCos(b.Aim)
		x := float64(b.X) + float64(float64(cos)*float64(b.Flown))
		y := float64(b.Y) + float64(float64(sin)*float64(b.Flown))
		way := float64(bulletSpeed * float64(ctx.DT()))
		dx, dy := float64(float64(cos)*way), float64(float64(sin)*way)
		free := trace(x, y, dx, dy, 0)
		target, part := w.struck(b.By, x, y, dx, dy, free)
		if target != 0 {
			w.Hits.Send(Hit{b.By, target, float32(x + float64(dx*part)), float32(y + float64(dy*part))})
			w.hurt(ctx, b.By, target, damage)
		}
		if b.Flown += float32(way); target != 0 || free < 1 || b.Flown >= bulletRange {
			w.Bullets.Delete(id)
		}
	}
}

// struck finds the first fighter on the way, and at which part of it.
func (w *World) struck(by state.ID, x, y, dx, dy, free float64) (target state.ID, part float64) {
	part = free
	for id, p := range w.Players.All() {
		if id == by || p.HP == 0 || p.Safe {
			continue
		}
		if at, hit := meets(x-float64(p.X), y-float64(p.Y), dx, dy); hit && at <= part {
			target, part = id, at
		}
	}
	return target, part
}

// meets tells where the way from (x, y) by (dx, dy) enters a fighter at (0, 0).
func meets(x, y, dx, dy float64) (part float64, ok bool) {
	const size = radius + bulletSize
	a := float64(dx*dx) + float64(dy*dy)
	b := float64(x*dx) + float64(y*dy)
	c := float64(x*x) + float64(y*y) - size*size
	root := float64(b*b) - float64(a*c)
	if root < 0 || a == 0 || c > 0 && b > 0 {
		return 0, false
	}
	part = max((-b-math.Sqrt(root))/a, 0)
	return part, part <= 1
}
