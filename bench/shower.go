//go:build linux

package main

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// shower is a connection in a presence room that moves a cursor at every beat.
// The cursor's first coordinate is the time, so that whoever sees it knows how
// old it is.
type shower struct {
	room    string
	sampled bool
	x, y    int // fields of the state; their names differ from room to room

	handle uint16
	member uint32
	crowd  *wire.Descriptor
	held   map[uint32]bool // of a sampled one: whom it has been told of
}

func (s *shower) opened(c *client) { hello(c) }
func (s *shower) start(*client)    {}

// hello begins a session.
func hello(c *client) {
	c.say(schema.Header{Kind: schema.KindHello}, c.load.build.Hello(schema.HelloInfo{Client: "bench"}))
}

// stamp is a moment as a coordinate: milliseconds, exact to about 0.01.
func (l *load) stamp(at instant) float32 { return float32(float64(at) / 1e6) }

func (s *shower) beat(c *client) {
	l := c.load
	patch, err := s.crowd.State.MakePatch(
		value.Change{Field: s.x, Value: value.OfFloat(float64(l.stamp(l.at())))},
		value.Change{Field: s.y, Value: value.OfFloat(float64(float32(l.rand.Float64() * 1000)))},
	)
	if err != nil {
		c.die(err.Error())
		return
	}
	c.say(schema.Header{Kind: schema.KindShow, Handle: s.handle}, l.build.Show(patch, ""))
}

func (s *shower) message(c *client, m []byte) {
	head, body, err := schema.ParseHeader(m)
	if err != nil {
		c.die(err.Error())
		return
	}
	switch head.Kind {
	case schema.KindWelcome:
		c.say(schema.Header{Kind: schema.KindOpen}, c.load.build.Open(schema.OpenInfo{Request: 1, Room: s.room}))
	case schema.KindOpened:
		if s.enter(c, head, fb.GetRootAsOpened(body, 0)) {
			c.isReady()
		}
	case schema.KindCrowd:
		s.see(c, head, body)
	default:
		common(c, head, body)
	}
}

// common answers what any client answers.
func common(c *client, head schema.Header, body []byte) {
	switch head.Kind {
	case schema.KindPing:
		m := fb.GetRootAsPing(body, 0)
		c.hint(schema.Header{Kind: schema.KindPong}, c.load.build.Pong(schema.PongInfo{ID: m.Id(), Time: m.Time()}))
	case schema.KindError:
		e := fb.GetRootAsError(body, 0)
		c.load.fail(fmt.Sprintf("the server answers %v: %s", schema.Code(e.Code()), e.Message()))
	case schema.KindLeft, schema.KindClose:
		c.load.fail("the server ended a client's stay: " + head.Kind.String())
	}
}

// enter reads who this is and what is shown here.
func (s *shower) enter(c *client, head schema.Header, m *fb.Opened) bool {
	d, err := wire.Parse(m.SchemaBytes())
	if err != nil {
		c.die(err.Error())
		return false
	}
	return s.know(c, head, m, d)
}

func (s *shower) know(c *client, head schema.Header, m *fb.Opened, d *wire.Descriptor) bool {
	s.handle, s.member, s.crowd, s.held = head.Handle, m.Member(), d, make(map[uint32]bool)
	if s.x, s.y = d.State.Field("X"), d.State.Field("Y"); s.x < 0 {
		s.x, s.y = d.State.Field("x"), d.State.Field("y")
	}
	if s.x < 0 || s.y < 0 {
		c.die("the room's state has no X and Y")
		return false
	}
	return true
}

// see takes a Crowd. A sampled client reads all of it, checks that it is told of
// members in order, and how old their cursors are.
func (s *shower) see(c *client, head schema.Header, body []byte) {
	l := c.load
	c.seen.frame(c.seen.next(), l.now)
	if !s.sampled {
		return
	}
	if err := schema.Verify(head.Kind, body); err != nil {
		c.die(err.Error())
		return
	}
	if head.Flags&schema.FlagWhole != 0 {
		clear(s.held)
	}
	r := wire.ReadCrowd(&s.crowd.State, fb.GetRootAsCrowd(body, 0).PayloadBytes())
	var e wire.Entry
	for r.Next(&e) {
		switch e.Op {
		case wire.Enter:
			s.held[e.Member] = true
		case wire.Leave:
			delete(s.held, e.Member)
		case wire.Change:
			if !s.held[e.Member] {
				l.desyncs++
				l.fail("a member changed who is not there")
			}
			if v, ok := s.crowd.State.PatchValue(e.Patch, s.x); ok && e.Member != s.member {
				l.checked++
				l.delays.add(time.Duration(float64(l.now) - float64(v.Float())*1e6))
			}
		}
	}
	if err := r.Err(); err != nil {
		l.desyncs++
		l.fail(err.Error())
	}
}
