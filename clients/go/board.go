package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// BoardOptions are the choices of OpenBoard.
type BoardOptions struct {
	// First is what this connection shows of itself from the start.
	First Person
}

// Person is what a connection shows of itself on a board.
type Person struct {
	Name      string // the server keeps that of a signed token
	Color     string
	X, Y      float32  // the cursor, on the page
	Selection []string // IDs of shapes
	Tool      string
	Editing   string // the ID of the shape whose text is being typed
	Laser     bool
	ViewX     float32 // the part of the page that is on the screen
	ViewY     float32
	ViewW     float32
	ViewH     float32
}

// Geo is where a shape is on the page: X, Y are the top left corner of its box
// before it is turned by R radians, clockwise, about its centre.
type Geo struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
	R float64 `json:"r"`
}

// Shape is one shape of a board. Style and Props are JSON objects, which are not
// to be changed; what Props holds is up to the kind.
type Shape struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Geo    Geo             `json:"geo"`
	Style  json.RawMessage `json:"style,omitempty"`
	Index  string          `json:"index,omitempty"` // its place among its siblings; the server gives one
	Parent string          `json:"parent,omitempty"`
	Props  json.RawMessage `json:"props,omitempty"`
	Text   string          `json:"text,omitempty"`
	By     string          `json:"by,omitempty"` // the user who added it; the server says
	Locked bool            `json:"locked,omitempty"`
}

// Board is this client's copy of a shared whiteboard: the shapes as the server
// has confirmed them, with this client's own edits that wait and everyone's
// drags on top. Edits are numbered, sent in order, kept while the connection is
// lost and done exactly once. Edits of shapes are shown at once, those of order
// and groups when the server has confirmed them. docs/canvas.md has the rules.
//
// Its methods may be called from any goroutine; callbacks run one at a time and
// must not wait.
type Board struct {
	*seat
	presence *Presence[Person]

	// The seat's mu guards what follows.
	hash     uint64 // of the descriptor
	kinds    map[string]ShapeKind
	shapes   map[string]*Shape
	settings map[string]json.RawMessage
	seq      uint64 // of shapes
	fresh    *boardSnapshot
	complete bool              // shapes are those of this stay
	own      map[string]*Shape // what edits that wait make of shapes; nil: removed
	edits    editLog
	drags    dragLog
	anew     bool // the room is to be entered again
	gaps     gaps

	onChange   callbacks[func(ids []string)]
	onRejected callbacks[func(RejectedEdit)]
}

// boardSnapshot is one whose last part has not come.
type boardSnapshot struct {
	shapes   map[string]*Shape
	settings map[string]json.RawMessage
}

// OpenBoard enters the board "kind/name" and returns when its shapes are here.
// When the server refuses, the error wraps a *schema.Error.
func OpenBoard(ctx context.Context, c *Client, room string, o BoardOptions) (*Board, error) {
	b, err := newBoard(c, room, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", room, err)
	}
	if err := b.enterAs(ctx, b); err != nil {
		return nil, err
	}
	return b, nil
}

func newBoard(c *Client, room string, o BoardOptions) (*Board, error) {
	s := newSeat(c, room)
	p, err := newPresence(s, o.First)
	if err != nil {
		return nil, err
	}
	b := &Board{seat: s, presence: p, shapes: make(map[string]*Shape), settings: make(map[string]json.RawMessage), own: make(map[string]*Shape)}
	b.edits.client = NewID()
	b.drags.others = make(map[string]drag)
	return b, nil
}

// Presence is who is on the board. Its Close leaves the board.
func (b *Board) Presence() *Presence[Person] { return b.presence }

// Shape is the shape with the ID as it is to be drawn.
func (b *Board) Shape(id string) (s Shape, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shown(id)
}

// shown lays own edits and drags over a shape; mu is held.
func (b *Board) shown(id string) (s Shape, ok bool) {
	at, edited := b.own[id]
	if !edited {
		at = b.shapes[id]
	}
	if at == nil {
		return s, false
	}
	s = *at
	if geo, ok := b.drags.of(id); ok {
		s.Geo = geo
	}
	return s, true
}

// Shapes are all shapes as they are to be drawn, in the order of index and ID,
// which counts among siblings.
func (b *Board) Shapes() []Shape {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Shape, 0, len(b.shapes)+len(b.own))
	for id := range b.shapes {
		if s, ok := b.shown(id); ok {
			list = append(list, s)
		}
	}
	for id := range b.own {
		if _, known := b.shapes[id]; !known {
			if s, ok := b.shown(id); ok {
				list = append(list, s)
			}
		}
	}
	sortShapes(list)
	return list
}

