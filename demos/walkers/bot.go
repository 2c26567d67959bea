package walkers

import (
	"github.com/parlor-server/parlor/clients/go/bots"
)

// Bot walks as the benchmark's players do: always, on both axes.
func Bot() bots.Behavior {
	return func(int) bots.Bot { return &bot{} }
}

type bot struct{ walk Walk }

// Join implements bots.Bot.
func (*bot) Join() any { return nil }

// Think implements bots.Bot.
func (b *bot) Think(c *bots.Ctx) {
	if b.walk == (Walk{}) {
		b.walk = Walk{DX: int8(c.Rand.IntN(2)*2 - 1), DY: int8(c.Rand.IntN(2)*2 - 1)}
	}
	bots.Command(c, b.walk)
}
