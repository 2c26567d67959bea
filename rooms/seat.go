package rooms

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"slices"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// reservationTime is how long a reserved seat waits for its player.
const reservationTime = 15 * time.Second

// Seat is what a connection gets of a room: Reserve made it, Enter takes it.
// A player who comes back gets a new Seat of the same place. Its methods may
// be called by any goroutine, do not block, and copy payloads.
type Seat struct {
	// What every command needs comes first, together.
	run    *runner
	place  *place
	saw    atomic.Uint64 // the tick named (upper half) and what was seen when its command was made
	epoch  uint64        // guarded by run.inbox.mu
	pushed int           // guarded by run.inbox.mu; inputs since epoch

	request    uint32
	schemaHash uint64
	token      string // what the player came back with; empty: it is new
	back       bool   // the player comes back to a held place

	conn Conn // guarded by run.mu until the loop has the seat; nil before Enter
	gone bool // guarded by run.mu; Leave or Lost came
}

// place is a player's place in a room, from its reservation to its end. What
// every tick needs comes first, together.
type place struct {
	id       state.ID
	since    tick.Tick      // the loop's: the connection's first tick
	conn     Conn           // the loop's: current's
	current  *Seat          // the loop's: the connection, nil when lost
	lossy    *lossyDelivery // the loop's: nil when state frames are not to be lost
	timing   *timing        // the loop's: nil when packets are not lost
	sight    *sight         // the loop's: nil until the player says what it sees
	delivery delivery       // the loop's
	ring     commandRing    // the loop's: of the first command input
	rings    []commandRing  // the loop's: of the others
	events   allowance      // the loop's

	user   auth.User
	loaded []byte // what Load returned, JSON

	phase    placePhase // guarded by run.mu
	token    string     // guarded by run.mu; for coming back
	previous string     // guarded by run.mu; good until token has been received
	deadline time.Time  // guarded by run.mu; of the reservation or the grace
}

// connect gives the place its connection, or nil when it is lost. What the one
// before had sent is forgotten.
func (p *place) connect(s *Seat) {
	p.current, p.conn, p.lossy, p.timing, p.sight = s, nil, nil, nil, nil
	p.ring.clear()
	for i := range p.rings {
		p.rings[i].clear()
	}
	if s != nil {
		p.conn = s.conn
		p.delivery = delivery{joining: true}
		if p.conn.DatagramSize() == 0 {
			return
		}
		p.timing = new(timing)
		if !s.run.def.reliable {
			p.lossy = new(lossyDelivery)
		}
	}
}

// ringOf is the ring of a command input.
func (p *place) ringOf(def *definition, input uint8) *commandRing {
	if i := slices.Index(def.commands, input); i > 0 {
		return &p.rings[i-1]
	}
	return &p.ring
}

// named is the highest tick named by a command that was used.
func (p *place) named() uint32 {
	highest := p.ring.named
	for i := range p.rings {
		highest = max(highest, p.rings[i].named)
	}
	return highest
}

type placePhase uint8

const (
	placeReserved placePhase = iota
	placeTaken
	placeHeld // the connection is lost
	placeFree
)

// Room is the ID of the seat's room.
func (s *Seat) Room() string { return s.run.id }

// Player is the player's ID in the room.
func (s *Seat) Player() state.ID { return s.place.id }

// Enter queues the join. One Joined, or one Error, arrives through conn after the
// room's next tick, unless Enter fails.
func (s *Seat) Enter(conn Conn) error {
	if !s.run.enter(s, conn) {
		return schema.Errorf(schema.CodeNoSuchRoom, "the room has closed or the reservation has run out; join again")
	}
	s.run.wake()
	return nil
}

// Saw says, before the command for the tick named, what the player saw when it
// made that command: the moment that was drawn, in 1/256 ticks. Rules get at it
// with Ctx.Rewind.
func (s *Seat) Saw(named, seen uint32) { s.saw.Store(uint64(named)<<32 | uint64(seen)) }

// Command hands in the player's command for a tick.
func (s *Seat) Command(tick uint32, input uint8, payload []byte) error {
	return s.input(itemCommand, tick, input, payload, true)
}

// Event hands in an event; seq is the client's count of them.
func (s *Seat) Event(seq uint32, input uint8, payload []byte) error {
	return s.input(itemEvent, seq, input, payload, false)
}

func (s *Seat) input(kind itemKind, number uint32, input uint8, payload []byte, command bool) error {
	inputs := s.run.def.inputs
	if int(input) >= len(inputs) || inputs[input].Command != command {
		s.run.stats.InputsRefused.Add(1)
		return schema.Errorf(schema.CodeBadInput, "room kind %s has no such input %d", s.run.def.name, input)
	}
	if len(payload) > maxInputLength {
		s.run.stats.InputsRefused.Add(1)
		return schema.Errorf(schema.CodeBadInput, "%s has %d bytes, it may have %d", inputs[input].Name, len(payload), maxInputLength)
	}
	it := item{kind: kind, from: s, place: s.place, input: input, number: number}
	if saw := s.saw.Load(); command && uint32(saw>>32) == number {
		it.seen = uint32(saw)
	}
	if s.run.inbox.pushInput(it, payload) {
		return nil
	}
	s.run.stats.InputsDropped.Add(1)
	if command {
		return nil // the next one is on its way
	}
	return schema.Errorf(schema.CodeRateLimited, "%s was dropped: too many inputs in one tick", inputs[input].Name)
}

// Leave says that the player asked to leave. Of Leave and Lost the first call counts.
func (s *Seat) Leave() { s.end(itemLeave) }

// Lost says that the connection ended: the place is held for the grace period.
// Calling it for a seat that never entered frees the place.
func (s *Seat) Lost() { s.end(itemLost) }

func (s *Seat) end(kind itemKind) {
	if s.run.depart(s, kind) {
		s.run.wake()
	}
}

// newToken makes a 128-bit secret.
func newToken() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func sameToken(a, b string) bool {
	return a != "" && b != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// allowance is a token bucket that counts in ticks.
type allowance struct {
	tokens float32
	at     uint32
}

// take reports whether one more event at tick now is within rate a second.
func (a *allowance) take(now uint32, hz, rate int) bool {
	most := float32(2 * rate)
	if a.at == 0 {
		a.tokens = most
	}
	a.tokens = min(most, a.tokens+float32(now-a.at)*float32(rate)/float32(hz))
	a.at = now
	if a.tokens < 1 {
		return false
	}
	a.tokens--
	return true
}
