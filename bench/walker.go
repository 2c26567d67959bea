//go:build linux

package main

import (
	"fmt"

	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
)

const (
	sampleEvery = 50 // of so many clients one decodes every frame and checks its hashes
	turnEvery   = 20 // beats after which a player takes another way
	maxLead     = 2  // ticks beyond the last received that a command may name
	fallBack    = 20 // beats with that lead after which one is left out
)

// meeting is the room that some clients share, known once the first is in it.
type meeting struct{ id string }

// walker is a client that speaks Parlor's protocol, as far as the workload
// needs it. Each beat it sends a command for the tick after the one that it
// named last, in step with the ticks it receives.
type walker struct {
	room    *meeting
	creates bool
	sampled bool
	idle    bool
	lobby   bool

	handle uint16
	tick   uint32 // of the last frame
	named  uint32 // by the last command
	beats  int
	ahead  int    // beats since a command named the tick after the last received
	walk   []byte // the payload of a command
	ways   [][]byte
	sent   flight
	mirror *state.Mirror
	lost   bool // the mirror is wrong and counted
}

func newWalker(l *load, room *meeting, creates, sampled bool) *walker {
	return &walker{room: room, creates: creates, sampled: sampled, idle: l.plan.Idle, lobby: l.plan.Lobby, ways: ways()}
}

// ways are the payloads of the four ways that move a walker on both axes.
func ways() (all [][]byte) {
	record, err := state.RecordOf[walkers.Walk]()
	if err != nil {
		panic("bench: walkers.Walk cannot be sent: " + err.Error())
	}
	for _, w := range []walkers.Walk{{DX: -1, DY: -1}, {DX: -1, DY: 1}, {DX: 1, DY: -1}, {DX: 1, DY: 1}} {
		all = append(all, record.Append(nil, &w))
	}
	return all
}

func (w *walker) opened(c *client) {
	c.say(schema.Header{Kind: schema.KindHello}, c.load.build.Hello(schema.HelloInfo{Client: "bench"}))
}

func (w *walker) start(*client) {}

// say sends a message of the protocol, reliably.
func (c *client) say(head schema.Header, body []byte) {
	s, ok := c.link.(*udpSession)
	if !ok {
		c.hint(head, body)
		return
	}
	var space [maxSend]byte
	if !s.sendReliably(append(head.Append(space[:0]), body...)) {
		c.load.fail("the server takes no more")
	}
}

// hint sends a message that may be lost where that is possible.
func (c *client) hint(head schema.Header, body []byte) {
	var space [maxSend]byte
	c.tell(append(head.Append(space[:0]), body...))
}

// step chooses the walk and the tick of the next command. Once a frame was late
// a client is a tick further ahead than it must be, and its commands wait at
// the server; as a client's clock does, it then falls back after a while: ok is
// false when this beat has no command.
func (w *walker) step(c *client) (ok bool) {
	if w.beats%turnEvery == 0 {
		w.walk = w.ways[c.load.rand.IntN(len(w.ways))]
	}
	w.beats++
	next := min(max(w.named, w.tick)+1, w.tick+maxLead)
	if w.ahead++; next < w.tick+maxLead {
		w.ahead = 0
	}
	if w.ahead > fallBack {
		w.ahead = 0
		return false
	}
	w.named = next
	return true
}

func (w *walker) beat(c *client) {
	if !w.step(c) {
		return
	}
	w.sent.push(w.named, c.load.at())
	c.say(schema.Header{Kind: schema.KindCommand, Handle: w.handle, Ack: w.tick}, c.load.build.Command(w.named, 0, w.walk))
}

func (w *walker) message(c *client, m []byte) {
	head, body, err := schema.ParseHeader(m)
	if err != nil {
		c.die(err.Error())
		return
	}
	if head.Kind == schema.KindState {
		w.frame(c, head, body)
		return
	}
	w.other(c, head, body)
}

// other takes what is no frame.
func (w *walker) other(c *client, head schema.Header, body []byte) {
	switch head.Kind {
	case schema.KindPing:
		w.pong(c, body)
	case schema.KindWelcome:
		w.welcome(c)
	case schema.KindJoined:
		w.joined(c, head, body)
	case schema.KindError:
		e := fb.GetRootAsError(body, 0)
		c.load.fail(fmt.Sprintf("the server answers %v: %s", schema.Code(e.Code()), e.Message()))
	case schema.KindLeft, schema.KindClose:
		c.load.fail("the server ended a client's stay: " + head.Kind.String())
	}
}

func (w *walker) welcome(c *client) {
	switch {
	case w.lobby:
		c.isReady()
		return
	case w.creates:
		c.say(schema.Header{Kind: schema.KindJoin}, c.load.build.Join(schema.JoinInfo{Request: 1, Mode: schema.JoinCreate, Kind: kindWalkers}))
	default:
		c.say(schema.Header{Kind: schema.KindJoin}, c.load.build.Join(schema.JoinInfo{Request: 1, Mode: schema.JoinByID, Room: w.room.id}))
	}
}

func (w *walker) joined(c *client, head schema.Header, body []byte) {
	m := fb.GetRootAsJoined(body, 0)
	w.handle = head.Handle
	w.tick = m.Tick()
	w.room.id = string(m.Room())
	if w.sampled {
		described, err := schema.ReadSchema(m.Schema(nil))
		if err != nil {
			c.die(err.Error())
			return
		}
		w.mirror = state.NewMirror(described)
	}
	c.isReady()
}

// frame follows the ticks and the acknowledgements; a sampled client decodes
// everything.
func (w *walker) frame(c *client, head schema.Header, body []byte) {
	m := fb.GetRootAsState(body, 0)
	if w.mirror != nil {
		w.decode(c, head, m, body)
	}
	l := c.load
	w.tick = m.Tick()
	c.seen.frame(w.tick, l.now)
	w.sent.landed(head.Ack, l.now, &l.delays)
}

func (w *walker) decode(c *client, head schema.Header, m *fb.State, body []byte) {
	l := c.load
	keyframe := head.Flags&schema.FlagKeyframe != 0
	err := schema.Verify(head.Kind, body)
	if err == nil && !keyframe && m.Tick()-m.Age() != w.tick {
		err = fmt.Errorf("a frame from tick %d for a client at tick %d", m.Tick()-m.Age(), w.tick)
	}
	if err == nil {
		err = w.mirror.ApplyFrame(m.PayloadBytes(), keyframe)
	}
	if err == nil {
		if hash, ok := w.mirror.LastFrameHash(); ok {
			l.checked++
			if got := w.mirror.Hash(); got != hash {
				err = fmt.Errorf("tick %d: the hash is %v, the server says %v", m.Tick(), got, hash)
			}
		}
	}
	if err == nil {
		w.lost = w.lost && !keyframe
	}
	w.broken(c, err)
}

// broken counts a mirror that is wrong, once until the next keyframe.
func (w *walker) broken(c *client, err error) {
	if err != nil && !w.lost {
		w.lost = true
		c.load.desyncs++
		c.load.fail("desync: " + err.Error())
	}
}

func (w *walker) pong(c *client, body []byte) {
	m := fb.GetRootAsPing(body, 0)
	pong := schema.PongInfo{ID: m.Id(), Time: m.Time()}
	if w.handle != 0 {
		pong.Applied = append(pong.Applied, schema.Applied{Handle: w.handle, Tick: w.tick})
	}
	c.hint(schema.Header{Kind: schema.KindPong}, c.load.build.Pong(pong))
}
