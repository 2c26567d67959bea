package client

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Member is one connection in a presence room or on a board. A user with two
// connections is two members.
type Member[T any] struct {
	Number uint32 // of this connection, never given to another
	User   string
	Group  string // as whose member it is seen; empty: by everyone
	State  T
}

// held is a member as the server has sent it.
type held struct {
	user, group string
	row         value.Row
}

// Presence is who is in a room and what each shows: a T, whose fields are found
// by name among those of the room's state. It may have fewer. Its rules are
// numbered in docs/presence.md. Its methods may be called from any goroutine;
// callbacks run one at a time and must not wait.
type Presence[T any] struct {
	*seat

	// The seat's mu guards what follows.
	descriptor *wire.Descriptor // nil until the room has opened
	hash       uint64           // of it, in a presence room
	plain      *value.Codec[T]  // not bound to a descriptor
	codec      *value.Codec[T]  // bound to descriptor.State
	members    map[uint32]held
	show       show[T]
	requests   uint32 // the last request number used
	out        outgoing
	casts      []castReader

	onChange callbacks[func(members []uint32)]
	onGroup  callbacks[func(group string, in bool)]
}

// OpenPresence enters the presence room "kind/name" and shows first. It returns
// when the server has let this client in; when the server refuses, the error
// wraps a *schema.Error. What is shown is shown again after each reconnection.
//
// Of first those fields are shown that are not zero: others are what the room
// gives them, until Show or Update changes them.
func OpenPresence[T any](ctx context.Context, c *Client, room string, first T) (*Presence[T], error) {
	p, err := newPresence(newSeat(c, room), first)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", room, err)
	}
	if err := p.enterAs(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

// newPresence is the presence of a room at a seat.
func newPresence[T any](s *seat, first T) (*Presence[T], error) {
	codec, _, err := value.BindArgs[T]()
	if err != nil {
		return nil, fmt.Errorf("describe what is shown: %w", err)
	}
	p := &Presence[T]{seat: s, plain: codec, members: make(map[uint32]held)}
	p.show.mine = first
	return p, nil
}

// Me is this connection as the server shows it to others; ok is false until it
// does.
func (p *Presence[T]) Me() (me Member[T], ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read(p.member)
}

// Members are the others whom this client is shown, in the order of their
// numbers.
func (p *Presence[T]) Members() []Member[T] {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Member[T], 0, len(p.members))
	for number := range p.members {
		if number != p.member {
			if m, ok := p.read(number); ok {
				list = append(list, m)
			}
		}
	}
	slices.SortFunc(list, func(a, b Member[T]) int { return cmp.Compare(a.Number, b.Number) })
	return list
}

// Member is the one with the number, which may be this connection.
func (p *Presence[T]) Member(number uint32) (m Member[T], ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.read(number)
}

// read decodes a member; mu is held.
func (p *Presence[T]) read(number uint32) (m Member[T], ok bool) {
	h, ok := p.members[number]
	if !ok {
		return m, false
	}
	m.Number, m.User, m.Group = number, h.user, h.group
	return m, p.codec.Decode(h.row, &m.State) == nil // else JSON that T does not hold
}

// OnChange registers f, called with the numbers of members that came, changed
// or left: this connection's may be among them.
func (p *Presence[T]) OnChange(f func(members []uint32)) (cancel func()) { return p.onChange.add(f) }

// OnGroup registers f, called when this connection is in a private group, or no
// longer.
func (p *Presence[T]) OnGroup(f func(group string, in bool)) (cancel func()) { return p.onGroup.add(f) }

// use takes on a descriptor, which the room has now; mu is held.
func (p *Presence[T]) use(d *wire.Descriptor) error {
	codec, err := p.plain.BindTo(&d.State)
	if err != nil {
		return err
	}
	if p.descriptor != nil {
		p.show.raw = nil // a row of other fields
	}
	p.descriptor, p.codec = d, codec
	for _, cast := range p.casts {
		if err := cast.bind(d); err != nil {
			return err
		}
	}
	return nil
}

// asks implements seated.
func (p *Presence[T]) asks(info *schema.OpenInfo) { info.SchemaHash = p.hash }

