package bots

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/tick"
)

// Bot is how one bot behaves. Only one goroutine at a time uses it.
type Bot interface {
	// Join gives the options of the bot's join, sent as JSON; nil: none.
	Join() any
	// Think is called once for each of the room's ticks. It may read the
	// room's tables, as in client.Room.View, and sends what the bot does.
	Think(*Ctx)
}

// Behavior makes the nth bot, counted from 0 over all rooms.
type Behavior func(n int) Bot

// Ctx is what a bot has to think with. It is valid during Think.
type Ctx struct {
	Room *client.Room
	Tick tick.Tick  // the tick that this Think's command names
	Rand *rand.Rand // seeded by Config.Seed and the bot's number

	player *player
	now    time.Time
}

// Command sends the bot's command for this tick. M is found among the room's
// inputs by the name of its Go type. Errors are counted, not returned.
func Command[M any](c *Ctx, m M) {
	c.sent(client.SendCommand(c.Room, c.Tick, m))
}

// Event sends an event input.
func Event[M any](c *Ctx, m M) {
	_, err := client.SendEvent(c.Room, m)
	c.player.count(err)
}

// RawCommand sends a command that is encoded already (client.AppendInput);
// input is its index in the schema.
func (c *Ctx) RawCommand(input uint8, payload []byte) {
	c.sent(c.Room.SendRawCommand(c.Tick, input, payload))
}

func (c *Ctx) sent(err error) {
	if c.player.count(err); err == nil {
		c.player.acks.sent(c.Tick, c.now)
	}
}

// count counts a failed send; while the connection is lost nothing can be
// sent, and that is counted as a disconnect already.
func (p *player) count(err error) {
	if err != nil && !errors.Is(err, client.ErrDisconnected) && p.client.Err() == nil {
		p.run.fail(err)
	}
}
