package arena

import (
	"fmt"
	"math"
	"time"

	client "github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/clients/go/bots"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Bot plays the arena from outside, as a person would: it sees what clients
// are sent and gives one Move a tick. It is for parlor bots.
func Bot() bots.Behavior {
	return func(n int) bots.Bot { return &bot{name: fmt.Sprint("Bot ", n+1)} }
}

type bot struct {
	name    string
	players *client.TableView[Player]
	goal    spot
	until   tick.Tick // when it makes up its mind again
	strafe  float32   // -1 to 1
	wobble  float32   // radians that it aims beside
}

// Join implements bots.Bot.
func (b *bot) Join() any { return Profile{Name: b.name} }

// Think implements bots.Bot.
func (b *bot) Think(c *bots.Ctx) {
	if b.players == nil {
		players, err := client.Table[Player](c.Room, "Players")
		if err != nil {
			return // a server with another arena
		}
		b.players = players
	}
	me, ok := b.players.Get(c.Room.Player())
	if !ok {
		return
	}
	target, seen := b.nearest(c.Room.Player(), me)
	if c.Tick >= b.until || c.Tick+hz.Ticks(time.Minute) < b.until {
		b.decide(c, me)
	}
	bots.Command(c, b.move(me, target, seen))
	if c.Rand.IntN(40*int(hz)) == 0 {
		bots.Event(c, Say{Line: uint8(c.Rand.IntN(4))})
	}
}

// decide picks where to go for the next one or two seconds.
func (b *bot) decide(c *bots.Ctx, me Player) {
	b.until = c.Tick + hz.Ticks(time.Second) + tick.Tick(c.Rand.IntN(int(hz)))
	b.strafe = c.Rand.Float32()*2 - 1
	b.wobble = (c.Rand.Float32()*2 - 1) * 0.12
	for range 8 {
		s := roamSpots[c.Rand.IntN(len(roamSpots))]
		if sees(me.X, me.Y, s.x, s.y, radius*0.9) {
			b.goal = s
			return
		}
	}
}

// nearest is the closest fighter in sight.
func (b *bot) nearest(self state.ID, me Player) (target Player, ok bool) {
	least := float32(droneSight)
	for id, p := range b.players.All() {
		if id == self || p.HP == 0 || p.Safe {
			continue
		}
		if d := distance(me.X, me.Y, p.X, p.Y); d < least && sees(me.X, me.Y, p.X, p.Y, 0) {
			target, least, ok = p, d, true
		}
	}
	return target, ok
}

func (b *bot) move(me, target Player, seen bool) Move {
	dx, dy := b.goal.x-me.X, b.goal.y-me.Y
	m := Move{Aim: tick.Atan2(dy, dx)}
	if seen {
		toX, toY := target.X-me.X, target.Y-me.Y
		m.Aim = turn(0, tick.Atan2(toY, toX)+b.wobble)
		m.Fire = true
		dx, dy = dx-toY*b.strafe, dy+toX*b.strafe
	}
	if length := math.Hypot(float64(dx), float64(dy)); length > 0.5 {
		m.X, m.Y = int8(float64(dx)/length*fullStick), int8(float64(dy)/length*fullStick)
	}
	return m
}
