package host

import (
	"bytes"
	"time"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

const (
	linkLimit  = 96 << 10  // bytes that may wait in a link; then they wait here
	partSize   = 32 << 10  // bytes of one part of a snapshot, about
	pauseAbove = 256 << 10 // bytes that wait here before the machine makes no more deltas
	giveUpAt   = 8 << 20   // bytes that wait here before the client is given up
	streamCost = 1 << 10   // bytes that a snapshot counts while it waits
)

// conn is a client's connection as its room sees it. The room owns it.
type conn struct {
	id      records.Conn
	link    Link   // written before the room knows the seat
	in      bool   // the machine knows it
	asked   uint32 // Request of its Open
	opened  bool   // Opened was sent
	touched bool   // to be flushed
	blocked bool   // is in room.blocked
	paused  bool
	allow   int // bytes that the link takes, as far as known; good while touched

	queue   []waiting // oldest first
	waiting int       // bytes of queue
}

// waiting is a message, or a snapshot that is sent in parts.
type waiting struct {
	head   schema.Header
	body   []byte
	stream *live.Snapshot
	id     uint32 // of the stream's subscription
	left   bool   // the last message: nothing follows
}

// deliver sends what leaves now. HOT
func (r *room) deliver(w *worker, sends []records.Send) {
	for i := range sends {
		s := &sends[i]
		if s.Kind == records.SendAnswer {
			s.Answer()
			continue
		}
		c := r.conns[s.Conn]
		if c == nil {
			continue // it is gone
		}
		if s.Kind == records.SendStream {
			c.wait(r, waiting{stream: s.Stream, id: s.ID})
			continue
		}
		head, body := w.encode(s)
		c.send(r, head, body, c.ends(s))
	}
}

// ends notes what the message means for the connection, and tells whether
// nothing follows it.
func (c *conn) ends(s *records.Send) bool {
	switch s.Kind {
	case records.SendOpened:
		c.opened = true
	case records.SendLeft:
		return true
	case records.SendError:
		return !c.opened && s.ID == c.asked
	}
	return false
}

// send sends the message, or puts it behind those that wait.
func (c *conn) send(r *room, head schema.Header, body []byte, last bool) {
	if len(c.queue) > 0 || !c.takes(r, len(body)) {
		c.wait(r, waiting{head: head, body: bytes.Clone(body), left: last})
		return
	}
	c.link.Message(head, body)
	c.allow -= len(body) + schema.HeaderSize
	if last {
		c.finish(r)
	}
}

// takes tells whether the link should be given so many bytes now. Anything goes
// into a link in which nothing waits.
func (c *conn) takes(r *room, n int) bool {
	if !c.touched {
		c.touched = true
		r.touched = append(r.touched, c)
		c.allow = linkLimit - c.link.Pending()
	}
	return n <= c.allow || c.allow == linkLimit
}

// wait puts something behind what waits.
func (c *conn) wait(r *room, x waiting) {
	c.queue = append(c.queue, x)
	c.waiting += len(x.body)
	if x.stream != nil {
		c.waiting += streamCost
	}
	if !c.blocked {
		c.blocked = true
		r.blocked = append(r.blocked, c)
	}
	switch {
	case c.waiting > giveUpAt:
		c.link.Close(schema.CodeSlowClient, "the client does not read what it is sent")
	case c.waiting > pauseAbove && !c.paused && c.in:
		c.paused = true
		r.host.stats.Paused.Add(1)
		r.inbox.push(item{kind: itemOp, op: &records.Pause{Conn: c.id}})
	}
}

// pump sends what waits, as far as links take it, until the slice is over. Then
// it pauses: a snapshot may be long, and games tick on the same cores.
func (r *room) pump(w *worker, started time.Time) {
	if len(r.blocked) == 0 {
		return
	}
	blocked := r.blocked
	r.blocked = nil
	for i, c := range blocked {
		if time.Since(started) > slice {
			r.blocked = append(r.blocked, blocked[i:]...)
			break
		}
		switch {
		case c.link.Over():
			c.blocked, c.queue, c.waiting = false, nil, 0 // Lost is on its way
		case c.pump(r, w, started):
			r.blocked = append(r.blocked, c)
		default:
			c.blocked = false
			if c.paused && c.in {
				c.paused = false
				r.push(item{kind: itemOp, op: &records.Resume{Conn: c.id}})
			}
		}
	}
}

// pump sends what waits for one client. It reports whether something is left.
func (c *conn) pump(r *room, w *worker, started time.Time) bool {
	for len(c.queue) > 0 {
		x := &c.queue[0]
		if x.stream != nil {
			if !c.takes(r, partSize) {
				return true
			}
			if !c.part(w, x) {
				if time.Since(started) > slice {
					return true
				}
				continue
			}
			c.waiting -= streamCost
		} else {
			if !c.takes(r, len(x.body)) {
				return true
			}
			c.link.Message(x.head, x.body)
			c.allow -= len(x.body) + schema.HeaderSize
			c.waiting -= len(x.body)
			if x.left {
				c.finish(r)
				return false
			}
		}
		c.queue[0] = waiting{}
		if c.queue = c.queue[1:]; len(c.queue) == 0 {
			c.queue = nil
		}
	}
	return false
}

// part sends the next part of a snapshot. It reports whether it was the last.
func (c *conn) part(w *worker, x *waiting) bool {
	payload, flags, last := x.stream.Next(partSize)
	w.last = deltaKey{}
	body := w.builder.Delta(x.id, x.stream.From, x.stream.Seq, payload)
	c.link.Message(schema.Header{Kind: schema.KindDelta, Flags: flags}, body)
	c.allow -= len(body) + schema.HeaderSize
	return last
}

// dismiss tells the client that its room has failed.
func (c *conn) dismiss(why *schema.Error) {
	b := schema.NewBuilder()
	if c.opened {
		c.link.Message(schema.Header{Kind: schema.KindLeft}, b.Left(why.Code, why.Message))
	} else { // its Open waits for an answer
		c.link.Message(schema.Header{Kind: schema.KindError}, b.Error(&schema.Error{Code: why.Code, Request: c.asked, Message: why.Message}))
	}
	c.link.Flush()
	c.link.Done()
}

// finish ends the membership: its last message was sent.
func (c *conn) finish(r *room) {
	c.link.Flush()
	c.link.Done()
	r.remove(c)
}

// remove forgets a connection.
func (r *room) remove(c *conn) {
	c.in = false
	c.queue, c.waiting = nil, 0
	delete(r.conns, c.id)
}

// flush hands to the network what this turn sent, once for each connection.
func (r *room) flush() {
	for i, c := range r.touched {
		c.touched = false
		c.link.Flush()
		r.touched[i] = nil
	}
	r.touched = r.touched[:0]
}

// deltaKey names a delta whose body many connections may share.
type deltaKey struct {
	id        uint32
	from, seq uint64
	payload   *byte
	n         int
}

// encode makes a message, in the worker's builder. HOT
func (w *worker) encode(s *records.Send) (schema.Header, []byte) {
	b := w.builder
	if s.Kind == records.SendDelta {
		return schema.Header{Kind: schema.KindDelta, Flags: s.Flags}, w.delta(s)
	}
	w.last = deltaKey{}
	switch s.Kind {
	case records.SendReceipt:
		return schema.Header{Kind: schema.KindReceipt}, b.Receipt(*s.Receipt)
	case records.SendOpened:
		return schema.Header{Kind: schema.KindOpened}, b.Opened(*s.Opened)
	case records.SendReset:
		return schema.Header{Kind: schema.KindReset}, b.Reset(s.Seq, s.Code, s.Message)
	case records.SendLeft:
		return schema.Header{Kind: schema.KindLeft}, b.Left(s.Code, s.Message)
	}
	return schema.Header{Kind: schema.KindError}, b.Error(&schema.Error{Code: s.Code, Request: s.ID, Message: s.Message})
}

// delta makes the body once for connections in a row that get the same one.
func (w *worker) delta(s *records.Send) []byte {
	key := deltaKey{id: s.ID, from: s.From, seq: s.Seq, n: len(s.Payload)}
	if len(s.Payload) > 0 {
		key.payload = &s.Payload[0]
	}
	if key != w.last || key.payload == nil {
		w.last, w.body = key, w.builder.Delta(s.ID, s.From, s.Seq, s.Payload)
	}
	return w.body
}
