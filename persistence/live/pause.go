package live

import (
	"maps"
	"slices"

	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// Pause stops sending to a slow connection. Its changes are kept, one per key;
// where they are too many, a snapshot takes their place. Receipts must wait for
// Resume too (R4.1), or follow a Flush.
func (h *Hub) Pause(name Conn) {
	h.conn(name).paused = true
}

// Paused says whether the connection is paused.
func (h *Hub) Paused(name Conn) bool {
	c := h.conns[name]
	return c != nil && c.paused
}

// Resume sends what was kept and ends the pause.
func (h *Hub) Resume(name Conn, out Out) {
	if c := h.conns[name]; c != nil && c.paused {
		h.flush(c, out)
		c.paused = false
	}
}

// Flush sends what was kept for a paused connection, which stays paused.
func (h *Hub) Flush(name Conn, out Out) {
	if c := h.conns[name]; c != nil && c.paused {
		h.flush(c, out)
	}
}

// merge keeps what a transaction did to a view for a subscription of a paused
// connection. What the client holds of a key is what it held when the key first
// changed; what it is to hold is looked up when it is sent.
func (h *Hub) merge(s *sub) {
	v := s.view
	s.reflag = s.reflag || v.reflag
	if v.collection.Event {
		for i := range v.ops {
			s.events = append(s.events, v.ops[i].new)
		}
		if n := len(s.events) - h.limits.Pending; n > 0 {
			s.events = slices.Delete(s.events, 0, n)
		}
		return
	}
	if s.pending == nil {
		s.pending = map[value.Key]*table.Record{}
	}
	for i := range v.ops {
		o := &v.ops[i]
		if _, known := s.pending[o.key]; known {
			continue
		}
		if len(s.pending) == h.limits.Pending {
			s.postpone(Slow, nil)
			return
		}
		s.pending[o.key] = o.old
	}
}

// flush sends all that was kept for a connection as one step. Streams come last:
// what they end with moves the cursor, past what the others were told (R4.1).
func (h *Hub) flush(c *conn, out Out) {
	var kept, streams []parcel
	for _, s := range c.order {
		if s.stale {
			streams = append(streams, parcel{sub: s, stream: h.begin(s, s.reason, s.asked), boundary: true})
		} else {
			kept = append(kept, parcel{sub: s, payload: s.kept(), boundary: s.reflag})
		}
		s.current()
	}
	h.deliver(c, append(kept, streams...), out)
}

// kept encodes the difference between what the client holds and the result now.
func (s *sub) kept() []byte {
	var payload []byte
	for _, r := range s.events {
		payload = value.AppendEnter(payload, r.Key, r.Row)
	}
	keys := slices.Sorted(maps.Keys(s.pending))
	for _, key := range keys {
		if s.pending[key] != nil && s.view.current(key) == nil {
			payload = value.AppendLeave(payload, key)
		}
	}
	for _, key := range keys {
		if now := s.view.current(key); now != nil {
			payload = s.view.upsert(payload, s.pending[key], now)
		}
	}
	return payload
}
