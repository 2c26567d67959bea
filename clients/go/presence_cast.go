package client

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// ErrTooMuch is returned by sends that find the network full: nothing was sent.
var ErrTooMuch = errors.New("too much waits for the network: send less, or later")

// maxCasts is how many casts and requests about groups may wait for the network.
const maxCasts = 256

// Rect is a part of the plane.
type Rect struct{ X, Y, Width, Height float32 }

// outgoing is what a member says beside its state. The seat's mu guards it.
type outgoing struct {
	waiting []message         // casts and groups, in order
	groups  []string          // that the program wants to be in
	in      map[string]bool   // groups that it is in, as the server says
	asked   map[uint32]string // groups to be entered, by request
	look    schema.LookInfo
	looks   bool // look is to be sent
}

// Look says what part of the plane the program draws, so that the server leaves
// out what is elsewhere; nil: everything.
func (p *Presence[T]) Look(part *Rect) {
	p.mu.Lock()
	l := schema.LookInfo{Follow: p.out.look.Follow}
	if part != nil {
		l.X, l.Y, l.Width, l.Height = part.X, part.Y, part.Width, part.Height
	}
	p.out.look, p.out.looks = l, true
	p.mu.Unlock()
	p.push()
}

// Follow asks for a member wherever it is; 0: nobody. Numbers do not outlive
// the followed connection, so nobody is followed after a reconnection.
func (p *Presence[T]) Follow(member uint32) {
	p.mu.Lock()
	p.out.look.Follow, p.out.looks = member, true
	p.mu.Unlock()
	p.push()
}

// EnterGroup enters a private group of the room, again after each reconnection;
// OnGroup is told when it has, OnRefused if it may not.
func (p *Presence[T]) EnterGroup(name string) error {
	return p.ask(name, false)
}

// LeaveGroup leaves it.
func (p *Presence[T]) LeaveGroup(name string) error {
	return p.ask(name, true)
}

