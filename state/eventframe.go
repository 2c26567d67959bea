package state

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/parlor-server/parlor/internal/bits"
)

// writePlain writes a cell by itself.
func (c *column) writePlain(w *bits.Writer, row unsafe.Pointer) {
	if c.isText() {
		w.String(*c.text(row))
		return
	}
	c.plain.write(w, &c.Column, toWire(&c.Column, c.load(row)))
}

// AppendEvents appends the events of this tick that go to all players. some is
// false, and dst as it was, if there are none.
func (s *Store) AppendEvents(dst []byte) (payload []byte, some bool) {
	n := 0
	for i := range s.sent {
		if s.sent[i].to == 0 {
			n++
		}
	}
	if n == 0 {
		return dst, false
	}
	s.writer.Reset(dst)
	s.writer.UVar(uint64(n))
	for i := range s.sent {
		if s.sent[i].to == 0 {
			s.writeEvent(&s.sent[i])
		}
	}
	return s.writer.Finish(), true
}

// EventTargets reports whether an event of this tick goes to a single player.
func (s *Store) EventTargets() bool { return len(s.targeted) > 0 }

// AppendEventsTo appends the events of this tick that go to one player only.
func (s *Store) AppendEventsTo(dst []byte, player ID) (payload []byte, some bool) {
	from, found := slices.BinarySearchFunc(s.targeted, player, func(e sentEvent, player ID) int { return cmp.Compare(e.to, player) })
	if !found {
		return dst, false
	}
	to := from
	for to < len(s.targeted) && s.targeted[to].to == player {
		to++
	}
	s.writer.Reset(dst)
	s.writer.UVar(uint64(to - from))
	for i := from; i < to; i++ {
		s.writeEvent(&s.targeted[i])
	}
	return s.writer.Finish(), true
}

func (s *Store) writeEvent(e *sentEvent) {
	s.writer.UVar(uint64(e.event))
	columns, value := s.events[e.event].at(e.item)
	for i := range columns {
		columns[i].writePlain(&s.writer, value)
	}
}
