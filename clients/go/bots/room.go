package bots

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
)

// room is one room full of bots.
type room struct {
	run *run
	id  string

	mu      sync.Mutex // guards players, which grows while the first ones play
	players []*player
}

// player is one bot with its client. What follows rand is used with the
// room's state held, but for the atomics.
type player struct {
	run    *run
	client *client.Client
	room   *client.Room
	bot    Bot
	rand   *rand.Rand
	acks   acks
	ctx    Ctx

	tick atomic.Uint32 // of the last frame
	at   atomic.Int64  // when that frame arrived, Unix nanoseconds
}

// watch runs before the first frame.
func (p *player) watch(r *client.Room) {
	r.OnFrame(func(f client.Frame) {
		p.tick.Store(uint32(f.Tick))
		p.at.Store(f.Arrived.UnixNano())
		p.acks.acknowledged(f.Ack, f.Arrived, &p.run.ack)
	})
	r.OnReconnect(func(sameSeat bool) {
		p.acks.forget()
		if !sameSeat {
			p.tick.Store(0)
		}
	})
	r.OnLeft(func(e *schema.Error) {
		if e.Code != schema.CodeLeft {
			p.run.fail(e)
		}
	})
}

func (r *room) add(p *player) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.players = append(r.players, p)
}

func (r *room) all() []*player {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.players)
}

// think lets the room's bots play until ctx ends. It is the room's goroutine.
func (r *room) think(ctx context.Context) {
	ticker := time.NewTicker(r.all()[0].room.Rate().Period())
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, p := range r.all() {
			p.room.View(p.think)
		}
	}
}

// think lets the bot think for each tick that is due; the state is held.
func (p *player) think() {
	now := time.Now()
	clock := p.room.Clock()
	for t, due := clock.Next(now); due; t, due = clock.Next(now) {
		p.ctx = Ctx{Room: p.room, Tick: t, Rand: p.rand, player: p, now: now}
		p.bot.Think(&p.ctx)
	}
}
