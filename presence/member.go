package presence

import (
	"time"
)

// member is one connection: what it shows, and what it sees. The machine owns it.
type member struct {
	number, conn uint32
	user         User
	gone         bool      // it has left
	heard        time.Time // its last sign of life

	row    []byte // what it shows; at least the blank state
	before []byte // row as of the last tick, if it changed since
	change []byte // the Change of tick changed, for those who hold what it showed before; may be empty

	to      *channel // the audience that it chose; nil: none yet, or a group that it left
	at      *channel // the audience that it is shown to now; nil: it is shown to nobody
	since   uint64   // the tick that showed it to that audience
	sampled int      // its place in at.sample, or −1
	picked  uint64   // the tick that put it there
	changed uint64   // the tick that brought its last change

	spot            // where it is in the grid
	mark     uint64 // the viewer, by its turn, that holds it already
	buckets  []bucket
	watching viewer
}

// channel is an audience: everyone, or a private group. It knows what it has
// shown, so that one encoding serves all who are as far behind.
type channel struct {
	name    string
	inside  []*member   // connections in the group; of everyone's channel none are listed
	sample  []*member   // shown to those without a viewport; in no order
	waiting []*member   // shown, too, but there is no place in the sample; the longest first
	log     []departure // from sample, by time
	floor   uint64      // departures up to this tick are no longer in the log
	parts   []part      // of this tick
	used    int         // how many of parts are
	tick    uint64      // that parts belong to
}

// departure is a member that was in the sample from since until at.
type departure struct {
	number    uint32
	since, at uint64
}

// keptDepartures is how many departures a channel remembers at least. Who is
// further behind gets a whole Crowd.
const keptDepartures = 512

// show begins to show the member to a channel, from the coming tick on.
func (m *Machine) show(x *member, c *channel) {
	if x.at == c {
		return
	}
	m.hide(x)
	x.at, x.since = c, m.tick+1
	m.work = true
	if len(c.sample) < m.def.sample {
		c.pick(x, m.tick+1)
	} else {
		c.waiting = append(c.waiting, x)
	}
	if m.def.wire.Position {
		m.place(x)
	}
	if due := x.heard.Add(m.def.timeout); m.sweep.IsZero() || due.Before(m.sweep) {
		m.sweep = due
	}
}

func (c *channel) pick(x *member, tick uint64) {
	x.sampled, x.picked = len(c.sample), tick
	c.sample = append(c.sample, x)
}

// hide stops to show the member. The first in the queue gets its place.
func (m *Machine) hide(x *member) {
	c := x.at
	if c == nil {
		return
	}
	x.at = nil
	m.work = true
	m.grid.remove(x)
	if x.sampled < 0 {
		c.waiting = without(c.waiting, x)
		return
	}
	last := len(c.sample) - 1
	moved := c.sample[last]
	c.sample[x.sampled], moved.sampled = moved, x.sampled
	c.sample[last] = nil
	c.sample = c.sample[:last]
	x.sampled = -1
	c.depart(departure{x.number, x.picked, m.tick + 1})
	if len(c.waiting) > 0 {
		next := c.waiting[0]
		c.waiting = without(c.waiting, next)
		c.pick(next, m.tick+1)
	}
}

func (c *channel) depart(d departure) {
	if len(c.log) == 2*keptDepartures {
		c.floor = c.log[keptDepartures-1].at
		c.log = append(c.log[:0], c.log[keptDepartures:]...)
	}
	c.log = append(c.log, d)
}

// without removes x, keeping the order.
func without(list []*member, x *member) []*member {
	for i, y := range list {
		if y == x {
			copy(list[i:], list[i+1:])
			list[len(list)-1] = nil
			return list[:len(list)-1]
		}
	}
	return list
}

// bucket limits a rate: tokens come steadily, and each message takes some.
type bucket struct {
	tokens float64
	at     time.Time
}

// take takes cost tokens, if there are as many. A new bucket is full.
func (b *bucket) take(now time.Time, perSecond, most, cost float64) bool {
	if b.at.IsZero() {
		b.tokens = most
	} else {
		b.tokens = min(most, b.tokens+perSecond*now.Sub(b.at).Seconds())
	}
	b.at = now
	if b.tokens < cost {
		return false
	}
	b.tokens -= cost
	return true
}
