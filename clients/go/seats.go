package client

import (
	"maps"
	"slices"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// seats are a client's presence rooms, boards and documents; Client.mu guards
// them.
type seats struct {
	byHandle map[uint16]*seat
	entering map[uint32]*seat   // by request number of their Open
	all      map[*seat]struct{} // those that have not ended
}

func newSeats() seats {
	return seats{make(map[uint16]*seat), make(map[uint32]*seat), make(map[*seat]struct{})}
}

// addSeat makes the room one of the client's, and asks to enter it.
func (c *Client) addSeat(s *seat) {
	c.mu.Lock()
	over := c.ctx.Err() != nil
	if !over {
		c.seats.all[s] = struct{}{}
	}
	c.mu.Unlock()
	if over {
		s.end(endOf(ErrClosed))
		return
	}
	s.open()
}

// dropSeat leaves the room at its handle, and forgets it.
func (c *Client) dropSeat(s *seat, handle uint16) {
	c.mu.Lock()
	delete(c.seats.all, s)
	delete(c.seats.byHandle, handle)
	c.mu.Unlock()
	if handle != 0 {
		_ = c.send.leave(handle, 0)
	}
}

func (c *Client) forgetSeat(handle uint16) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.seats.byHandle, handle)
}

// allSeats are the rooms that have not ended.
func (c *Client) allSeats() []*seat {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.seats.all))
}

// loseSeats takes all rooms off the lost connection.
func (c *Client) loseSeats() {
	c.mu.Lock()
	clear(c.seats.byHandle)
	clear(c.seats.entering)
	c.mu.Unlock()
	for _, s := range c.allSeats() {
		s.lost()
	}
}

// openedSeat puts the room of an Open at its handle, or tells an open one its
// new role; ok is false if the Opened is not about a seat.
func (c *Client) openedSeat(head schema.Header, m *fb.Opened) (ok bool) {
	c.mu.Lock()
	s := c.seats.entering[m.Request()]
	delete(c.seats.entering, m.Request())
	if m.Request() == 0 {
		s = c.seats.byHandle[head.Handle]
	}
	c.mu.Unlock()
	if s == nil || head.Handle == 0 {
		return false
	}
	s.mu.Lock()
	over := s.ended != nil || s.handle != 0
	if m.Request() == 0 {
		s.role = string(m.Role())
		s.mu.Unlock()
		return true
	}
	s.mu.Unlock()
	if over { // given up, or asked twice, while the answer was on its way
		_ = c.send.leave(head.Handle, 0)
		return true
	}
	c.mu.Lock()
	c.seats.byHandle[head.Handle] = s
	c.mu.Unlock()
	s.enter(head.Handle, m)
	return true
}