// Confirmed are all shapes as the server has confirmed them, without drags and
// edits that wait, in the order of Shapes.
func (b *Board) Confirmed() []Shape {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]Shape, 0, len(b.shapes))
	for _, s := range b.shapes {
		list = append(list, *s)
	}
	sortShapes(list)
	return list
}

// sortShapes has shapes without an index, which the server will put in front,
// last.
func sortShapes(list []Shape) {
	slices.SortFunc(list, func(a, b Shape) int {
		if (a.Index == "") != (b.Index == "") {
			return cmp.Compare(b.Index, a.Index)
		}
		return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.ID, b.ID))
	})
}

// Settings are those of the board as a whole, as the server has confirmed them.
func (b *Board) Settings() map[string]json.RawMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.settings)
}

// Seq is the number of the last change of the board that is here.
func (b *Board) Seq() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

// OnChange registers f, called with the IDs of shapes that came, went, or may
// look different.
func (b *Board) OnChange(f func(ids []string)) (cancel func()) { return b.onChange.add(f) }

// tellChange makes the callbacks about shapes due; mu is held.
func (b *Board) tellChange(ids map[string]struct{}) {
	if len(ids) == 0 || !b.onChange.some() {
		return
	}
	list := slices.Sorted(maps.Keys(ids))
	b.notify(func() {
		for f := range b.onChange.all() {
			f(list)
		}
	})
}

// boardSchema is the part of Opened.schema that this client needs.
type boardSchema struct {
	Kinds    map[string]ShapeKind `json:"kinds"`
	Presence json.RawMessage      `json:"presence"`
}

// asks implements seated.
func (b *Board) asks(info *schema.OpenInfo) {
	info.Client, info.SchemaHash, info.Cursor = b.edits.client, b.hash, b.seq
}

// entered implements seated.
func (b *Board) entered(m *fb.Opened) error {
	if text := m.SchemaBytes(); len(text) > 0 {
		var s boardSchema
		if err := json.Unmarshal(text, &s); err != nil {
			return fmt.Errorf("read the schema: %w", err)
		}
		d, err := wire.Parse(s.Presence)
		if err != nil {
			return err
		}
		if err := b.presence.use(d); err != nil {
			return err
		}
		b.hash, b.kinds = m.SchemaHash(), s.Kinds
	} else if b.hash != m.SchemaHash() || b.presence.descriptor == nil {
		return fmt.Errorf("the server names schema %016x, which this client has not got", m.SchemaHash())
	}
	b.edits.opened(b, m)
	b.presence.begin()
	b.drags.begin(b.hz)
	if b.complete = b.epoch == m.Epoch() && b.seq == m.Seq() && b.seq > 0; b.complete {
		b.isOpen()
	}
	return nil
}

// received implements seated.
func (b *Board) received(head schema.Header, body []byte) error {
	switch head.Kind {
	case schema.KindDelta:
		return b.delta(head.Flags, fb.GetRootAsDelta(body, 0))
	case schema.KindReceipt:
		b.receipt(fb.GetRootAsReceipt(body, 0))
	case schema.KindDrags:
		return b.dragged(fb.GetRootAsDrags(body, 0).PayloadBytes(), head.Flags&schema.FlagWhole != 0)
	case schema.KindReset:
		m := fb.GetRootAsReset(body, 0)
		b.c.log.Info("the board starts over", "room", b.name, "reason", string(m.Message()))
		b.epoch, b.seq, b.complete, b.fresh = m.Epoch(), 0, false, nil // a snapshot follows
	default:
		return b.presence.received(head, body)
	}
	return nil
}

// refusal implements seated.
func (b *Board) refusal(e *schema.Error) { b.presence.refusal(e) }

// lost implements seated.
func (b *Board) lost() {
	b.complete, b.fresh, b.anew = false, nil, false
	b.gaps.stop()
	b.edits.stopPause()
	b.loseDrags()
	b.presence.lost()
}

// over implements seated.
func (b *Board) over() {
	b.gaps.stop()
	b.edits.end(b.ended)
	b.drags.stop()
	b.presence.over()
}

// sendDue implements seated.
func (b *Board) sendDue(handle uint16) {
	b.mu.Lock()
	if b.anew {
		b.anew = false
		b.reopen()
		return
	}
	now := time.Now()
	due := b.presence.take(now)
	batch := b.edits.batch()
	moves := b.drags.take(b, now)
	b.mu.Unlock()
	for _, m := range batch {
		due = append(due, message{schema.KindMutate, func(f *schema.Builder) []byte { return f.Mutate(m) }})
	}
	for _, m := range append(due, moves...) { // an end of a drag goes behind everything else (W11)
		if b.c.send.record(m.kind, handle, m.build) != nil {
			return // the connection is lost: the next one begins anew
		}
	}
}
