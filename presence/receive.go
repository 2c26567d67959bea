package presence

import (
	"bytes"
	"math"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// maxGroupName is the longest name of a private group, in bytes.
const maxGroupName = 64

// Receive takes a verified Show, Cast, Look or Group. body is good during the
// call. An error is a *schema.Error (or wraps one, or is a hook's panic) for
// its sender; nothing was changed then. HOT
func (m *Machine) Receive(now time.Time, conn uint32, head schema.Header, body []byte) error {
	x := m.conns[conn]
	if x == nil {
		return schema.Errorf(schema.CodeNotInRoom, "this connection is not in the room")
	}
	x.heard = now
	switch head.Kind {
	case schema.KindShow:
		return m.receiveShow(now, x, fb.GetRootAsShow(body, 0))
	case schema.KindCast:
		return m.receiveCast(now, x, fb.GetRootAsCast(body, 0))
	case schema.KindLook:
		return m.receiveLook(x, fb.GetRootAsLook(body, 0))
	case schema.KindGroup:
		return m.receiveGroup(x, fb.GetRootAsGroup(body, 0))
	}
	return schema.Errorf(schema.CodeBadInput, "presence does not take %s", head.Kind)
}

// receiveShow merges a patch into what the member shows. HOT
func (m *Machine) receiveShow(now time.Time, x *member, s *fb.Show) error {
	patch := value.Patch(s.StateBytes())
	if len(patch) == 0 || len(patch) == 1 && patch[0] == 0 {
		if x.to != nil {
			m.show(x, x.to) // again, if it had timed out
		}
		return nil
	}
	state := &m.def.wire.State
	if err := state.CheckPatch(patch); err != nil {
		return err
	}
	to, err := m.channelOf(x, s.Group())
	if err != nil {
		return err
	}
	m.scratch.row = state.AppendPatched(m.scratch.row[:0], x.row, patch)
	altered, err := m.accept(x)
	if err != nil {
		return err
	}
	if !bytes.Equal(m.scratch.row, x.row) {
		m.scratch.row = m.replace(x, m.scratch.row)
		switch {
		case len(m.members) > 1:
			m.work = true
		case m.alone.IsZero():
			m.alone = now.Add(aloneEvery)
		}
	}
	m.work = m.work || altered
	x.to = to
	m.show(x, to)
	return nil
}

// accept asks the Check hook about scratch.row, and puts there what became of
// it. altered says that the member knows something else than it showed.
func (m *Machine) accept(x *member) (altered bool, err error) {
	s := &m.scratch
	if m.def.checks {
		if s.checked, err = m.typed.check(s.checked[:0], x.user, x.row, s.row); err != nil {
			return false, err
		}
		altered = !bytes.Equal(s.checked, s.row)
		s.row, s.checked = s.checked, s.row
	}
	return altered, m.fits(s.row)
}

// channelOf finds an audience that the member is part of.
func (m *Machine) channelOf(x *member, group []byte) (*channel, error) {
	if len(group) == 0 {
		return &m.all, nil
	}
	if c := m.groups[string(group)]; c != nil && x.watching.in(c) != nil {
		return c, nil
	}
	return nil, schema.Errorf(schema.CodeForbidden, "you are not in the group %q: enter it first", group)
}

func (m *Machine) receiveLook(x *member, l *fb.Look) error {
	left, top, width, height := l.X(), l.Y(), l.Width(), l.Height()
	for _, n := range [...]float32{left, top, width, height} {
		if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
			return schema.Errorf(schema.CodeBadInput, "a viewport's numbers must be finite")
		}
	}
	if width < 0 || height < 0 {
		return schema.Errorf(schema.CodeBadInput, "a viewport's size must not be negative")
	}
	w := &x.watching
	looking := width > 0 && height > 0 && m.def.wire.Position
	w.whole = w.whole || looking != w.looking
	w.looking, w.follow = looking, l.Follow()
	w.inner = rect{left, top, left + width, top + height}
	w.outer = w.inner.wider()
	m.work = true
	return nil
}

func (m *Machine) receiveGroup(x *member, g *fb.Group) error {
	if n := len(g.Name()); n == 0 || n > maxGroupName {
		return schema.Errorf(schema.CodeBadInput, "the name of a group has 1 to %d bytes", maxGroupName)
	}
	name := string(g.Name())
	w := &x.watching
	c := m.groups[name]
	in := c != nil && w.in(c) != nil
	m.work = true
	switch {
	case g.Leave() && in:
		m.leaveGroup(x, c)
		return nil
	case g.Leave():
		w.note(wire.GroupLeave, name)
		return nil
	case in:
		w.note(wire.GroupEnter, name)
		return nil
	case len(w.groups) >= m.def.maxGroups:
		return schema.Errorf(schema.CodeRateLimited, "you are in %d groups, as many as may be: leave one first", m.def.maxGroups)
	}
	if err := m.typed.group(x.user, name); err != nil {
		return err
	}
	if c == nil {
		c = &channel{name: name}
		m.groups[name] = c
	}
	c.inside = append(c.inside, x)
	w.groups = append(w.groups, membership{channel: c, fresh: true})
	w.note(wire.GroupEnter, name)
	return nil
}

// leaveGroup takes the member out of a group that it is in. What it showed
// there nobody sees any more.
func (m *Machine) leaveGroup(x *member, c *channel) {
	w := &x.watching
	if x.to == c {
		m.hide(x)
		x.to = nil
	}
	c.inside = without(c.inside, x)
	for i := range w.groups {
		if w.groups[i].channel == c {
			w.groups = append(w.groups[:i], w.groups[i+1:]...)
			break
		}
	}
	w.whole = true // the simplest way to take back what it held of the group
	m.work = true
	if len(c.inside) == 0 {
		delete(m.groups, c.name)
	}
}
