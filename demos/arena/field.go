package arena

import "math"

// The field is 64 by 40 metres; y grows downwards, as on a screen.
const (
	fieldName = "crossing"
	width     = 64
	height    = 40
	radius    = 0.8 // of a fighter
	speed     = 9   // metres a second
	fullStick = 7
)

// wall is an upright rectangle that stops fighters and bullets.
type wall struct{ x, y, w, h float64 }

type spot struct{ x, y float32 }

// The map, the same turned by half a turn. The page draws it from web/field.json,
// which a test writes.
var (
	walls = [...]wall{
		{29, 18, 6, 4},                                             // the block in the middle
		{8, 8, 6, 2}, {8, 10, 2, 4}, {50, 8, 6, 2}, {54, 10, 2, 4}, // corners above
		{8, 30, 6, 2}, {8, 26, 2, 4}, {50, 30, 6, 2}, {54, 26, 2, 4}, // corners below
		{26, 7, 12, 1.5}, {26, 31.5, 12, 1.5}, {18, 15, 1.5, 10}, {44.5, 15, 1.5, 10}, // four long walls
		{24, 12.5, 2.5, 2.5}, {37.5, 12.5, 2.5, 2.5}, {24, 25, 2.5, 2.5}, {37.5, 25, 2.5, 2.5}, // crates
		{0, 19, 4.5, 2}, {59.5, 19, 4.5, 2}, {19.5, 0, 1.5, 4}, {43, 0, 1.5, 4}, {19.5, 36, 1.5, 4}, {43, 36, 1.5, 4}, // piers
	}
	spawnSpots = [...]spot{
		{4, 4}, {60, 4}, {4, 36}, {60, 36}, {15, 20}, {49, 20}, {32, 3}, {32, 37}, {4, 15}, {60, 25}, {25, 20}, {39, 20},
	}
	pickupSpots = [...]Pickup{
		{X: 32, Y: 13}, {X: 32, Y: 27}, {X: 6, Y: 20}, {X: 58, Y: 20},
		{X: 12, Y: 12, Ammo: true}, {X: 52, Y: 12, Ammo: true}, {X: 12, Y: 28, Ammo: true}, {X: 52, Y: 28, Ammo: true},
	}
)

// step is pure: the server runs it, and clients run it ahead. It reckons in
// float64 with every product rounded, as JavaScript does, and rounds to
// float32 once.
func step(p *Player, m Move, dt float32) {
	p.DX, p.DY, p.Trigger = 0, 0, false
	if p.HP == 0 {
		return
	}
	p.Aim, p.Trigger = m.Aim, m.Fire
	stick := math.Sqrt(float64(int(m.X)*int(m.X) + int(m.Y)*int(m.Y)))
	if stick == 0 {
		return
	}
	metres := float64(speed*float64(dt)) / max(stick, fullStick) // a stick pushed half way goes half as fast
	x, y := slide(float64(p.X)+float64(float64(m.X)*metres), float64(p.Y)+float64(float64(m.Y)*metres))
	p.DX, p.DY = x-p.X, y-p.Y
	p.X, p.Y = x, y
}

// slide moves a fighter out of the walls that (x, y) touches, so that one
// slides along them. The second time settles inner corners.
func slide(x, y float64) (float32, float32) {
	for range 2 {
		for i := range walls {
			x, y = walls[i].pushOut(x, y)
		}
		x, y = min(max(x, radius), width-radius), min(max(y, radius), height-radius)
	}
	return float32(x), float32(y)
}

func (w *wall) pushOut(x, y float64) (float64, float64) {
	nearX, nearY := min(max(x, w.x), w.x+w.w), min(max(y, w.y), w.y+w.h)
	dx, dy := x-nearX, y-nearY
	square := float64(dx*dx) + float64(dy*dy)
	if square >= radius*radius || square == 0 { // square is 0 inside, where no step can lead
		return x, y
	}
	scale := radius / math.Sqrt(square)
	return nearX + float64(dx*scale), nearY + float64(dy*scale)
}

// trace goes from (x, y) by (dx, dy) and gives the part of that way, 0 to 1,
// that is free of walls made thicker by pad.
func trace(x, y, dx, dy, pad float64) float64 {
	free := 1.0
	for i := range walls {
		w := &walls[i]
		enter, leave := 0.0, free
		enter, leave = slab(x, dx, w.x-pad, w.x+w.w+pad, enter, leave)
		enter, leave = slab(y, dy, w.y-pad, w.y+w.h+pad, enter, leave)
		if enter < leave {
			free = enter
		}
	}
	_, free = slab(x, dx, pad, width-pad, 0, free)
	_, free = slab(y, dy, pad, height-pad, 0, free)
	return max(free, 0)
}

// slab narrows the part of a way that lies between lo and hi on one axis.
func slab(at, by, lo, hi, enter, leave float64) (float64, float64) {
	if by == 0 {
		if at <= lo || at >= hi {
			return 1, 0
		}
		return enter, leave
	}
	a, b := (lo-at)/by, (hi-at)/by
	return max(enter, min(a, b)), min(leave, max(a, b))
}

// sees tells that nothing stands between two points that is wider than pad.
func sees(x, y, toX, toY float32, pad float64) bool {
	return trace(float64(x), float64(y), float64(toX)-float64(x), float64(toY)-float64(y), pad) == 1
}

func distance(x, y, toX, toY float32) float32 {
	dx, dy := float64(toX)-float64(x), float64(toY)-float64(y)
	return float32(math.Sqrt(float64(dx*dx) + float64(dy*dy)))
}
