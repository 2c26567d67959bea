package presence

import "github.com/parlor-server/parlor/presence/wire"

// part is what a channel has to say to those who hold what was at tick base.
// All of them share it.
type part struct {
	base         uint64
	leaves, rest []byte // entries; in a Crowd all leaves stand before all others
	body         []byte // the message with this part alone; empty: not made yet
}

// mostParts is how many parts a channel keeps in a tick. Those who are in step
// need one; behind them are few, each at a tick of its own.
const mostParts = 8

func (p *part) size() int   { return len(p.leaves) + len(p.rest) }
func (p *part) empty() bool { return p.size() == 0 }

// part makes the part, or finds it made. It is good until the next call for the
// channel. HOT
func (c *channel) part(m *Machine, base uint64) *part {
	if c.tick != m.tick {
		c.tick, c.used = m.tick, 0
	}
	for i := range c.used {
		if c.parts[i].base == base {
			return &c.parts[i]
		}
	}
	if c.used < mostParts {
		c.used++
	}
	if len(c.parts) < c.used {
		c.parts = append(c.parts, part{})
	}
	p := &c.parts[c.used-1]
	p.base, p.leaves, p.rest, p.body = base, p.leaves[:0], p.rest[:0], p.body[:0]
	for i := len(c.log) - 1; i >= 0 && c.log[i].at > base; i-- {
		if c.log[i].since <= base {
			p.leaves = wire.AppendLeave(p.leaves, c.log[i].number)
		}
	}
	for _, x := range c.sample {
		p.rest = m.entry(p.rest, x, base, x.picked <= base)
	}
	return p
}

// message is the Crowd with this part alone.
func (p *part) message(m *Machine) []byte {
	if len(p.body) == 0 {
		m.scratch.payload = append(append(m.scratch.payload[:0], p.leaves...), p.rest...)
		p.body = append(p.body, m.builder.Crowd(m.scratch.payload)...)
	}
	return p.body
}