// entered implements seated.
func (p *Presence[T]) entered(m *fb.Opened) error {
	if text := m.SchemaBytes(); len(text) > 0 {
		d, err := wire.Parse(text)
		if err != nil {
			return err
		}
		if err := p.use(d); err != nil {
			return err
		}
		p.hash = m.SchemaHash()
	} else if p.descriptor == nil || p.hash != m.SchemaHash() {
		return fmt.Errorf("the server names schema %016x, which this client has not got", m.SchemaHash())
	}
	p.begin()
	p.isOpen()
	return nil
}

// begin shows all again, to a room that knows nothing; mu is held.
func (p *Presence[T]) begin() {
	p.show.begin(p.descriptor, p.hz)
	p.out.again()
}

// received implements seated.
func (p *Presence[T]) received(head schema.Header, body []byte) error {
	switch head.Kind {
	case schema.KindCrowd:
		return p.crowd(fb.GetRootAsCrowd(body, 0).PayloadBytes(), head.Flags&schema.FlagWhole != 0)
	case schema.KindCasted:
		return p.casted(fb.GetRootAsCasted(body, 0))
	}
	return nil // a newer server's
}

// crowd takes a Crowd; mu is held.
func (p *Presence[T]) crowd(payload []byte, whole bool) error {
	var changed []uint32
	told := p.onChange.some()
	if whole {
		if told {
			for number := range p.members {
				changed = append(changed, number)
			}
		}
		clear(p.members)
		p.out.leaveAll()
	}
	r := wire.ReadCrowd(&p.descriptor.State, payload)
	var e wire.Entry
	for r.Next(&e) {
		switch e.Op {
		case wire.Enter:
			p.members[e.Member] = held{string(e.User), string(e.Group), slices.Clone(e.Row)}
		case wire.Change:
			h, ok := p.members[e.Member]
			if !ok {
				return fmt.Errorf("a change of member %d, whom the server has not shown", e.Member)
			}
			h.row = p.descriptor.State.ApplyPatch(h.row, e.Patch)
			p.members[e.Member] = h
		case wire.Leave:
			delete(p.members, e.Member)
		case wire.GroupEnter, wire.GroupLeave:
			p.inGroup(string(e.Group), e.Op == wire.GroupEnter)
			continue
		}
		if told {
			changed = append(changed, e.Member)
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	if whole {
		_, shown := p.members[p.member]
		p.show.met(shown)
	}
	p.tellChange(changed)
	return nil
}

// tellChange makes the callbacks about members due; mu is held.
func (p *Presence[T]) tellChange(changed []uint32) {
	slices.Sort(changed)
	if changed = slices.Compact(changed); len(changed) == 0 {
		return
	}
	p.notify(func() {
		for f := range p.onChange.all() {
			f(changed)
		}
	})
}

// refusal implements seated.
func (p *Presence[T]) refusal(e *schema.Error) {
	switch {
	case e.Request != 0:
		p.out.refused(e.Request)
	case e.Code == schema.CodeRateLimited:
		p.show.again(time.Now().Add(retryShow))
	default:
		p.show.full = true // the server has not got what was sent
	}
}

// lost implements seated.
func (p *Presence[T]) lost() {
	var gone []uint32
	if p.onChange.some() {
		for number := range p.members {
			gone = append(gone, number)
		}
	}
	clear(p.members)
	p.show.stop()
	p.out.lost()
	p.tellChange(gone)
}

// over implements seated.
func (p *Presence[T]) over() { p.show.stop() }

// sendDue implements seated.
func (p *Presence[T]) sendDue(handle uint16) {
	p.mu.Lock()
	due := p.take(time.Now())
	p.mu.Unlock()
	for _, m := range due {
		if p.c.send.record(m.kind, handle, m.build) != nil {
			return // the connection is lost: all is shown again on the next
		}
	}
}

// message is one that is to be sent.
type message struct {
	kind  schema.Kind
	build func(*schema.Builder) []byte
}

// take is what is to be sent now; mu is held.
func (p *Presence[T]) take(now time.Time) []message {
	due := p.out.take()
	if m, ok := p.show.take(p.codec, now); ok {
		due = append(due, m)
	}
	if len(due) > 0 {
		p.show.said = now
	}
	p.show.wake(now, p.seat)
	return due
}
