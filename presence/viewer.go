package presence

import (
	"slices"

	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// viewer is what a connection is to see, and what it holds of it.
//
// A viewer without a viewport holds the samples of its channels as of base, and
// in held the members beyond them that it sees anyway: itself, and whom it
// follows. A viewer with a viewport has all that it holds in held.
type viewer struct {
	base   uint64 // the tick of what it holds
	whole  bool   // it holds nothing of worth: the next Crowd is whole
	groups []membership
	notes  []note // about groups, for the next Crowd
	held   []*member

	looking      bool // it has a viewport
	inner, outer rect // to come into it, and to leave it
	follow       uint32
}

// membership is a viewer's place in a private group.
type membership struct {
	channel *channel
	fresh   bool // the viewer holds nothing of it yet
	waits   bool // it did not fit in the Crowd in the making
}

// note is an entry about a group.
type note struct {
	op    wire.Op
	group string
}

// mostNotes is how many notes wait for a viewer; instead of more it gets a
// whole Crowd.
const mostNotes = 16

func (w *viewer) note(op wire.Op, group string) {
	if len(w.notes) == mostNotes {
		w.notes, w.whole = w.notes[:0], true
	}
	if !w.whole {
		w.notes = append(w.notes, note{op, group})
	}
}

// in finds the viewer's membership, or nil.
func (w *viewer) in(c *channel) *membership {
	for i := range w.groups {
		if w.groups[i].channel == c {
			return &w.groups[i]
		}
	}
	return nil
}

// sees tells whether x is shown to the viewer, wherever it is.
func (m *Machine) sees(w *viewer, x *member) bool {
	return x.at == &m.all || x.at != nil && w.in(x.at) != nil
}

// serve sends one connection its Crowd, if there is something to say. HOT
func (m *Machine) serve(v *member, send func(conn uint32, head schema.Header, body []byte) bool) {
	w := &v.watching
	if w.base < m.all.floor {
		w.whole = true
	}
	for i := range w.groups {
		w.whole = w.whole || !w.groups[i].fresh && w.base < w.groups[i].channel.floor
	}
	m.scratch.holding = m.scratch.holding[:0]
	var body []byte
	if w.looking {
		body = m.look(v)
	} else {
		body = m.list(v)
	}
	if body != nil {
		head := schema.Header{Kind: schema.KindCrowd}
		if w.whole {
			head.Flags = schema.FlagWhole
		}
		if !send(v.conn, head, body) {
			m.work = true // once more at the next tick
			return
		}
	}
	for i := range w.groups {
		w.groups[i].fresh = w.groups[i].waits
	}
	w.base, w.whole, w.notes = m.tick, false, w.notes[:0]
	clear(w.held)
	w.held = append(w.held[:0], m.scratch.holding...)
}

// list makes the Crowd of a viewer without a viewport; nil if there is nothing
// to say. HOT
func (m *Machine) list(v *member) []byte {
	w := &v.watching
	base := w.from()
	public := m.all.part(m, base)
	if len(w.groups) == 0 && len(w.notes) == 0 {
		if m.scratch.extra = m.extras(m.scratch.extra[:0], v, base); len(m.scratch.extra) > 0 {
			return m.join(public, m.scratch.extra)
		}
		if public.empty() && !w.whole {
			return nil
		}
		return public.message(m)
	}
	p := append(m.greet(m.scratch.payload[:0], w), public.leaves...)
	size := len(p) + len(public.rest)
	for i := range w.groups {
		g := &w.groups[i]
		part := g.channel.part(m, g.from(base))
		g.waits = size+part.size() > maxFrame
		if g.waits && !g.fresh && !w.whole {
			w.whole = true
			m.scratch.payload, m.scratch.holding = p, m.scratch.holding[:0]
			return m.list(v)
		}
		if !g.waits {
			size += part.size()
			p = append(p, part.leaves...)
		}
	}
	p = append(p, public.rest...)
	for i := range w.groups {
		if g := &w.groups[i]; !g.waits {
			p = append(p, g.channel.part(m, g.from(base)).rest...)
		}
	}
	p = m.extras(p, v, base)
	m.scratch.payload = p
	if len(p) == 0 && !w.whole {
		return nil
	}
	return m.builder.Crowd(p)
}

// from is the tick of what the viewer can build on: 0 if on nothing.
func (w *viewer) from() uint64 {
	if w.whole {
		return 0
	}
	return w.base
}

func (g *membership) from(base uint64) uint64 {
	if g.fresh {
		return 0
	}
	return base
}

// greet appends what there is to say about groups.
func (m *Machine) greet(p []byte, w *viewer) []byte {
	if w.whole {
		for i := range w.groups {
			p = wire.AppendGroup(p, wire.GroupEnter, w.groups[i].channel.name)
		}
		return p
	}
	for _, n := range w.notes {
		p = wire.AppendGroup(p, n.op, n.group)
	}
	return p
}

// join makes a Crowd of a shared part and what one viewer alone gets.
func (m *Machine) join(public *part, extra []byte) []byte {
	p := append(append(m.scratch.payload[:0], public.leaves...), public.rest...)
	m.scratch.payload = append(p, extra...)
	return m.builder.Crowd(m.scratch.payload)
}

// extras appends entries for the members that the viewer sees beyond the
// samples, and for those that it saw so and sees no longer.
func (m *Machine) extras(p []byte, v *member, base uint64) []byte {
	w := &v.watching
	m.extra(v, v)
	if w.follow != 0 {
		if x := m.numbers[w.follow]; x != nil && x != v {
			m.extra(v, x)
		}
	}
	if !w.whole {
		for _, x := range w.held {
			if !slices.Contains(m.scratch.holding, x) && !m.covered(w, x) {
				p = wire.AppendLeave(p, x.number)
			}
		}
	}
	for _, x := range m.scratch.holding {
		p = m.entry(p, x, base, !w.whole && slices.Contains(w.held, x))
	}
	return p
}

// extra notes that the viewer holds x, if it sees it and no sample has it.
func (m *Machine) extra(v, x *member) {
	if m.sees(&v.watching, x) && !m.covered(&v.watching, x) {
		m.scratch.holding = append(m.scratch.holding, x)
	}
}

// covered tells whether the viewer gets x with a sample.
func (m *Machine) covered(w *viewer, x *member) bool {
	switch {
	case x.at == nil || x.sampled < 0:
		return false
	case x.at == &m.all:
		return true
	}
	g := w.in(x.at)
	return g != nil && !g.waits
}

// entry appends what a viewer that holds what was at tick base has to know of x.
func (m *Machine) entry(p []byte, x *member, base uint64, held bool) []byte {
	switch {
	case !held || x.since > base || x.changed > base && (x.changed != m.tick || base+1 != m.tick):
		return wire.AppendEnter(p, x.number, x.user.ID, x.at.name, x.row)
	case x.changed > base:
		return append(p, x.change...)
	}
	return p
}

// look makes the Crowd of a viewer with a viewport; nil if there is nothing to
// say. HOT
func (m *Machine) look(v *member) []byte {
	w := &v.watching
	base := w.from()
	followed := m.numbers[w.follow]
	m.turn++
	leaves, rest := m.greet(m.scratch.payload[:0], w), m.scratch.rest[:0]
	room := m.def.sample
	if !w.whole {
		for _, x := range w.held {
			own := x == v || x == followed
			if !m.sees(w, x) || !own && (room == 0 || !w.outer.holds(x.x, x.y)) {
				leaves = wire.AppendLeave(leaves, x.number)
				continue
			}
			if !own {
				room--
			}
			x.mark = m.turn
			m.scratch.holding = append(m.scratch.holding, x)
			rest = m.entry(rest, x, base, true)
		}
	}
	for _, x := range [...]*member{v, followed} {
		if x != nil && x.mark != m.turn && m.sees(w, x) {
			rest = m.meet(rest, x)
		}
	}
	rest = m.scan(rest, w, room)
	for i := range w.groups {
		w.groups[i].waits = false
	}
	leaves = append(leaves, rest...)
	m.scratch.payload, m.scratch.rest = leaves, rest
	if len(leaves) == 0 && !w.whole {
		return nil
	}
	return m.builder.Crowd(leaves)
}

// meet appends that the viewer holds x from now on.
func (m *Machine) meet(p []byte, x *member) []byte {
	x.mark = m.turn
	m.scratch.holding = append(m.scratch.holding, x)
	return wire.AppendEnter(p, x.number, x.user.ID, x.at.name, x.row)
}

// scan appends those who are in the viewport and not held yet, as far as there
// is room for them.
func (m *Machine) scan(p []byte, w *viewer, room int) []byte {
	if room == 0 {
		return p
	}
	from, to := m.grid.cellOf(w.inner.left, w.inner.top), m.grid.cellOf(w.inner.right, w.inner.bottom)
	width, height := int64(to.x)-int64(from.x)+1, int64(to.y)-int64(from.y)+1
	if width*height > int64(len(m.members)) { // there are fewer members than squares
		for _, x := range m.members {
			if m.meets(w, x) {
				if p, room = m.meet(p, x), room-1; room == 0 {
					break
				}
			}
		}
		return p
	}
	for cy := from.y; cy <= to.y; cy++ {
		for cx := from.x; cx <= to.x; cx++ {
			c := cell{cx, cy}
			for x := m.grid.first(c); x != nil; x = x.next {
				if x.cell == c && m.meets(w, x) {
					if p, room = m.meet(p, x), room-1; room == 0 {
						return p
					}
				}
			}
		}
	}
	return p
}

// meets tells whether a viewer that does not hold x comes to see it.
func (m *Machine) meets(w *viewer, x *member) bool {
	return x.mark != m.turn && x.placed && w.inner.holds(x.x, x.y) && m.sees(w, x)
}
