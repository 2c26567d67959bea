package board

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// restAfter is how long a drag may rest before it is committed.
const restAfter = 500 * time.Millisecond

// drags are the gestures that are going on. They are not in the model: what they
// move is where it was until they end (W11).
type drags struct {
	dragging []*person // that drag something
	spare    []*move   // to be used again
	fresh    int       // moves that the others have not been sent
	frame    []byte
}

// drag is a person's gesture. Who drags a shape first has it until the drag ends.
type drag struct {
	p       *person
	gesture uint32
	moves   []*move
	at      time.Time // of the last position
}

// move is where one shape is dragged to.
type move struct {
	s     *shape
	d     *drag
	geo   [5]float32
	fresh bool // not sent to the others yet
}

// stirred tells whether there is something to send.
func (b *Board) stirred() bool {
	if b.fresh > 0 {
		return true
	}
	for _, p := range b.order {
		if p.behind {
			return true
		}
	}
	return false
}

var errDrag = errors.New("a drag is entries of uvarint length, id and five float32")

// dragged takes a step of a gesture.
func (b *Board) dragged(now time.Time, p *person, m *fb.Drag, out *canvas.Outbox) error {
	payload := m.PayloadBytes()
	if !wholeEntries(payload) {
		return schema.Errorf(schema.CodeValidation, "%v", errDrag)
	}
	d, gesture := &p.drag, m.Gesture()
	if d.gesture != gesture && len(d.moves) > 0 {
		b.keep(now, p, out)
	}
	d.gesture = gesture
	var wrong error
	var not []byte // entries of W12: what this connection does not drag
	for len(payload) > 0 {
		n, size := binary.Uvarint(payload)
		id, numbers := payload[size:size+int(n)], payload[size+int(n):]
		if err := b.moveShape(p, id, numbers); err != nil && wrong == nil {
			wrong = err
		}
		if s := b.shapes[string(id)]; m.Phase() != schema.DragOn && (s == nil || s.move == nil || s.move.d != d) {
			not = appendEnded(not, string(id))
		}
		payload = numbers[geoBytes:]
	}
	if len(d.moves) > 0 {
		d.at = now
	}
	switch m.Phase() {
	case schema.DragEnd:
		b.keep(now, p, out)
	case schema.DragCancel:
		b.cancel(p, out)
	}
	if len(not) > 0 { // so that it draws them where they are
		later := b.Later(out)
		*later = append(*later, canvas.Send{Conn: p.conn, Kind: schema.KindDrags, Body: slices.Clone(b.builder.Drags(not))})
	}
	if wrong == nil || p.warned == gesture && gesture != 0 {
		return nil
	}
	p.warned = gesture
	return wrong
}

// geoBytes is the size of five float32.
const geoBytes = 20

// wholeEntries checks the lengths in a payload.
func wholeEntries(b []byte) bool {
	for len(b) > 0 {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > maxID || len(b) < size+int(n)+geoBytes {
			return false
		}
		b = b[size+int(n)+geoBytes:]
	}
	return true
}

// moveShape notes a position. It allocates nothing when the shape is dragged
// already.
func (b *Board) moveShape(p *person, id, numbers []byte) error {
	s := b.shapes[string(id)]
	if s == nil {
		return noSuchShape(string(id))
	}
	if s.move != nil && s.move.d != &p.drag {
		return nil // another has it
	}
	var geo [5]float32
	for i := range geo {
		geo[i] = math.Float32frombits(binary.LittleEndian.Uint32(numbers[4*i:]))
	}
	g := geoOf(&geo)
	if err := b.def.Limits.checkGeo(&g); err != nil {
		return in("geo", err)
	}
	if s.move == nil {
		if err := b.mayDrag(p, s); err != nil {
			return err
		}
		b.take(p, s)
	}
	s.move.geo = geo
	if !s.move.fresh {
		s.move.fresh = true
		b.fresh++
	}
	return nil
}

func (b *Board) mayDrag(p *person, s *shape) error {
	if !p.role.CanWrite() {
		return schema.Errorf(schema.CodeForbidden, "a reader of the board %s may not move shapes", b.room)
	}
	return b.may(p.user.ID, p.role, s)
}

// take gives a shape to a dragger.
func (b *Board) take(p *person, s *shape) {
	m := &move{}
	if n := len(b.spare); n > 0 {
		m, b.spare = b.spare[n-1], b.spare[:n-1]
	}
	m.s, m.d = s, &p.drag
	s.move = m
	if len(p.drag.moves) == 0 {
		b.dragging = append(b.dragging, p)
	}
	p.drag.moves = append(p.drag.moves, m)
}

func geoOf(g *[5]float32) Geo {
	return Geo{float64(g[0]) + 0, float64(g[1]) + 0, float64(g[2]) + 0, float64(g[3]) + 0, float64(g[4]) + 0}
}

