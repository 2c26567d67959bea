// Package whiteboard is a board that people draw on together: what may be on
// it, and who may do what. This file is all of its rules; how shapes look in
// the server's SVG is in picture.go, and the page is in web.
//
// Moving, ordering, grouping, locking, undo, history, cursors and drags are the
// same for every board, and come with package board.
package whiteboard

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
)

// Room is the definition of the boards.
func Room() board.Room {
	return board.Room{
		Kinds: []board.Kind{
			board.Shape[Pen]("pen"),
			board.Shape[Rect]("rect"),
			board.Shape[Ellipse]("ellipse"),
			board.Shape[Arrow]("arrow"),
			board.Shape[Text]("text"),
			board.Shape[Note]("note"),
			board.Shape[Image]("image"),
			board.Frame[Frame]("frame"), // holds others, and cuts them off at its edges
		}, // groups are on every board
		Style: board.StyleOf[Style](),
		Role:  role,
	}
}

// Grain is how fine a pen's points are: its box is so many units wide and high.
const Grain = 10_000

const (
	maxPoints  = 2_000  // of a pen's stroke
	maxAddress = 48_000 // bytes of an image's address: a small image fits in
)

// A shape's geo says where it is and how large, its text what is written on it.
// Its props, which are these structs, are what only its kind has.
type (
	// Pen is a stroke by hand.
	Pen struct {
		Points []int `json:"points"` // x and y in turn, from 0 to Grain: the box may be resized
	}
	// Rect is a rectangle with words in its middle.
	Rect struct{}
	// Ellipse fills its box, with words in its middle.
	Ellipse struct{}
	// Arrow is a box without height, turned as it points: from its left end to its right one.
	Arrow struct{}
	// Text breaks its lines where its author does; its box says how large it is.
	Text struct{}
	// Note is a sticky note. Its words shrink until they fit.
	Note struct{}
	// Image is shown from where it lies.
	Image struct {
		Src string `json:"src"` // http:, https: or data:image/
	}
	// Frame is a part of the paper with a title: its text.
	Frame struct{}
)

// Style is how a shape looks. What is empty is as the page likes it.
type Style struct {
	Color string `json:"color,omitempty"` // one of Colors; the page knows how it looks on light and on dark paper
	Size  string `json:"size,omitempty"`  // of line and letters
	Fill  string `json:"fill,omitempty"`
	Dash  string `json:"dash,omitempty"`
}

// Colors are the names of the colours.
func Colors() []string {
	return []string{"ink", "grey", "red", "orange", "yellow", "green", "teal", "blue", "violet", "pink"}
}

// Validate is asked before a style counts.
func (s *Style) Validate() error {
	return errors.Join(
		oneOf("color", s.Color, Colors()...),
		oneOf("size", s.Size, "s", "m", "l", "xl"),
		oneOf("fill", s.Fill, "none", "soft", "solid"),
		oneOf("dash", s.Dash, "solid", "dashed"),
	)
}

func oneOf(field, value string, values ...string) error {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%s is one of %s", field, strings.Join(values, ", "))
}

// Validate refuses strokes that no page draws.
func (p *Pen) Validate() error {
	n := len(p.Points)
	if n < 2 || n%2 != 0 || n > 2*maxPoints {
		return fmt.Errorf("a stroke has 1 to %d points, x and y in turn", maxPoints)
	}
	for _, v := range p.Points {
		if v < 0 || v > Grain {
			return fmt.Errorf("a stroke's points are from 0 to %d", Grain)
		}
	}
	return nil
}

// Validate lets only in what a browser shows as a picture and never runs.
func (i *Image) Validate() error {
	if len(i.Src) > maxAddress {
		return fmt.Errorf("an image's address has at most %d bytes; put larger images on the web", maxAddress)
	}
	if strings.HasPrefix(i.Src, "data:image/") {
		return nil
	}
	u, err := url.Parse(i.Src)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("an image's address begins with https://, http:// or data:image/")
	}
	return nil
}

// role lets everybody draw, but on boards whose name begins with "show-" only
// those whose token says so: the others look on.
func role(_ context.Context, room string, u canvas.User) (canvas.Role, error) {
	switch u.Claims["whiteboard"] {
	case "owner":
		return canvas.Owner, nil
	case "writer":
		return canvas.Writer, nil
	case "reader":
		return canvas.Reader, nil
	}
	if _, name, _ := strings.Cut(room, "/"); strings.HasPrefix(name, "show-") {
		return canvas.Reader, nil
	}
	return canvas.Writer, nil
}