// Groups are the private groups that this connection is in.
func (p *Presence[T]) Groups() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for name := range p.out.in {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (p *Presence[T]) ask(group string, leave bool) error {
	p.mu.Lock()
	defer p.push()
	defer p.mu.Unlock()
	o := &p.out
	if p.handle != 0 && len(o.waiting) >= maxCasts {
		return ErrTooMuch
	}
	o.groups = slices.DeleteFunc(o.groups, func(g string) bool { return g == group })
	if !leave {
		o.groups = append(o.groups, group)
	}
	if p.handle != 0 {
		p.requests++
		o.request(p.requests, group, leave)
	}
	return nil
}

// request makes a Group due.
func (o *outgoing) request(number uint32, group string, leave bool) {
	if !leave {
		if o.asked == nil {
			o.asked = make(map[uint32]string)
		}
		o.asked[number] = group
	}
	o.waiting = append(o.waiting, message{schema.KindGroup, func(b *schema.Builder) []byte { return b.Group(number, group, leave) }})
}

// again says all again, to a room that knows nothing.
func (o *outgoing) again() {
	groups := slices.Clone(o.groups)
	for i, group := range groups {
		o.request(uint32(i)+1<<31, group, false) // above the numbers of a stay
	}
	o.looks = o.look.Width > 0 && o.look.Height > 0
}

// lost forgets what was of the connection.
func (o *outgoing) lost() {
	o.waiting, o.in, o.asked, o.look.Follow, o.looks = nil, nil, nil, 0, false
}

// refused handles the refusal of a request about a group, or of a cast.
func (o *outgoing) refused(request uint32) {
	if group, ok := o.asked[request]; ok {
		delete(o.asked, request)
		o.groups = slices.DeleteFunc(o.groups, func(g string) bool { return g == group })
	}
}

// take is what is to be sent.
func (o *outgoing) take() []message {
	due := o.waiting
	o.waiting = nil
	if o.looks {
		o.looks = false
		look := o.look
		due = append(due, message{schema.KindLook, func(b *schema.Builder) []byte { return b.Look(look) }})
	}
	return due
}

// leaveAll forgets the groups, which a whole Crowd lists again.
func (o *outgoing) leaveAll() { clear(o.in) }

// inGroup notes what the server says of a group; mu is held.
func (p *Presence[T]) inGroup(group string, in bool) {
	o := &p.out
	if in {
		if o.in == nil {
			o.in = make(map[string]bool)
		}
		o.in[group] = true
		for request, name := range o.asked {
			if name == group {
				delete(o.asked, request)
			}
		}
	} else {
		delete(o.in, group)
		o.groups = slices.DeleteFunc(o.groups, func(g string) bool { return g == group })
	}
	p.notify(func() {
		for f := range p.onGroup.all() {
			f(group, in)
		}
	})
}

// Cast is a kind of message in a presence room that is no state: an emote, a
// ping. M is found among the room's casts by the name of its type. Its methods
// may be called from any goroutine.
type Cast[M any] struct {
	name  string
	plain *value.Codec[M]
	codec *value.Codec[M] // bound to the room's; the seat's mu guards it
	at    *seat
	queue func(schema.CastInfo) error
	on    callbacks[func(Casted[M])]
}

// Casted is one that has arrived. The sender's own comes back to it, but for
// those to one member.
type Casted[M any] struct {
	From  uint32 // the member; 0: the server
	Group string // in which it was said; empty: to everyone
	Data  M
}

// castReader is a Cast of whatever type. Both methods are called with the seat's
// mu held.
type castReader interface {
	bind(*wire.Descriptor) error
	arrived(*fb.Casted) error
}

// CastOf is the room's cast that has the name of M. The error says that the room
// has none, or which field differs.
func CastOf[M, T any](p *Presence[T]) (*Cast[M], error) {
	codec, described, err := value.BindArgs[M]()
	if err != nil {
		return nil, fmt.Errorf("describe the cast: %w", err)
	}
	c := &Cast[M]{name: described.Name, plain: codec, at: p.seat, queue: p.cast}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := c.bind(p.descriptor); err != nil {
		return nil, err
	}
	p.casts = append(p.casts, c)
	return c, nil
}

// Send sends m to everyone in the room. What is sent while the connection is
// lost fails with ErrDisconnected; OnRefused is told what the server refuses.
func (c *Cast[M]) Send(m M) error { return c.send(m, "", 0) }

// SendIn sends m to a group that this connection is in.
func (c *Cast[M]) SendIn(group string, m M) error { return c.send(m, group, 0) }

// SendTo sends m to one member.
func (c *Cast[M]) SendTo(member uint32, m M) error { return c.send(m, "", member) }

// On registers f, called for each that arrives.
func (c *Cast[M]) On(f func(Casted[M])) (cancel func()) { return c.on.add(f) }

func (c *Cast[M]) send(m M, group string, to uint32) error {
	c.at.mu.Lock()
	codec := c.codec
	c.at.mu.Unlock()
	row, err := codec.Encode(&m, value.Meta{})
	if err != nil {
		return err
	}
	return c.queue(schema.CastInfo{Name: c.name, Data: row, Group: group, To: to})
}

// cast sends one.
func (p *Presence[T]) cast(info schema.CastInfo) error {
	p.mu.Lock()
	defer p.push()
	defer p.mu.Unlock()
	switch {
	case p.ended != nil:
		return p.ended
	case p.handle == 0:
		return ErrDisconnected
	case len(p.out.waiting) >= maxCasts:
		return ErrTooMuch
	}
	p.requests++
	info.Request = p.requests
	p.out.waiting = append(p.out.waiting, message{schema.KindCast, func(b *schema.Builder) []byte { return b.Cast(info) }})
	return nil
}

// casted hands a cast on; mu is held.
func (p *Presence[T]) casted(m *fb.Casted) error {
	for _, c := range p.casts {
		if err := c.arrived(m); err != nil {
			return err
		}
	}
	return nil
}

// bind implements castReader.
func (c *Cast[M]) bind(d *wire.Descriptor) error {
	target := d.Cast(c.name)
	if target == nil {
		return fmt.Errorf("%s has no cast %q", c.at.name, c.name)
	}
	codec, err := c.plain.BindTo(target)
	if err != nil {
		return err
	}
	c.codec = codec
	return nil
}

// arrived implements castReader.
func (c *Cast[M]) arrived(m *fb.Casted) error {
	if string(m.Name()) != c.name {
		return nil
	}
	row := value.Row(slices.Clone(m.DataBytes()))
	if err := c.codec.Collection().CheckRow(row); err != nil {
		return err
	}
	a := Casted[M]{From: m.From(), Group: string(m.Group())}
	if err := c.codec.Decode(row, &a.Data); err != nil {
		return err
	}
	c.at.notify(func() {
		for f := range c.on.all() {
			f(a)
		}
	})
	return nil
}