// dropFreed takes the moves that were freed out of the drags: their shapes are
// gone.
func (b *Board) dropFreed() {
	for _, p := range b.dragging {
		p.drag.moves = slices.DeleteFunc(p.drag.moves, func(m *move) bool { return m.s == nil })
	}
	b.dragging = slices.DeleteFunc(b.dragging, func(p *person) bool { return len(p.drag.moves) == 0 })
}

// free forgets where a shape is dragged to; the move is used again.
func (b *Board) free(m *move) {
	if m.fresh {
		b.fresh--
	}
	m.s.move = nil
	*m = move{}
	b.spare = append(b.spare, m)
}

// keep commits what a person drags, as one edit.
func (b *Board) keep(now time.Time, p *person, out *canvas.Outbox) {
	d := &p.drag
	if len(d.moves) == 0 {
		return
	}
	e := b.begin(now, p.conn, p.user.ID, p.role)
	e.gesture, e.keep = d.gesture, true
	for _, m := range d.moves {
		if b.mayDrag(p, m.s) == nil { // it may have been locked meanwhile
			e.touch(m.s)
			m.s.geo = geoOf(&m.geo)
		}
	}
	err := e.commit(b.transact(now, out), out)
	b.cancel(p, out)
	if err != nil {
		b.refuse(p, err, out)
	}
}

// cancel ends a person's drag: what counts are the shapes. Everyone is told, in
// order behind the Delta of what was kept (W12).
func (b *Board) cancel(p *person, out *canvas.Outbox) {
	d := &p.drag
	if len(d.moves) == 0 {
		return
	}
	var payload []byte
	for _, m := range d.moves {
		payload = appendEnded(payload, m.s.id)
		b.free(m)
	}
	d.moves = d.moves[:0]
	b.dragging = slices.DeleteFunc(b.dragging, func(o *person) bool { return o == p })
	body := slices.Clone(b.builder.Drags(payload))
	later := b.Later(out)
	for _, o := range b.order {
		*later = append(*later, canvas.Send{Conn: o.conn, Kind: schema.KindDrags, Body: body})
	}
}

func appendEnded(b []byte, id string) []byte { return appendString(append(b, opEnded), id) }

// Ops of a Drags (W12).
const (
	opMoves = 1
	opEnded = 2
)

// nextRest is when a drag has rested long enough.
func (b *Board) nextRest() (next time.Time) {
	for _, p := range b.dragging {
		next = earlier(next, p.drag.at.Add(restAfter))
	}
	return next
}

// rest commits the drags that rest.
func (b *Board) rest(now time.Time, out *canvas.Outbox) {
	for i := len(b.dragging) - 1; i >= 0; i-- {
		if p := b.dragging[i]; now.Sub(p.drag.at) >= restAfter {
			b.keep(now, p, out)
		}
	}
}

// sendDrags sends what moved since the last tick, encoded once for all, and all
// there is to those who have missed something. Who is alone is sent nothing.
func (b *Board) sendDrags(out *canvas.Outbox) {
	alone := len(b.order) < 2
	var whole []*person
	for _, p := range b.order {
		if p.behind {
			whole = append(whole, p)
		}
	}
	if b.fresh > 0 {
		b.frame = b.appendMoves(b.frame[:0], false)
		if !alone {
			b.offerDrags(out)
		}
	}
	if len(whole) == 0 {
		return
	}
	b.frame = b.appendMoves(b.frame[:0], true)
	body := b.builder.Drags(b.frame)
	for _, p := range whole {
		p.behind = !alone && !out.Offer(p.conn, schema.Header{Kind: schema.KindDrags, Flags: schema.FlagWhole}, body)
	}
}

// offerDrags sends the frame to those who have all before it.
func (b *Board) offerDrags(out *canvas.Outbox) {
	body := b.builder.Drags(b.frame)
	for _, p := range b.order {
		if !p.behind {
			p.behind = !out.Offer(p.conn, schema.Header{Kind: schema.KindDrags}, body)
		}
	}
}

// appendMoves appends the moves that were not sent, or all, and takes them for
// sent.
func (b *Board) appendMoves(frame []byte, all bool) []byte {
	for _, p := range b.dragging {
		for _, m := range p.drag.moves {
			if !m.fresh && !all {
				continue
			}
			m.fresh = false
			frame = binary.AppendUvarint(append(frame, opMoves), uint64(p.member))
			frame = binary.AppendUvarint(frame, uint64(len(m.s.id)))
			frame = append(frame, m.s.id...)
			for _, f := range m.geo {
				frame = binary.LittleEndian.AppendUint32(frame, math.Float32bits(f))
			}
		}
	}
	b.fresh = 0
	return frame
}
