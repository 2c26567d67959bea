package host

import (
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

const (
	linkLimit = 96 << 10              // bytes that may wait in a link; then they wait here
	firstWait = time.Millisecond      // until a link that took no more is tried again
	longWait  = 32 * time.Millisecond // and at most
)

// conn is a client's connection as its room sees it. The room owns it.
type conn struct {
	id      canvas.Conn
	link    Link    // written before the room knows the seat
	raw     RawLink // the same, of a stock client; else nil
	in      bool    // the machine knows it
	asked   uint32  // Request of its Open
	opened  bool    // Opened was sent
	touched bool    // to be flushed
	blocked bool    // is in room.blocked
	slow    bool    // was given up
	allow   int     // bytes that the link takes, as far as known; good while touched

	queue   []canvas.Send // oldest first; bounded by Config.BacklogBytes
	waiting int           // bytes of queue, but those that are a whole room
	whole   int           // bytes of those
}

// deliver sends what leaves now. HOT
func (r *room) deliver(w *worker, sends []canvas.Send) {
	for i := range sends {
		s := &sends[i]
		c := r.conns[s.Conn]
		switch {
		case c == nil || c.slow: // it is gone
		case len(c.queue) > 0 || !c.takes(r, len(s.Body)):
			c.wait(r, s)
		default:
			c.write(r, w, s)
		}
	}
}

// takes tells whether the link should be given so many bytes now. Anything goes
// into a link in which nothing waits, also a document of many megabytes.
func (c *conn) takes(r *room, n int) bool {
	c.touch(r)
	return n <= c.allow || c.allow == linkLimit
}

func (c *conn) touch(r *room) {
	if !c.touched {
		c.touched = true
		r.touched = append(r.touched, c)
		c.allow = linkLimit - c.link.Pending()
	}
}

// write hands a message to the link.
func (c *conn) write(r *room, w *worker, s *canvas.Send) {
	c.allow -= len(s.Body) + schema.HeaderSize
	switch {
	case c.raw == nil:
		c.link.Message(schema.Header{Kind: s.Kind, Flags: s.Flags}, w.encode(s))
		c.opened = c.opened || s.Kind == schema.KindOpened
	case s.Kind == schema.KindSync:
		c.raw.Raw(s.Body)
	case s.Error != nil: // it knows no errors
		c.link.Flush() // the reason, if one was written
		c.link.Close(s.Error.Code, s.Error.Message)
	}
	if s.End {
		c.finish(r)
	}
}

// encode makes a message's body: that of a Sync once for connections in a row
// that get the same one. HOT
func (w *worker) encode(s *canvas.Send) []byte {
	if s.Kind == schema.KindSync {
		if len(s.Body) == 0 || &s.Body[0] != w.last || len(s.Body) != w.length {
			w.body, w.last, w.length = w.builder.Sync(s.Body), nil, len(s.Body)
			if len(s.Body) > 0 {
				w.last = &s.Body[0]
			}
		}
		return w.body
	}
	if s.Error == nil {
		return s.Body
	}
	w.last = nil
	if s.Kind == schema.KindLeft {
		return w.builder.Left(s.Error.Code, s.Error.Message)
	}
	return w.builder.Error(s.Error)
}

// wait puts a message behind what waits. A client for which too much does is
// ended: it comes back, and sync step 1 brings what it has missed.
func (c *conn) wait(r *room, s *canvas.Send) {
	c.queue = append(c.queue, *s)
	if s.Whole {
		c.whole += len(s.Body)
	} else if c.waiting += len(s.Body) + schema.HeaderSize; c.waiting > r.host.cfg.BacklogBytes {
		r.host.stats.Slow.Add(1)
		c.slow, c.queue, c.waiting, c.whole = true, nil, 0, 0
		c.link.Close(schema.CodeSlowClient, tooSlow)
		return
	}
	if !c.blocked {
		c.blocked = true
		r.blocked = append(r.blocked, c)
		r.retryIn = firstWait
	}
}

// pump sends what waits, as far as links take it, until the slice is over.
func (r *room) pump(w *worker, started time.Time) {
	if len(r.blocked) == 0 {
		return
	}
	blocked := r.blocked
	r.blocked = nil
	sent := false
	for i, c := range blocked {
		if time.Since(started) > slice {
			r.blocked = append(r.blocked, blocked[i:]...)
			sent = true // would have been
			break
		}
		before := len(c.queue)
		switch {
		case c.link.Over() || c.slow:
			c.blocked, c.queue, c.waiting, c.whole = false, nil, 0, 0 // Lost is on its way
		case c.pump(r, w):
			r.blocked = append(r.blocked, c)
		default:
			c.blocked = false
		}
		sent = sent || len(c.queue) != before
	}
	if r.retryIn = min(2*r.retryIn, longWait); sent {
		r.retryIn = firstWait
	}
}

// pump sends what waits for one client. It reports whether something is left.
func (c *conn) pump(r *room, w *worker) bool {
	for len(c.queue) > 0 {
		s := c.queue[0]
		if !c.takes(r, len(s.Body)) {
			return true
		}
		if s.Whole {
			c.whole -= len(s.Body)
		} else {
			c.waiting -= len(s.Body) + schema.HeaderSize
		}
		c.queue[0] = canvas.Send{}
		c.queue = c.queue[1:]
		c.write(r, w, &s)
	}
	c.queue = nil
	return false
}

// offer is Outbox.Offer.
func (r *room) offer(id canvas.Conn, head schema.Header, body []byte) bool {
	c := r.conns[id]
	if c == nil || c.raw != nil || !c.opened || len(c.queue) > 0 {
		return false
	}
	if !c.link.Offer(head, body) {
		return false
	}
	c.touch(r)
	return true
}

// backlog is Outbox.Backlog.
func (r *room) backlog(id canvas.Conn) int {
	c := r.conns[id]
	if c == nil {
		return 0
	}
	return c.waiting + c.whole + c.link.Pending()
}

// dismiss tells the client that its room has failed.
func (c *conn) dismiss(why *schema.Error) {
	b := schema.NewBuilder()
	switch {
	case c.raw != nil:
		c.link.Close(why.Code, why.Message)
	case c.opened:
		c.link.Message(schema.Header{Kind: schema.KindLeft}, b.Left(why.Code, why.Message))
	default: // its Open waits for an answer
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
	c.queue, c.waiting, c.whole = nil, 0, 0
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
