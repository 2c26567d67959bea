package live

import (
	"slices"

	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// conn is one connection's subscriptions.
type conn struct {
	name    Conn
	subs    map[uint32]*sub
	order   []*sub // by ID, so that all that is sent has one order
	cursor  uint64 // of the last delta
	waiting int    // deltas of the step that is being sent
	paused  bool
	gone    bool
	moving  bool   // its subscriptions are between two readers
	partial bool   // it was sent a part of a step, whose rest comes with the new readers
	regrant Reader // instead of the one that its subscriptions have; nil: none
}

// sub is one subscription.
type sub struct {
	conn  *conn
	id    uint32
	view  *view
	place int    // in view.subs
	sent  uint64 // the last sequence that it was sent

	// While the connection is paused: what the client holds of each key that
	// has changed, nil if nothing; and events, the last few.
	pending map[value.Key]*table.Record
	events  []*table.Record
	reflag  bool   // whether the result is capped may have changed
	reader  Reader // that it is about to get

	// stale: what the client holds is not known here; a stream must follow,
	// for that reason, as asked.
	stale  bool
	reason Reason
	asked  *Request
}

func (c *conn) add(s *sub) {
	c.subs[s.id] = s
	at, _ := c.find(s.id)
	c.order = slices.Insert(c.order, at, s)
}

// kept is how many rows the windows of its subscriptions keep. Those that it
// shares with other connections count too.
func (c *conn) kept() (n int) {
	for _, s := range c.order {
		if s.view.window != nil {
			n += s.view.window.rows.Len()
		}
	}
	return n
}

func (c *conn) remove(id uint32) {
	delete(c.subs, id)
	if at, ok := c.find(id); ok {
		c.order = slices.Delete(c.order, at, at+1)
	}
}

func (c *conn) find(id uint32) (int, bool) {
	return slices.BinarySearchFunc(c.order, id, func(s *sub, id uint32) int { return int(int64(s.id) - int64(id)) })
}

// postpone leaves the subscription to a stream that is sent at Resume.
func (s *sub) postpone(why Reason, asked *Request) {
	s.stale, s.reason, s.asked, s.pending = true, why, asked, nil
}

// current says that the client has, or is being sent, the result as it is now.
func (s *sub) current() {
	s.stale, s.reflag, s.asked, s.pending, s.events = false, false, nil, nil, nil
}
