package arena

import (
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Drone is what a computer player thinks; nobody is sent any of it.
type Drone struct {
	GoalX, GoalY float32  `parlor:"local"`
	Think        uint32   `parlor:"local"` // tick of the next thought
	Bored        uint32   `parlor:"local"` // tick at which an unreached goal is given up
	Target       state.ID `parlor:"local"`
	Strafe       float32  `parlor:"local"` // -1 to 1: which way it dodges
	Error        float32  `parlor:"local"` // radians it aims beside
	Lead         float32  `parlor:"local"` // how well it aims ahead: 1 is perfect
	Burst        bool     `parlor:"local"` // the trigger is down
}

const (
	droneSight = 24  // metres
	droneClose = 9   // the distance at which it stops coming nearer
	droneTurn  = 0.2 // radians a tick
	droneWeak  = 40  // health below which it looks for a medkit
)

var (
	droneNames = [...]string{"Rivet", "Sprocket", "Gasket", "Piston", "Cogsworth", "Widget", "Bolt", "Flange",
		"Ratchet", "Gizmo", "Clank", "Servo", "Dynamo", "Solder", "Tinker", "Magnet"}
	// roamSpots are the places between which drones wander.
	roamSpots = [...]spot{
		{4, 4}, {14, 5}, {24, 5}, {40, 5}, {50, 5}, {60, 4}, {5, 14}, {15, 14}, {22, 11}, {32, 13}, {42, 11}, {49, 14}, {59, 14},
		{11, 20}, {15, 20}, {22, 20}, {27, 16}, {37, 24}, {42, 20}, {49, 20}, {53, 20},
		{5, 26}, {15, 26}, {22, 29}, {32, 27}, {42, 29}, {49, 26}, {59, 26}, {4, 36}, {14, 35}, {24, 35}, {40, 35}, {50, 35}, {60, 36},
	}
)

// droneID keeps drones clear of the seats, whose slots are below.
func droneID(i int) state.ID { return state.ID(1<<20 | seats + i) }

// callDrones lets drones in or sends them away, so that people are never alone.
func (w *World) callDrones(ctx *rooms.Ctx) {
	want := max(int(w.House.Get().Fighters)-ctx.PlayerCount(), 0)
	if ctx.PlayerCount() == 0 {
		want = 0
	}
	for i := w.Drones.Len(); i < want; i++ {
		w.Drones.Put(droneID(i), Drone{})
		w.Players.Put(droneID(i), Player{Name: droneNames[i], Drone: true})
		w.spawn(ctx, droneID(i))
	}
	for i := w.Drones.Len() - 1; i >= want; i-- {
		w.Drones.Delete(droneID(i))
		w.Players.Delete(droneID(i))
	}
}

func (w *World) driveDrones(ctx *rooms.Ctx) {
	for id := range w.Drones.IDs() {
		p, d := w.Players.Edit(id), w.Drones.Edit(id)
		if now := uint32(ctx.Tick()); p.HP > 0 && (now >= d.Think || now >= d.Bored) {
			w.think(ctx, id, p, d)
			d.Think = now + uint32(7+ctx.Rand().IntN(8))
		}
		step(p, w.steer(p, d), ctx.DT())
	}
}

// think looks around, several times a second.
func (w *World) think(ctx *rooms.Ctx, id state.ID, p *Player, d *Drone) {
	r := ctx.Rand()
	d.Target = w.spot(id, p)
	d.Burst = d.Target != 0 && r.Float32() < 0.7
	d.Strafe, d.Error, d.Lead = r.Range(-1, 1), r.Range(-0.13, 0.13), r.Range(0.2, 1)
	if x, y, ok := w.supplies(p); ok {
		d.GoalX, d.GoalY, d.Bored = x, y, uint32(ctx.Tick()+hz.Ticks(respawnTime))
		return
	}
	if target, ok := w.Players.Get(d.Target); ok {
		d.GoalX, d.GoalY, d.Bored = target.X, target.Y, uint32(ctx.Tick()+hz.Ticks(respawnTime))
		return
	}
	arrived := distance(p.X, p.Y, d.GoalX, d.GoalY) < reach
	if arrived || uint32(ctx.Tick()) >= d.Bored || !sees(p.X, p.Y, d.GoalX, d.GoalY, radius*0.9) {
		d.wander(ctx, p)
	}
}

// spot finds the nearest fighter that the drone sees.
func (w *World) spot(id state.ID, p *Player) (target state.ID) {
	nearest := float32(droneSight)
	for other, o := range w.Players.All() {
		if other == id || o.HP == 0 || o.Safe || o.Away {
			continue
		}
		if d := distance(p.X, p.Y, o.X, o.Y); d < nearest && sees(p.X, p.Y, o.X, o.Y, 0) {
			target, nearest = other, d
		}
	}
	return target
}

// supplies finds what a weak or empty drone needs, if it is in sight.
func (w *World) supplies(p *Player) (x, y float32, ok bool) {
	if p.HP >= droneWeak && p.Ammo > trickle {
		return 0, 0, false
	}
	for _, k := range w.Pickups.All() {
		if k.Here && k.Ammo == (p.HP >= droneWeak) && sees(p.X, p.Y, k.X, k.Y, radius*0.9) {
			return k.X, k.Y, true
		}
	}
	return 0, 0, false
}

// wander picks one of the places that the drone could walk to.
func (d *Drone) wander(ctx *rooms.Ctx, p *Player) {
	d.Bored = uint32(ctx.Tick() + hz.Ticks(2*respawnTime))
	seen := 0
	for _, s := range roamSpots {
		if distance(p.X, p.Y, s.x, s.y) < reach || !sees(p.X, p.Y, s.x, s.y, radius*0.9) {
			continue
		}
		seen++
		if ctx.Rand().IntN(seen) == 0 { // each one equally likely
			d.GoalX, d.GoalY = s.x, s.y
		}
	}
}

// steer turns what the drone wants into the input that a player would give.
func (w *World) steer(p *Player, d *Drone) (m Move) {
	goX, goY := d.GoalX-p.X, d.GoalY-p.Y
	want := tick.Atan2(goY, goX)
	if target, ok := w.Players.Get(d.Target); ok && target.HP > 0 {
		gap := distance(p.X, p.Y, target.X, target.Y)
		ahead := gap * d.Lead / (bulletSpeed / float32(hz)) // ticks
		want = d.Error + tick.Atan2(target.Y+float32(target.DY*ahead)-p.Y, target.X+float32(target.DX*ahead)-p.X)
		off := turn(p.Aim, want)
		m.Fire = d.Burst && off > -0.25 && off < 0.25
		if gap < droneClose && distance(d.GoalX, d.GoalY, target.X, target.Y) < droneClose {
			goX, goY = 0, 0
		}
		goX, goY = goX-float32((target.Y-p.Y)*d.Strafe), goY+float32((target.X-p.X)*d.Strafe)
	}
	m.Aim = turn(0, p.Aim+min(max(turn(p.Aim, want), -droneTurn), droneTurn))
	if length := distance(0, 0, goX, goY); length > 0.3 {
		m.X, m.Y = int8(goX/length*fullStick), int8(goY/length*fullStick)
	}
	return m
}

// turn is the short way from one angle to another, -pi to pi.
func turn(from, to float32) float32 {
	sin, cos := tick.SinCos(to - from)
	return tick.Atan2(sin, cos)
}
