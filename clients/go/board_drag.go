package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Place is where a drag has brought a shape.
type Place struct {
	ID  string
	Geo Geo
}

// drag is where somebody else has a shape.
type drag struct {
	member uint32
	geo    Geo
}

// Gesture is what one movement of a hand does: its edits and drags are one step
// of undo. Any goroutine may use it.
type Gesture struct {
	b      *Board
	number uint32

	// The seat's mu guards what follows.
	places map[string]Geo      // where its drag has shapes
	moved  map[string]struct{} // of them, what is to be sent
	phase  uint8               // of schema's
	told   bool                // the server has been told of the end
}

// dragLog is what is being dragged. The seat's mu guards it.
type dragLog struct {
	others   map[string]drag
	own      []*Gesture // with places, in the order of their first drag
	gestures uint32     // the last number used
	sent     time.Time
	every    time.Duration // 0: the room is not open
	timer    *time.Timer
}

// Gesture begins edits and drags that are one step of undo.
func (b *Board) Gesture() *Gesture {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drags.gestures++
	return &Gesture{b: b, number: b.drags.gestures, places: make(map[string]Geo), moved: make(map[string]struct{})}
}

// Edit changes the board within the gesture.
func (g *Gesture) Edit(ops ...Op) (*Pending, error) {
	args, err := encodeEdit(g.number, ops)
	if err != nil {
		return nil, err
	}
	return g.b.ask("edit", args, slices.Clone(ops))
}

// Drag moves shapes for as long as the gesture lasts: everybody sees it, at the
// board's rate; the newest place of each shape wins. It is kept when the gesture
// ends, or rests for half a second.
func (g *Gesture) Drag(places ...Place) error {
	for _, p := range places {
		if !p.Geo.finite() {
			return fmt.Errorf("drag %s: numbers must be finite", p.ID)
		}
	}
	b := g.b
	b.mu.Lock()
	if g.phase != schema.DragOn || b.ended != nil {
		b.mu.Unlock()
		return errors.New("the gesture is over: begin another with Board.Gesture")
	}
	if len(g.places) == 0 && !slices.Contains(b.drags.own, g) {
		b.drags.own = append(b.drags.own, g)
	}
	changed := make(map[string]struct{}, len(places))
	for _, p := range places {
		g.places[p.ID] = p.Geo
		g.moved[p.ID], changed[p.ID] = struct{}{}, struct{}{}
	}
	b.tellChange(changed)
	b.mu.Unlock()
	b.push()
	return nil
}

