package board_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/persistence/store"
)

// Rect is the props of rectangles: what they have besides a place, a size, a
// style and a text.
type Rect struct {
	Radius float64 `json:"radius,omitempty"`
}

// Validate refuses what no rectangle may be.
func (r *Rect) Validate() error {
	if r.Radius < 0 {
		return errors.New("a radius is not negative")
	}
	return nil
}

// Draw makes rectangles visible in SVG.
func (r *Rect) Draw(p *board.Picture, s board.View) {
	p.Element("rect", "width", s.Geo.W, "height", s.Geo.H, "rx", r.Radius, "fill", "none", "stroke", "black")
}

// Page is the props of frames.
type Page struct {
	Title string `json:"title,omitempty"`
}

func ExampleDefine() {
	kind := board.Define("board", board.Room{
		Kinds: []board.Kind{
			board.Shape[Rect]("rect"),
			board.Frame[Page]("page"),
		},
		Role: func(ctx context.Context, room string, u canvas.User) (canvas.Role, error) {
			if u.Guest {
				return canvas.Reader, nil
			}
			return canvas.Writer, nil
		},
	})
	// parlor.Config{Canvas: []canvas.Kind{kind}} serves it.
	fmt.Println(kind.Name(), kind.Err())
	// Output: board <nil>
}

// nothing is a store without a room: the board is new.
type nothing struct{}

func (nothing) Each(store.Space, func(key, value []byte, seq uint64) error) error { return nil }

// A server works with a board within the host's Do; here it is opened by hand.
func ExampleBoard_Import() {
	kind := board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[Rect]("rect")}})
	var out canvas.Outbox
	m, err := kind.Open(nothing{}, canvas.OpenOptions{Room: "board/main", Now: time.Unix(0, 0), Client: 1}, &out)
	if err != nil {
		log.Fatal(err)
	}
	b := m.(*board.Board)
	_, err = b.Import(time.Unix(0, 0), &out, "ann", []byte(`{"shapes": [
		{"id": "one", "kind": "rect", "geo": {"x": 0, "y": 0, "w": 80, "h": 60}, "props": {"radius": 8}}
	]}`), false)
	if err != nil {
		log.Fatal(err)
	}
	_, err = b.Import(time.Unix(0, 0), &out, "ann", []byte(`{"shapes": [
		{"id": "two", "kind": "star", "geo": {}}
	]}`), false)
	fmt.Println(err)
	if err := b.Export(os.Stdout); err != nil {
		log.Fatal(err)
	}
	var picture strings.Builder
	if err := b.SVG(&picture); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(picture.String(), `rx="8"`))
	// Output:
	// NO_SUCH_SHAPE_KIND: there are no shapes of the kind "star" here
	// {"shapes":[
	// {"id":"one","kind":"rect","geo":{"x":0,"y":0,"w":80,"h":60,"r":0},"index":"a0","props":{"radius":8},"by":"ann"}
	// ],"board":{}}
	// true
}
