package recordstest

import (
	"fmt"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// partBytes is the size of a snapshot's parts; small, so that there are some.
const partBytes = 1024

// take is what a client does with a message.
func (c *Client) take(s *records.Send) {
	c.hub.t.Helper()
	switch s.Kind {
	case records.SendOpened:
		c.Opened = *s.Opened
		c.Cursor = max(c.Cursor, s.Opened.Seq)
		c.note("opened as %s", s.Opened.Role)
	case records.SendError:
		c.refusals = append(c.refusals, Refusal{s.ID, s.Code, s.Message})
		c.note("error %s", s.Code)
	case records.SendReceipt:
		c.receipts = append(c.receipts, *s.Receipt)
		c.note("receipt %d", s.Receipt.Mutation)
		c.move(s.Receipt.Seq)
	case records.SendReset:
		c.resets++
		c.Cursor = 0
		c.note("reset")
	case records.SendLeft:
		c.Left, c.conn = true, 0
		c.note("left %s", s.Code)
	case records.SendDelta:
		c.delta(s.ID, s.Seq, s.Flags, s.Payload)
	case records.SendStream:
		for last := false; !last; {
			var payload []byte
			var flags uint8
			payload, flags, last = s.Stream.Next(partBytes)
			c.delta(s.ID, s.Stream.Seq, flags, payload)
		}
	}
}

func (c *Client) note(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

// move moves the cursor, which never goes back (R4.1).
func (c *Client) move(seq uint64) { c.Cursor = max(c.Cursor, seq) }

// delta applies a live query's change.
func (c *Client) delta(id uint32, seq uint64, flags uint8, payload []byte) {
	c.hub.t.Helper()
	c.move(seq)
	s := c.subs[id]
	if s == nil {
		if id != 0 && len(payload) > 0 {
			c.hub.t.Errorf("%s got a delta of the subscription %d, which it does not have", c.user.ID, id)
		}
		return
	}
	s.seq = max(s.seq, seq)
	s.capped = flags&schema.DeltaCapped != 0
	rows := s.rows
	if flags&schema.DeltaSnapshot != 0 {
		if s.loading == nil {
			s.loading = make(map[value.Key]value.Row)
		}
		rows = s.loading
	}
	s.apply(rows, payload)
	if flags&schema.DeltaSnapshot != 0 && flags&schema.DeltaPart == 0 {
		s.rows, s.loading = s.loading, nil
	}
	s.most = max(s.most, len(s.rows))
}

func (s *subscription) apply(rows map[value.Key]value.Row, payload []byte) {
	c := s.client
	c.hub.t.Helper()
	shape := c.hub.machine.Schema().Collection(s.collection)
	r := value.ReadDelta(shape, payload)
	var e value.DeltaEntry
	for r.Next(&e) {
		key := e.Key
		switch e.Op {
		case value.Enter:
			rows[key] = e.Row
			c.note("delta %d enter", s.id)
		case value.Alter:
			if rows[key] == nil {
				c.hub.t.Errorf("%s got a change of a record of %s that it does not hold", c.user.ID, s.collection)
				continue
			}
			rows[key] = shape.ApplyPatch(rows[key], e.Patch)
			c.note("delta %d change", s.id)
		case value.Leave:
			delete(rows, key)
			c.note("delta %d leave", s.id)
		}
		s.most = max(s.most, len(rows))
	}
	if err := r.Err(); err != nil {
		c.hub.t.Errorf("%s got a delta of %s that does not decode: %v", c.user.ID, s.collection, err)
	}
}
