package whiteboard

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/persistence/store"
)

var update = flag.Bool("update", false, "write testdata/board.svg anew, to be looked at")

func TestTheRoomCanRun(t *testing.T) {
	if err := board.Define("board", Room()).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestValidate(t *testing.T) {
	const ok = ""
	for name, c := range map[string]struct {
		shape board.Validator
		want  string // in the error
	}{
		"a dot":                {&Pen{Points: []int{0, Grain}}, ok},
		"a long stroke":        {&Pen{Points: make([]int, 2*maxPoints)}, ok},
		"no points":            {&Pen{}, "1 to 2000 points"},
		"half a point":         {&Pen{Points: []int{1, 2, 3}}, "x and y in turn"},
		"too many points":      {&Pen{Points: make([]int, 2*maxPoints+2)}, "1 to 2000 points"},
		"a point outside":      {&Pen{Points: []int{0, Grain + 1}}, "from 0 to 10000"},
		"a point left of it":   {&Pen{Points: []int{-1, 0}}, "from 0 to 10000"},
		"an image on the web":  {&Image{Src: "https://example.com/a.png?b=c"}, ok},
		"an image in itself":   {&Image{Src: "data:image/png;base64,iVBORw0KGgo="}, ok},
		"no image":             {&Image{}, "begins with https://"},
		"a script":             {&Image{Src: "javascript:alert(1)"}, "begins with https://"},
		"a page":               {&Image{Src: "data:text/html,<script>"}, "begins with https://"},
		"a file":               {&Image{Src: "file:///etc/passwd"}, "begins with https://"},
		"no host":              {&Image{Src: "https:///a.png"}, "begins with https://"},
		"a large image":        {&Image{Src: "data:image/png," + strings.Repeat("A", maxAddress)}, "at most 48000 bytes"},
		"a style":              {&Style{Color: "teal", Size: "xl", Fill: "soft", Dash: "dashed"}, ok},
		"no style":             {&Style{}, ok},
		"a colour of CSS":      {&Style{Color: "url(x)"}, "color is one of ink, grey"},
		"a size in pixels":     {&Style{Size: "12px"}, "size is one of s, m, l, xl"},
		"another filling":      {&Style{Fill: "hatched"}, "fill is one of none, soft, solid"},
		"another kind of line": {&Style{Dash: "dotted"}, "dash is one of solid, dashed"},
	} {
		err := c.shape.Validate()
		switch {
		case c.want == ok && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != ok && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestRole(t *testing.T) {
	claims := func(role string) auth.User { return auth.User{ID: "u", Claims: map[string]any{"whiteboard": role}} }
	for name, c := range map[string]struct {
		room string
		user auth.User
		want canvas.Role
	}{
		"a guest":                {"board/main", auth.User{ID: "guest-1", Guest: true}, canvas.Writer},
		"a guest at a show":      {"board/show-1", auth.User{ID: "guest-1", Guest: true}, canvas.Reader},
		"who gives the show":     {"board/show-1", claims("writer"), canvas.Writer},
		"who owns it":            {"board/main", claims("owner"), canvas.Owner},
		"who only looks":         {"board/main", claims("reader"), canvas.Reader},
		"a claim of other games": {"board/main", claims("king"), canvas.Writer},
	} {
		if got, err := role(context.Background(), c.room, c.user); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
}

// nothing is a store without a room: the board is new.
type nothing struct{}

func (nothing) Each(store.Space, func(key, value []byte, seq uint64) error) error { return nil }

func TestPicture(t *testing.T) {
	var out canvas.Outbox
	m, err := board.Define("board", Room()).Open(nothing{}, canvas.OpenOptions{Room: "board/main", Now: time.Unix(0, 0), Client: 1}, &out)
	if err != nil {
		t.Fatal(err)
	}
	shapes, err := os.ReadFile("testdata/board.json")
	if err != nil {
		t.Fatal(err)
	}
	b := m.(*board.Board)
	if _, err := b.Import(time.Unix(0, 0), &out, "ann", shapes, false); err != nil {
		t.Fatal(err)
	}
	var picture bytes.Buffer
	if err := b.SVG(&picture); err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(bytes.NewReader(picture.Bytes())); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is no XML: %v", err)
		}
	}
	if *update {
		if err := os.WriteFile("testdata/board.svg", picture.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/board.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(picture.Bytes(), want) {
		t.Errorf("the picture is another one; if it should be, run: go test ./demos/whiteboard -update\n%s", picture.Bytes())
	}
}
