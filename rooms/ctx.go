package rooms

import (
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Ctx is the room as its rules see it during one hook: the tick, random
// numbers, players, messages. It is valid until the hook returns.
type Ctx struct {
	room *GameRoom
	out  *Outbox
}

// Tick is the number of the tick that is being made.
func (c *Ctx) Tick() tick.Tick { return c.room.now }

// DT is the length of a tick in seconds.
func (c *Ctx) DT() float32 { return c.room.def.hz.DT() }

// Time is how long the room has played: ticks, not wall clock.
func (c *Ctx) Time() time.Duration {
	return time.Duration(c.room.now) * time.Second / time.Duration(c.room.def.hz)
}

// Rand gives the room's random numbers, the same in every replay.
func (c *Ctx) Rand() *tick.Rand { return c.room.store.Rand() }

// Log writes to the server's log with the room's name; replays are silent.
func (c *Ctx) Log() *slog.Logger { return c.room.log() }

// Options decodes the JSON that the room was created with into v.
func (c *Ctx) Options(v any) error {
	if len(c.room.options) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.room.options, v); err != nil {
		return fmt.Errorf("failed to decode the room's options: %w", err)
	}
	return nil
}

// Players walks the players by seat, lost ones included.
func (c *Ctx) Players() iter.Seq[*Player] {
	return func(yield func(*Player) bool) {
		for _, p := range c.room.players.seats {
			if p != nil && !yield(p) {
				return
			}
		}
	}
}

// Player finds a player by ID, or gives nil.
func (c *Ctx) Player(id state.ID) *Player { return c.room.players.get(id) }

// PlayerCount is the number of taken seats.
func (c *Ctx) PlayerCount() int { return c.room.players.count }

// Rewind gives the moment that a player saw when it made the input at work:
// Table.At(moment) of a table tagged `parlor:"rewind"` shows its rows as they
// were then. It is at most 400 ms ago, and no longer ago than the player's
// round trip and a client's interpolation explain; for nil, and for players
// who do not say what they see, it is the present.
func (c *Ctx) Rewind(p *Player) state.Moment {
	lag := tick.Tick(0)
	if p != nil {
		lag = tick.Tick(p.lag) * lagStep
	}
	if c.room.now <= lag>>8 { // the first ticks
		lag = c.room.now << 8
	}
	return state.MomentAt(uint32(c.room.now<<8 - lag))
}

// Send gives one player a room message; data is encoded as JSON.
func (c *Ctx) Send(to *Player, name string, data any) {
	c.out.add(Send{To: to.ID, Kind: schema.KindMessage, Name: name, Data: encodeMessage(name, data)})
}

// SendTo gives some players a room message.
func (c *Ctx) SendTo(to []*Player, name string, data any) {
	body := encodeMessage(name, data)
	for _, p := range to {
		c.out.add(Send{To: p.ID, Kind: schema.KindMessage, Name: name, Data: body})
	}
}

// Broadcast gives every player a room message.
func (c *Ctx) Broadcast(name string, data any) {
	c.out.add(Send{Kind: schema.KindMessage, Name: name, Data: encodeMessage(name, data)})
}

// Kick removes a player at the end of this tick; the text reaches it.
func (c *Ctx) Kick(p *Player, text string) {
	c.room.control.kicks = append(c.room.control.kicks, kick{p.ID, text})
}

// Lock keeps new players out; those who lost their connection may come back.
func (c *Ctx) Lock() { c.room.control.locked, c.room.control.news = true, true }

// Unlock lets players in again.
func (c *Ctx) Unlock() { c.room.control.locked, c.room.control.news = false, true }

// SetMetadata sets what the room list shows and join filters match, such as
// the map's name; v is encoded as a JSON object.
func (c *Ctx) SetMetadata(v any) {
	data, err := json.Marshal(v)
	if err != nil || len(data) == 0 || data[0] != '{' {
		panic(fmt.Sprintf("rooms: metadata must be a struct or map that JSON can hold, not %T (%v)", v, err))
	}
	c.room.control.metadata, c.room.control.news = data, true
}

// Close ends the room after this tick; every player gets the text.
func (c *Ctx) Close(text string) { c.room.control.closing, c.room.control.closeText = true, text }

func encodeMessage(name string, data any) []byte {
	if data == nil {
		return []byte("null")
	}
	body, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("rooms: message %q cannot be JSON: %v", name, err))
	}
	return body
}
