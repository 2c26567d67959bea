package presence

import (
	"time"

	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// Tick sends what is due: to each connection at most one Crowd, then the casts
// that reach it. body is good during the call and may be the same for many.
// send reports whether the connection took the message. A Crowd that it did
// not take is made good in a later Tick, from what changed since the last one
// that it took; a Casted that it did not take is lost. send must not call the
// machine. HOT
func (m *Machine) Tick(now time.Time, send func(conn uint32, head schema.Header, body []byte) bool) {
	m.expire(now)
	if !m.work && (m.alone.IsZero() || now.Before(m.alone)) {
		return
	}
	m.alone = time.Time{}
	m.tick++
	m.work = false
	m.encodeChanges()
	for _, v := range m.members {
		m.serve(v, send)
	}
	m.deliverCasts(send)
}

// expire stops to show those of whom nothing was heard for too long.
func (m *Machine) expire(now time.Time) {
	if m.sweep.IsZero() || now.Before(m.sweep) {
		return
	}
	m.sweep = time.Time{}
	for _, x := range m.members {
		if x.at == nil {
			continue
		}
		due := x.heard.Add(m.def.timeout)
		switch {
		case !now.Before(due):
			m.hide(x)
		case m.sweep.IsZero() || due.Before(m.sweep):
			m.sweep = due
		}
	}
}

// encodeChanges makes the Change of each member that shows something else, once
// for all who hold what it showed before. HOT
func (m *Machine) encodeChanges() {
	state := &m.def.wire.State
	for i, x := range m.changed {
		m.changed[i] = nil
		if x.gone || x.at == nil {
			continue
		}
		if m.def.wire.Position {
			m.place(x)
		}
		m.scratch.patch = state.AppendDiff(m.scratch.patch[:0], x.before, x.row)
		x.change = x.change[:0]
		if len(m.scratch.patch) > 1 {
			x.change = wire.AppendChange(x.change, x.number, m.scratch.patch)
		}
	}
	m.changed = m.changed[:0]
}

// place notes where the member is.
func (m *Machine) place(x *member) {
	x.x, x.y = m.typed.position(x.row)
	if x.x != x.x || x.y != x.y { // not a number is nowhere
		x.x, x.y = 0, 0
	}
	m.grid.put(x)
}
