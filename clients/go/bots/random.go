package bots

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Random behaves without knowing the game: it sends random commands within
// the ranges of the room's schema, and holds each for about a second.
func Random(int) Bot { return &random{} }

type random struct {
	until  tick.Tick
	inputs []held // one for each command input
}

type held struct {
	index   uint8
	payload []byte
}

// Join implements Bot.
func (*random) Join() any { return nil }

// Think implements Bot.
func (b *random) Think(c *Ctx) {
	if c.Tick >= b.until || c.Tick+2*tick.Tick(c.Room.Rate()) < b.until {
		b.choose(c)
	}
	for _, in := range b.inputs {
		c.RawCommand(in.index, in.payload)
	}
}

// choose draws new commands, for half a second to one and a half.
func (b *random) choose(c *Ctx) {
	span := c.Room.Rate().Ticks(time.Second)
	b.until = c.Tick + span/2 + tick.Tick(c.Rand.Uint32N(uint32(span)+1))
	b.inputs = b.inputs[:0]
	for i, def := range c.Room.Schema().Inputs {
		if !def.Command {
			continue
		}
		values := make([]client.InputValue, len(def.Columns))
		for j, column := range def.Columns {
			values[j] = randomValue(c.Rand, column, uint32(c.Room.Player()))
		}
		b.inputs = append(b.inputs, held{uint8(i), client.AppendInput(nil, def.Columns, values)})
	}
}

// randomValue draws a value within a column's range; where it has none, from
// −1 to 1, and for an angle from all of the circle.
func randomValue(r *rand.Rand, c schema.Column, player uint32) client.InputValue {
	switch {
	case c.Kind == schema.String:
		return client.InputValue{Text: randomText(c)}
	case c.Kind == schema.Bool:
		return client.InputValue{Int: int64(r.IntN(2))}
	case c.Kind == schema.ID:
		return client.InputValue{Int: int64(player)}
	case c.Kind.Float():
		low, high := floatRange(c)
		v := low + r.Float64()*(high-low)
		if c.Quantised() {
			return client.InputValue{Int: int64(math.Floor(v/c.Quant + 0.5))}
		}
		return client.InputValue{Float: v}
	}
	low, high, bounded := client.IntRange(c)
	if !bounded {
		low, high = max(low, min(high, -1)), min(high, max(low, 1))
	}
	return client.InputValue{Int: low + int64(r.Uint64N(uint64(high-low)+1))}
}

func floatRange(c schema.Column) (low, high float64) {
	low, high = -1, 1
	if c.Has(schema.Angle) {
		low, high = -math.Pi, math.Pi
	}
	switch {
	case c.Has(schema.HasMin | schema.HasMax):
		low, high = c.Min, c.Max
	case c.Has(schema.HasMin):
		low, high = c.Min, max(high, c.Min)
	case c.Has(schema.HasMax):
		low, high = min(low, c.Max), c.Max
	}
	return low, high
}

// randomText has a length that the column takes: its bounds count bytes.
func randomText(c schema.Column) string {
	n := 3.0
	if c.Has(schema.HasMin) {
		n = max(n, c.Min)
	}
	if c.Has(schema.HasMax) {
		n = min(n, c.Max)
	}
	const letters = "botbotbotbotbotbotbotbotbotbotbotbotbotbotbotbotbotbotbotbotbot"
	return letters[:int(min(max(n, 0), float64(len(letters))))]
}
