package rooms

import (
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// link is how a farClient's packets fare. The reliable lane loses nothing.
type link struct {
	loss, dup float64
	delay     int // ticks one way
	jitter    int // more of them for datagrams, at most
	size      int // of a datagram
}

// packet is a message on its way, to arrive after tick due.
type packet struct {
	due  tick.Tick
	head schema.Header
	body []byte
}

// acknowledgement is what a client says that it has, on its way to the server.
type acknowledgement struct {
	due     tick.Tick
	applied tick.Tick
	held    uint16
}

// farClient is the Conn of a client behind a bad link. It decodes all it gets
// and compares it with what the server had.
type farClient struct {
	rig  *farRig
	link link
	rand *rand.Rand
	seat *Seat

	reliable, datagrams []packet
	acks                []acknowledgement
	blocked, budgetless bool // frames on the reliable lane, datagrams are refused
	mute                bool // it says nothing
	cut                 bool // no datagram arrives

	mirror  *state.Mirror
	waiting []packet  // messages of ticks that were not applied yet
	shown   tick.Tick // the newest tick that was applied completely
	told    tick.Tick // what Applied says
	base    uint32    // what Base says
	sent    tick.Tick

	keys, sures, wholes, split, lossy, chained int // frames of each kind that arrived
	sentLossy                                  int // frames that were sent
	events, owners                             []tick.Tick
	timings                                    []fb.Timing
	ack                                        uint32
	closed                                     schema.Code
}

func (c *farClient) Frame(head schema.Header, body []byte) bool {
	if c.blocked {
		return false
	}
	c.sent = tick.Tick(fb.GetRootAsState(body, 0).Tick())
	c.Message(head, body)
	return true
}

func (c *farClient) Message(head schema.Header, body []byte) {
	if err := schema.Verify(head.Kind, body); err != nil {
		c.rig.t.Error(err)
	}
	c.reliable = append(c.reliable, packet{c.rig.run.room.now + tick.Tick(c.link.delay), head, append([]byte(nil), body...)})
}

func (c *farClient) Datagram(head schema.Header, body []byte) bool {
	if err := schema.Verify(head.Kind, body); err != nil {
		c.rig.t.Error(err)
	}
	if len(body) > c.link.size {
		c.rig.t.Errorf("a datagram has %d bytes, it may have %d", len(body), c.link.size)
	}
	if c.budgetless {
		return false
	}
	if head.Kind == schema.KindState {
		m := fb.GetRootAsState(body, 0)
		c.sent = tick.Tick(m.Tick())
		if m.Part() == 0 {
			c.sentLossy++
		}
	}
	for c.link.loss == 0 || c.rand.Float64() >= c.link.loss {
		if !c.cut {
			due := c.rig.run.room.now + tick.Tick(c.link.delay+c.rand.IntN(c.link.jitter+1))
			c.datagrams = append(c.datagrams, packet{due, head, append([]byte(nil), body...)})
		}
		if c.rand.Float64() >= c.link.dup {
			break
		}
	}
	return true
}

func (c *farClient) DatagramSize() int                { return c.link.size }
func (c *farClient) Applied() uint32                  { return uint32(c.told) }
func (c *farClient) Base() uint32                     { return c.base }
func (c *farClient) Flush()                           {}
func (c *farClient) Done()                            {}
func (c *farClient) Close(code schema.Code, _ string) { c.closed = code }
func (c *farClient) RTT() time.Duration {
	return time.Duration(2*c.link.delay) * c.rig.run.def.hz.Period()
}

// receive takes in what has arrived by tick now, and acknowledges.
func (c *farClient) receive(now tick.Tick) {
	for len(c.reliable) > 0 && c.reliable[0].due <= now {
		c.take(c.reliable[0])
		c.reliable = c.reliable[1:]
	}
	late := c.datagrams[:0]
	for _, p := range c.datagrams {
		if p.due > now {
			late = append(late, p)
			continue
		}
		c.take(p)
	}
	c.datagrams = late
	if c.mirror == nil || c.mute || c.rand.Float64() < c.link.loss {
		return
	}
	applied, held := c.mirror.Held()
	if c.rig.run.def.reliable {
		applied = c.shown
	}
	due := now + tick.Tick(c.link.delay+c.rand.IntN(c.link.jitter+1))
	c.acks = append(c.acks, acknowledgement{due, applied, held})
}

func (c *farClient) take(p packet) {
	t := c.rig.t
	switch p.head.Kind {
	case schema.KindJoined:
		described, err := schema.ReadSchema(fb.GetRootAsJoined(p.body, 0).Schema(nil))
		if err != nil {
			t.Fatal(err)
		}
		c.mirror = state.NewMirror(described)
	case schema.KindState:
		c.takeState(p)
	case schema.KindTiming:
		c.timings = append(c.timings, *fb.GetRootAsTiming(p.body, 0))
	case schema.KindOwner, schema.KindEvents, schema.KindMessage:
		c.waiting = append(c.waiting, p)
	}
	for len(c.waiting) > 0 && c.tickOf(c.waiting[0]) <= c.shown {
		c.show(c.waiting[0])
		c.waiting = c.waiting[1:]
	}
}

// tickOf is the tick of a message that waits for its frame.
func (c *farClient) tickOf(p packet) tick.Tick {
	switch p.head.Kind {
	case schema.KindState:
		return tick.Tick(fb.GetRootAsState(p.body, 0).Tick())
	case schema.KindOwner:
		return tick.Tick(fb.GetRootAsOwner(p.body, 0).Tick())
	case schema.KindEvents:
		return tick.Tick(fb.GetRootAsEvents(p.body, 0).Tick())
	}
	return tick.Tick(fb.GetRootAsMessage(p.body, 0).Tick())
}

func (c *farClient) takeState(p packet) {
	t, m := c.rig.t, fb.GetRootAsState(p.body, 0)
	at, payload := tick.Tick(m.Tick()), m.PayloadBytes()
	c.ack = max(c.ack, p.head.Ack)
	switch {
	case p.head.Flags == schema.FlagKeyframe:
		if err := c.mirror.ApplyFrame(payload, true); err != nil {
			t.Fatal(err)
		}
		c.mirror.Keep(at)
		c.waiting = slices.DeleteFunc(c.waiting, func(p packet) bool { return p.head.Kind == schema.KindState })
		c.keys++
		c.compare(at, state.AllTables)
	case p.head.Flags == schema.FlagReliable:
		c.waiting = append(c.waiting, p)
	case p.head.Flags == schema.FlagLossy:
		part := state.Part{Tick: at, Base: at - tick.Tick(m.Age()), Part: int(m.Part()), Parts: int(m.Parts()), Payload: payload}
		complete, err := c.mirror.ApplyPart(part)
		if err != nil && !errors.Is(err, state.ErrOld) && !errors.Is(err, state.ErrNotHeld) {
			t.Fatalf("tick %d, part %d of %d from %d: %v", at, part.Part, part.Parts, part.Base, err)
		}
		if len(p.body) > c.link.size {
			c.wholes++
		}
		c.split = max(c.split, part.Parts)
		if complete {
			c.lossy++
			c.compare(at, state.LossyTables)
		}
	case c.rig.run.def.reliable:
		if err := c.mirror.ApplyFrame(payload, false); err != nil {
			t.Fatal(err)
		}
		c.chained++
		c.compare(at, state.AllTables)
	default:
		t.Fatalf("a frame with flags %d on a lossy connection", p.head.Flags)
	}
}

// compare checks that the client holds what the server had after a tick.
func (c *farClient) compare(at tick.Tick, tables state.Tables) {
	if tables != state.ReliableTables {
		c.shown = at
	}
	if got, want := c.mirror.HashOf(tables), c.rig.hashes[at][tables]; got != want {
		c.rig.t.Fatalf("tables %d of tick %d have hash %v, the server had %v", tables, at, got, want)
	}
}

// show takes in a message whose tick has been applied: what an event names
// must be there.
func (c *farClient) show(p packet) {
	t := c.rig.t
	switch p.head.Kind {
	case schema.KindState:
		m := fb.GetRootAsState(p.body, 0)
		if err := c.mirror.ApplyReliable(m.PayloadBytes()); err != nil {
			t.Fatal(err)
		}
		c.sures++
		c.compare(tick.Tick(m.Tick()), state.ReliableTables)
	case schema.KindOwner:
		m := fb.GetRootAsOwner(p.body, 0)
		if err := c.mirror.ApplyOwner(m.PayloadBytes()); err != nil {
			t.Fatal(err)
		}
		c.owners = append(c.owners, tick.Tick(m.Tick()))
	case schema.KindEvents:
		m := fb.GetRootAsEvents(p.body, 0)
		err := c.mirror.DecodeEvents(m.PayloadBytes(), func(_ int, cells []state.Cell) {
			id := cells[0].ID()
			if c.shown == tick.Tick(m.Tick()) && !c.mirror.TableNamed("Movers").Has(id) {
				t.Errorf("tick %d tells of %v, which is not there", m.Tick(), id)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		c.events = append(c.events, tick.Tick(m.Tick()))
	}
}

// hear gives the server the acknowledgements that have arrived, as a session does.
func (c *farClient) hear(now tick.Tick) {
	late := c.acks[:0]
	for _, a := range c.acks {
		switch {
		case a.due > now:
			late = append(late, a)
		case c.rand.Float64() < c.link.loss:
		case a.applied == 0:
			c.told, c.base = 0, 0
		case a.applied >= c.told && a.applied <= c.sent:
			c.told = a.applied
			for i := range uint32(16) {
				if base := uint32(a.applied)&^3 - 4*i; a.held>>i&1 != 0 {
					c.base = base
					break
				}
			}
		}
	}
	c.acks = late
}