func (g Geo) finite() bool {
	for _, x := range [...]float64{g.X, g.Y, g.W, g.H, g.R} {
		if f := float64(float32(x)); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

// End keeps the last places: if the connection is lost before the server has
// said so, they become an edit.
func (g *Gesture) End() { g.over(schema.DragEnd) }

// Cancel puts the shapes back where they were.
func (g *Gesture) Cancel() { g.over(schema.DragCancel) }

func (g *Gesture) over(phase uint8) {
	b := g.b
	b.mu.Lock()
	if g.phase == schema.DragOn && slices.Contains(b.drags.own, g) {
		g.phase = phase
		if b.handle == 0 {
			b.settle(g)
		}
	}
	b.mu.Unlock()
	b.push()
}

// settle makes an edit of a gesture that ended without the server, or forgets
// one that was given up; mu is held.
func (b *Board) settle(g *Gesture) {
	b.drags.own = slices.DeleteFunc(b.drags.own, func(o *Gesture) bool { return o == g })
	changed := make(map[string]struct{})
	for id := range g.places {
		changed[id] = struct{}{}
	}
	if g.phase == schema.DragEnd {
		var ops []Op
		for _, id := range slices.Sorted(maps.Keys(g.places)) {
			geo := g.places[id]
			ops = append(ops, PatchShape(id, ShapePatch{Geo: &geo}))
		}
		if args, err := encodeEdit(g.number, ops); err == nil {
			if _, err := b.add("edit", args, ops); err != nil {
				b.c.log.Warn("what was dragged is lost", "room", b.name, "error", err)
			}
		}
	}
	b.tellChange(changed)
}

// loseDrags forgets what is dragged on a connection that is lost; mu is held.
func (b *Board) loseDrags() {
	l := &b.drags
	changed := make(map[string]struct{})
	for id := range l.others {
		changed[id] = struct{}{}
	}
	clear(l.others)
	l.stop()
	for _, g := range slices.Clone(l.own) {
		if g.phase != schema.DragOn {
			b.settle(g)
			continue
		}
		for id := range g.places { // it goes on when the connection is back
			g.moved[id] = struct{}{}
		}
	}
	b.tellChange(changed)
}

func (l *dragLog) begin(hz int) { l.every = time.Second / time.Duration(max(hz, 1)) }

func (l *dragLog) stop() {
	l.every = 0
	if l.timer != nil {
		l.timer.Stop()
	}
}

// of is where a drag has the shape.
func (l *dragLog) of(id string) (geo Geo, ok bool) {
	for i := len(l.own) - 1; i >= 0; i-- {
		if geo, ok := l.own[i].places[id]; ok && l.own[i].phase != schema.DragCancel {
			return geo, true
		}
	}
	d, ok := l.others[id]
	return d.geo, ok
}

// take is what is to be sent of drags now; mu is held.
func (l *dragLog) take(b *Board, now time.Time) []message {
	if l.every == 0 {
		return nil
	}
	due := l.sent.Add(l.every)
	var list []message
	waits := false
	for _, g := range slices.Clone(l.own) {
		switch {
		case g.told || g.phase == schema.DragOn && len(g.moved) == 0:
		case g.phase == schema.DragOn && now.Before(due):
			waits = true
		default:
			list = append(list, g.message())
			l.sent = now
			if g.told = g.phase != schema.DragOn; g.phase == schema.DragCancel {
				b.settle(g)
			}
		}
	}
	if waits {
		if l.timer == nil {
			l.timer = time.AfterFunc(due.Sub(now), b.push)
		} else {
			l.timer.Reset(due.Sub(now))
		}
	}
	return list
}

// message is the gesture's next Drag: what has moved, at its end all.
func (g *Gesture) message() message {
	ids := g.moved
	var payload []byte
	switch g.phase {
	case schema.DragOn:
		payload = appendPlaces(nil, maps.Keys(ids), g.places)
	case schema.DragEnd:
		payload = appendPlaces(nil, maps.Keys(g.places), g.places)
	}
	g.moved = make(map[string]struct{})
	number, phase := g.number, g.phase
	return message{schema.KindDrag, func(b *schema.Builder) []byte { return b.Drag(number, phase, payload) }}
}

// dragged takes a Drags (W12); mu is held.
func (b *Board) dragged(payload []byte, whole bool) error {
	l := &b.drags
	changed := make(map[string]struct{})
	mine := make(map[string]bool) // that this client drags, as the server knows
	if whole {
		for id := range l.others {
			changed[id] = struct{}{}
		}
		clear(l.others)
	}
	r := dragReader{payload}
	for len(r.rest) > 0 {
		op, member, id, geo, err := r.next()
		switch {
		case err != nil:
			return err
		case op == dragEnded:
			delete(l.others, id)
			l.landed(id)
		case member == b.member:
			mine[id] = true
			continue
		default:
			l.others[id] = drag{member, geo}
		}
		changed[id] = struct{}{}
	}
	if whole {
		for _, g := range slices.Clone(l.own) {
			for id := range g.places {
				if g.told && !mine[id] {
					changed[id] = struct{}{}
					l.landed(id)
				}
			}
		}
	}
	b.tellChange(changed)
	return nil
}

// landed takes a shape out of gestures of which the server knows the end.
func (l *dragLog) landed(id string) {
	for _, g := range l.own {
		if g.told {
			delete(g.places, id)
		}
	}
	l.own = slices.DeleteFunc(l.own, func(g *Gesture) bool { return g.told && len(g.places) == 0 })
}

// The entries of a Drags.
const (
	dragMoves = 1
	dragEnded = 2
)

// appendPlaces appends entries of a Drag (W11).
func appendPlaces(dst []byte, ids iter.Seq[string], places map[string]Geo) []byte {
	for _, id := range slices.Sorted(ids) {
		dst = append(binary.AppendUvarint(dst, uint64(len(id))), id...)
		g := places[id]
		for _, x := range [...]float64{g.X, g.Y, g.W, g.H, g.R} {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(x)))
		}
	}
	return dst
}

// dragReader reads the payload of a Drags.
type dragReader struct{ rest []byte }

var errDrags = errors.New("a Drags that is cut short or has an unknown entry")

func (r *dragReader) next() (op byte, member uint32, id string, geo Geo, err error) {
	op, r.rest = r.rest[0], r.rest[1:]
	if op != dragMoves && op != dragEnded {
		return 0, 0, "", geo, errDrags
	}
	if op == dragMoves {
		n, ok := r.uvarint()
		if !ok || n > math.MaxUint32 {
			return 0, 0, "", geo, errDrags
		}
		member = uint32(n)
	}
	n, ok := r.uvarint()
	if !ok || n > uint64(len(r.rest)) {
		return 0, 0, "", geo, errDrags
	}
	id, r.rest = string(r.rest[:n]), r.rest[n:]
	if op == dragEnded {
		return op, 0, id, geo, nil
	}
	if len(r.rest) < 20 {
		return 0, 0, "", geo, errDrags
	}
	for i, x := range [...]*float64{&geo.X, &geo.Y, &geo.W, &geo.H, &geo.R} {
		*x = float64(math.Float32frombits(binary.LittleEndian.Uint32(r.rest[4*i:])))
	}
	r.rest = r.rest[20:]
	return op, member, id, geo, nil
}

func (r *dragReader) uvarint() (n uint64, ok bool) {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		return 0, false
	}
	r.rest = r.rest[size:]
	return n, true
}
