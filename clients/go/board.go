package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// BoardOptions are the choices of OpenBoard.
type BoardOptions struct {
	// Timeout is how long Save, Versions, Restore and Clear wait for their
	// receipt; 0: 10 s.
	Timeout time.Duration
	// First is what this connection shows of itself from the start.
	First Presenter
}

// Geo is where a shape is: its position, size and rotation in radians.
type Geo struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
	R float64 `json:"r"`
}

// Shape is one shape of a board. Style and Props are JSON objects; what Props
// holds is up to the kind.
type Shape struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Geo    Geo             `json:"geo"`
	Style  json.RawMessage `json:"style,omitempty"`
	Index  string          `json:"index,omitempty"` // its place in the order; the server gives it
	Parent string          `json:"parent,omitempty"`
	Props  json.RawMessage `json:"props,omitempty"`
	Text   string          `json:"text,omitempty"`
	By     string          `json:"by,omitempty"` // the user; the server gives it
	Locked bool            `json:"locked,omitempty"`
}

// Presenter is what a connection shows of itself on a board.
type Presenter struct {
	Name, Color string
	X, Y        float32
}

// Place is where a drag has brought a shape.
type Place struct {
	ID  string
	Geo Geo
}

// Op is a part of an edit: see AddShape, PatchShape, RemoveShapes, OrderShapes,
// GroupShapes and UngroupShapes.
type Op struct{}

// Board is this client's copy of a shared whiteboard: the shapes that the
// server has confirmed, with this client's own edits that wait and everyone's
// drags on top. Edits are numbered, sent in order, kept while the connection is
// lost and done exactly once. Its methods may be called from any goroutine;
// callbacks run one at a time and must not wait.
type Board struct {
	*seat
}

// OpenBoard enters the board "kind/name" and returns when its shapes are here.
func OpenBoard(ctx context.Context, c *Client, room string, o BoardOptions) (*Board, error) {
	return nil, errors.New("not yet")
}

// Presence is who is on the board. Its Close leaves the board.
func (b *Board) Presence() *Presence[Presenter] { panic("not yet") }

// Shape is the shape with the ID as it is to be drawn.
func (b *Board) Shape(id string) (s Shape, ok bool) { panic("not yet") }

// Shapes are all shapes as they are to be drawn, from the back to the front.
func (b *Board) Shapes() []Shape { panic("not yet") }

// Confirmed are all shapes as the server has confirmed them, without drags and
// edits that wait.
func (b *Board) Confirmed() []Shape { panic("not yet") }

// OnChange registers f, called with the IDs of shapes that look different.
func (b *Board) OnChange(f func(ids []string)) (cancel func()) { panic("not yet") }

// Edit changes the board as one step of undo: all of ops or none. It is shown
// at once; the pending edit says what the server makes of it.
func (b *Board) Edit(ops ...Op) (*Pending, error) { panic("not yet") }

// Gesture begins edits and drags that are one step of undo.
func (b *Board) Gesture() *Gesture { panic("not yet") }

// Undo takes back this user's last step; Redo does it again.
func (b *Board) Undo() (*Pending, error) { panic("not yet") }

// Redo does again what Undo took back.
func (b *Board) Redo() (*Pending, error) { panic("not yet") }

// Gesture is what one movement of a hand does.
type Gesture struct{}

// Edit changes the board within the gesture.
func (g *Gesture) Edit(ops ...Op) (*Pending, error) { panic("not yet") }

// Drag moves shapes for as long as the gesture lasts: everybody sees it, at the
// board's rate, and nothing is kept. The newest place of each shape wins.
func (g *Gesture) Drag(places ...Place) { panic("not yet") }

// End keeps the last places.
func (g *Gesture) End() { panic("not yet") }

// Cancel puts the shapes back.
func (g *Gesture) Cancel() { panic("not yet") }
