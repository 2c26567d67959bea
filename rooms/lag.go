package rooms

import (
	"encoding/binary"
	"time"

	"github.com/parlor-server/parlor/tick"
)

const (
	lagStep          = 256 / 16 // how fine lags are kept and recorded, in 1/256 ticks
	maxLag           = 400 * time.Millisecond
	maxInterpolation = 150 * time.Millisecond // how far behind the newest frame a client may draw
)

// sight is how far behind the present one player sees the room, by the word of
// its commands. The loop owns it.
type sight struct {
	lag  uint16               // that of the last command that was used, as recorded
	lags [commandSlots]uint16 // by the tick that uses a command: its lag + 1; 0: it does not say
	op   [2]byte
}

// claim is what a command says its player saw, and what bounds its word.
type claim struct {
	seen    uint32        // the moment, in 1/256 ticks
	use     uint32        // the tick that uses the command
	next    uint32        // the tick that is made next
	applied uint32        // the newest tick that the client has
	joined  uint32        // the first that it got
	rtt     time.Duration // 0: not known
}

// lag is how much older than its tick the moment was that a command was made
// for, in steps. However a client lies, the moment is none that it could not
// have drawn: no later than what it has applied, no earlier than its round
// trip, a client's interpolation and the command's own lead explain, and never
// more than 400 ms ago.
func (c *claim) lag(hz tick.Rate) uint16 {
	const second = int64(time.Second)
	fine := func(d time.Duration) int64 { return int64(d) * int64(hz) * 256 / second }
	lead := int64(c.use-c.next+1) << 8
	most := min(fine(maxLag), fine(c.rtt+maxInterpolation)+lead, int64(c.use-c.joined)<<8)
	least := int64(c.use-c.applied) << 8
	lag := int64(int32(c.use<<8 - c.seen)) // both wrap around
	return uint16(max(0, min(max(lag, least), most)+lagStep/2) / lagStep)
}

// look files what a command says that its player saw.
func (r *runner) look(p *place, it *item, next uint32) {
	applied := p.conn.Applied()
	if it.seen == 0 || !r.def.rewinds || applied == 0 {
		return
	}
	if p.sight == nil {
		p.sight = new(sight)
	}
	c := claim{
		seen: it.seen, use: max(it.number, next), next: next,
		applied: applied, joined: uint32(p.since), rtt: p.conn.RTT(),
	}
	p.sight.lags[c.use%commandSlots] = c.lag(r.def.hz) + 1
}

// useLags tells the room how far behind the players see who made this tick's
// commands, before it uses any of them.
func (r *runner) useLags(now tick.Tick) {
	if !r.def.rewinds {
		return
	}
	for _, p := range r.places {
		if p == nil || p.sight == nil {
			continue
		}
		s := p.sight
		filed := &s.lags[uint32(now)%commandSlots]
		lag := *filed - 1
		if *filed == 0 || lag == s.lag {
			*filed = 0
			continue
		}
		*filed, s.lag = 0, lag
		binary.LittleEndian.PutUint16(s.op[:], lag)
		r.apply(Op{Kind: OpLag, Player: p.id, Payload: s.op[:]})
	}
}

// lag takes in how far behind a player sees.
func (r *GameRoom) lag(op Op) {
	if p := r.players.get(op.Player); p != nil && len(op.Payload) == 2 {
		p.lag = binary.LittleEndian.Uint16(op.Payload)
	}
}
