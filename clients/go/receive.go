package client

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// read handles messages until the connection ends, and says why it did.
func (c *Client) read(t Transport) error {
	for {
		msg, err := t.Read()
		if err != nil {
			return err
		}
		now := time.Now()
		c.heard.Store(int64(now.Sub(c.start)))
		c.send.received(len(msg))
		head, body, err := verified(msg)
		if err != nil {
			return fmt.Errorf("read a message: %w", err)
		}
		if err := c.dispatch(head, body, now); err != nil {
			return err
		}
		c.overdue(now)
	}
}

// dispatch handles one verified message. An error ends the connection.
func (c *Client) dispatch(head schema.Header, body []byte, now time.Time) error {
	switch head.Kind {
	case schema.KindJoined:
		return c.joined(head, fb.GetRootAsJoined(body, 0), now)
	case schema.KindPing:
		p := fb.GetRootAsPing(body, 0)
		return c.pong(p.Id(), p.Time())
	case schema.KindPong:
		c.ponged(fb.GetRootAsPong(body, 0), now)
		return nil
	case schema.KindClose:
		m := fb.GetRootAsClose(body, 0)
		return &schema.Error{Code: schema.Code(m.Code()), Message: string(m.Message())}
	case schema.KindError:
		c.refused(head, fb.GetRootAsError(body, 0))
		return nil
	case schema.KindOpened:
		m := fb.GetRootAsOpened(body, 0)
		if c.openedSeat(head, m) {
			return nil
		}
		return c.openedRecords(head, m)
	}
	c.mu.Lock()
	room, records, seat := c.rooms[head.Handle], c.records[head.Handle], c.seats.byHandle[head.Handle]
	c.mu.Unlock()
	if seat != nil {
		seat.message(head, body)
		return nil
	}
	if records != nil {
		return records.recordMessage(head, body)
	}
	if room == nil {
		return nil // a membership that was left while this was on its way
	}
	switch head.Kind {
	case schema.KindState:
		m := fb.GetRootAsState(body, 0)
		room.frame(stateFrame{
			head: head, tick: m.Tick(), age: m.Age(), part: int(m.Part()), parts: int(m.Parts()),
			payload: m.PayloadBytes(), size: schema.HeaderSize + len(body), arrived: now,
		})
		room.backlog.release(room, now, false)
	case schema.KindOwner:
		room.backlog.take(room, head.Kind, fb.GetRootAsOwner(body, 0).Tick(), body, now)
	case schema.KindEvents:
		room.backlog.take(room, head.Kind, fb.GetRootAsEvents(body, 0).Tick(), body, now)
	case schema.KindMessage:
		room.backlog.take(room, head.Kind, fb.GetRootAsMessage(body, 0).Tick(), body, now)
	case schema.KindTiming:
		m := fb.GetRootAsTiming(body, 0)
		room.clock.timed(int(m.Margin()), int(m.Missing()))
	case schema.KindLeft:
		m := fb.GetRootAsLeft(body, 0)
		room.backlog.release(room, now, true)
		c.forget(head.Handle)
		room.end(&schema.Error{Code: schema.Code(m.Code()), Message: string(m.Message())})
	}
	return nil // unknown kinds are a newer server's, and may be ignored
}

// overdue lets go of what has waited too long for its frame.
func (c *Client) overdue(now time.Time) {
	if !c.send.lossy.Load() {
		return
	}
	c.late = c.late[:0]
	c.mu.Lock()
	for _, room := range c.rooms {
		if room.backlog.waits() {
			c.late = append(c.late, room)
		}
	}
	c.mu.Unlock()
	for _, room := range c.late {
		room.backlog.release(room, now, false)
	}
}

// pong answers a Ping, or says on its own (id 0) what has been applied.
func (c *Client) pong(id uint32, sent uint64) error {
	var space [4]schema.Applied
	applied := space[:0]
	c.mu.Lock()
	for handle, room := range c.rooms {
		applied = append(applied, schema.Applied{Handle: handle, Tick: room.applied.Load()})
	}
	c.mu.Unlock()
	return c.send.pong(schema.PongInfo{ID: id, Time: sent, Applied: applied})
}

// ponged measures the round trip.
func (c *Client) ponged(p *fb.Pong, now time.Time) {
	sample := now.Sub(c.start) - time.Duration(p.Time())*time.Microsecond
	if sample < 0 || sample > time.Minute {
		return // an answer to nothing that was asked
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rtt += (sample - c.rtt) / 4
	for _, room := range c.rooms {
		room.clock.setRTT(c.rtt)
	}
}

// refused handles the server's answer to one message of this client. With the
// handle of a room that it is in, that was an input; else a Join, which may
// have got a handle before it was refused.
func (c *Client) refused(head schema.Header, m *fb.Error) {
	c.stats.errors.Add(1)
	e := &schema.Error{Code: schema.Code(m.Code()), Request: m.Request(), Message: string(m.Message())}
	c.mu.Lock()
	room, records, at := c.rooms[head.Handle], c.records[head.Handle], c.seats.byHandle[head.Handle]
	var call *joinCall
	var open *RecordRoom
	var entering *seat
	if room == nil && records == nil && at == nil {
		call, open, entering = c.calls[e.Request], c.opens[e.Request], c.seats.entering[e.Request]
		delete(c.calls, e.Request)
		delete(c.opens, e.Request)
		delete(c.seats.entering, e.Request)
	}
	c.mu.Unlock()
	switch {
	case room != nil:
		room.refused(e)
	case records != nil:
		records.refused(e)
	case at != nil:
		at.refused(e)
	case open != nil:
		open.openRefused(e)
	case entering != nil:
		entering.enterRefused(e)
	case call != nil:
		c.joinRefused(call, e)
	default:
		c.log.Info("the server refused a message", "error", e)
	}
}

func (c *Client) forget(handle uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.rooms, handle)
}
