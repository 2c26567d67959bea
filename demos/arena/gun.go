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

	momentsPerTick = 256 // a state.Moment counts so many in a tick
)

// Bullet flies straight from where it was fired, so its row is sent when it is
// fired and when it ends, never in between: on its way since Fired, it has
// flown (tick - Fired + 1) ticks.
type Bullet struct {
	By    state.ID
	X, Y  float32 `parlor:"quant=0.01"`
	Aim   float32 `parlor:"quant=0.002,angle"`
	Fired uint32  // tick: about what the shooter saw when it pulled the trigger

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
//
// A player aims at what it sees, and that is old: news from the server takes
// its time to come, and the shot takes time to get back. So a bullet begins in
// the past that its shooter saw and catches up with the present in the tick in
// which it was fired, meeting others where they were. Who aims well, hits,
// however bad the line; who was hit may have thought to be behind a wall.
func (w *World) fly(ctx *rooms.Ctx) {
	now := uint32(ctx.Tick()) * momentsPerTick
	for id := range w.Bullets.IDs() {
		b := w.Bullets.Edit(id)
		moment := now
		if b.Flown == 0 {
			moment = ctx.Rewind(ctx.Player(b.By)).Fixed()
		}
		for moment < now && w.flyOn(ctx, b, moment) {
			moment += momentsPerTick
			b.Fired--
		}
		if moment < now || !w.flyOn(ctx, b, now) {
			w.Bullets.Delete(id)
		}
	}
}

// flyOn moves a bullet on among fighters as they were at a moment. It reports
// whether the bullet still flies.
func (w *World) flyOn(ctx *rooms.Ctx, b *Bullet, moment uint32) bool {
	sin, cos := tick.SinCos(b.Aim)
	x := float64(b.X) + float64(float64(cos)*float64(b.Flown))
	y := float64(b.Y) + float64(float64(sin)*float64(b.Flown))
	way := float64(bulletSpeed * float64(ctx.DT()))
	dx, dy := float64(float64(cos)*way), float64(float64(sin)*way)
	free := trace(x, y, dx, dy, 0)
	target, part := w.struck(b.By, moment, x, y, dx, dy, free)
	if target != 0 {
		w.Hits.Send(Hit{b.By, target, float32(x + float64(dx*part)), float32(y + float64(dy*part))})
		w.hurt(ctx, b.By, target, damage)
	}
	b.Flown += float32(way)
	return target == 0 && free == 1 && b.Flown < bulletRange
}

// struck finds the first fighter on the way, and at which part of it. Who can
// no longer be hit, or could not be at that moment, is none.
func (w *World) struck(by state.ID, moment uint32, x, y, dx, dy, free float64) (target state.ID, part float64) {
	part = free
	for id, then := range w.Players.At(state.MomentAt(moment)).All() {
		now, _ := w.Players.Get(id)
		if id == by || !then.canBeHit() || !now.canBeHit() {
			continue
		}
		if at, hit := meets(x-float64(then.X), y-float64(then.Y), dx, dy); hit && at <= part {
			target, part = id, at
		}
	}
	return target, part
}

func (p *Player) canBeHit() bool { return p.HP > 0 && !p.Safe }

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
