package presence

import (
	"reflect"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Bounds of casts, beside each kind's own rate.
const (
	maxCast      = 4 << 10 // bytes of one cast's data
	castsWaiting = 4096    // casts between two ticks; more are refused
	castBytes    = 1 << 20 // of them together; more are refused
	deliveries   = 50_000  // a second of a whole room, and at once: a cast to n members counts n
)

// castQueue is the casts since the last tick. When it is full, casts are
// refused with RATE_LIMITED.
type castQueue struct {
	casts  []queuedCast
	data   []byte
	bucket bucket // of deliveries
}

type queuedCast struct {
	from     uint32
	cast     int      // which kind
	group    *channel // nil: everyone
	to       uint32   // 0: all of the group
	start, n int      // the row, in the queue's data
}

// receiveCast takes a cast of a member.
func (m *Machine) receiveCast(now time.Time, x *member, c *fb.Cast) error {
	kind, ok := m.def.castByName[string(c.Name())]
	if !ok {
		return schema.Errorf(schema.CodeNoSuchCast, "this room has no cast %q", c.Name())
	}
	var group *channel
	if name := c.Group(); len(name) > 0 {
		var err error
		if group, err = m.channelOf(x, name); err != nil {
			return err
		}
	}
	data := value.Row(c.DataBytes())
	if len(data) == 0 {
		data = value.Row{0} // a row of no values
	}
	if len(data) > maxCast {
		return schema.Errorf(schema.CodeTooLarge, "the cast has %d bytes, this room takes %d", len(data), maxCast)
	}
	def := &m.def.casts[kind]
	if err := def.shape.CheckRow(data); err != nil {
		return err
	}
	if x.buckets == nil {
		x.buckets = make([]bucket, len(m.def.casts))
	}
	if !x.buckets[kind].take(now, def.perSecond, max(1, 2*def.perSecond), 1) {
		return schema.Errorf(schema.CodeRateLimited, "more than %g %s a second; send it again later", def.perSecond, def.shape.Name)
	}
	if def.check != nil {
		from, err := m.typed.from(x.row)
		if err != nil {
			return err
		}
		if m.scratch.checked, err = def.check(m.scratch.checked[:0], x.user, from, data); err != nil {
			return err
		}
		data = m.scratch.checked
	}
	return m.queueCast(now, queuedCast{from: x.number, cast: kind, group: group, to: c.To()}, data)
}

// queueCast keeps a cast for the next tick.
func (m *Machine) queueCast(now time.Time, c queuedCast, data value.Row) error {
	q := &m.casts
	cost := 1
	if c.to == 0 {
		cost = len(m.audience(c.group))
	}
	if len(q.casts) >= castsWaiting || len(q.data)+len(data) > castBytes || !q.bucket.take(now, deliveries, deliveries, float64(cost)) {
		return schema.Errorf(schema.CodeRateLimited, "this room delivers as many casts as it can; send it again later")
	}
	c.start, c.n = len(q.data), len(data)
	q.data = append(q.data, data...)
	q.casts = append(q.casts, c)
	m.work = true
	return nil
}

// audience is who gets a cast to a group.
func (m *Machine) audience(group *channel) []*member {
	if group == nil {
		return m.members
	}
	return group.inside
}

// deliverCasts sends the casts since the last tick, each encoded once.
func (m *Machine) deliverCasts(send func(conn uint32, head schema.Header, body []byte) bool) {
	q := &m.casts
	head := schema.Header{Kind: schema.KindCasted}
	for i := range q.casts {
		c := &q.casts[i]
		info := schema.CastedInfo{From: c.from, Name: m.def.casts[c.cast].shape.Name, Data: q.data[c.start : c.start+c.n]}
		if c.group != nil {
			info.Group = c.group.name
		}
		if c.to != 0 {
			x := m.numbers[c.to]
			if x != nil && (c.group == nil || x.watching.in(c.group) != nil) {
				send(x.conn, head, m.builder.Casted(info))
			}
			continue
		}
		body := m.builder.Casted(info)
		for _, x := range m.audience(c.group) {
			send(x.conn, head, body)
		}
	}
	clear(q.casts)
	q.casts, q.data = q.casts[:0], q.data[:0]
}

// Cast sends a cast in the server's name (from 0): to a group, or to everyone
// if it is empty, or to one member alone. cast is a value of one of the types
// given to OnCast, or a pointer to one. The casts' own rates do not count, the
// room's does. A group or a member that is not there is no error.
func (m *Machine) Cast(now time.Time, group string, to uint32, cast any) error {
	kind, data, err := m.def.encodeCast(cast)
	if err != nil {
		return err
	}
	c := queuedCast{cast: kind, to: to}
	if group != "" {
		if c.group = m.groups[group]; c.group == nil {
			return nil
		}
	}
	return m.queueCast(now, c, data)
}

// encodeCast makes the row of a cast in the server's name.
func (d *definition) encodeCast(cast any) (kind int, data value.Row, err error) {
	typ := reflect.TypeOf(cast)
	if typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	kind, ok := d.castByType[typ]
	if !ok {
		return 0, nil, schema.Errorf(schema.CodeNoSuchCast, "rooms of the kind %q have no cast of type %T: declare it with presence.OnCast", d.name, cast)
	}
	if data, err = d.casts[kind].encode(cast); err != nil {
		return 0, nil, err
	}
	if len(data) > maxCast {
		return 0, nil, schema.Errorf(schema.CodeTooLarge, "the cast has %d bytes, rooms take %d", len(data), maxCast)
	}
	return kind, data, nil
}
