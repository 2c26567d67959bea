package board

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// margin is left around the shapes of an SVG.
const margin = 16

// SVG writes the board as a picture. A kind whose props have Draw is drawn by
// it, in a box at the origin of its size; others are a box with their text.
func (b *Board) SVG(w io.Writer) error {
	left, top, right, bottom := b.extent()
	p := &Picture{}
	p.Open("svg", "xmlns", "http://www.w3.org/2000/svg", "width", right-left, "height", bottom-top,
		"viewBox", fmt.Sprintf("%s %s %s %s", number(left), number(top), number(right-left), number(bottom-top)))
	b.each(func(s *shape, _ int) {
		if s.kind.name == groupKind {
			return
		}
		b.drawShape(p, s)
	})
	p.Close()
	if _, err := w.Write(append(p.b, '\n')); err != nil {
		return fmt.Errorf("failed to write the board %s as SVG: %w", b.room, err)
	}
	return nil
}

// drawShape puts one shape where it is, turned as it is.
func (b *Board) drawShape(p *Picture, s *shape) {
	g := s.geo
	place := fmt.Sprintf("translate(%s %s)", number(g.X), number(g.Y))
	if g.R != 0 {
		place += fmt.Sprintf(" rotate(%s %s %s)", number(g.R*180/math.Pi), number(g.W/2), number(g.H/2))
	}
	p.Open("g", "transform", place)
	p.base = len(p.open)
	if s.kind.draw == nil || s.kind.draw(p, s.view()) != nil {
		drawBox(p, s.view())
	}
	for len(p.open) > p.base { // what Draw has left open
		p.Close()
	}
	p.base = 0
	p.Close()
}

// drawBox is for shapes that do not draw themselves.
func drawBox(p *Picture, v View) {
	var style struct{ Color, Fill string }
	_ = json.Unmarshal(v.Style, &style) // a style that has neither is drawn black
	if style.Color == "" {
		style.Color = "black"
	}
	if style.Fill == "" {
		style.Fill = "none"
	}
	p.Element("rect", "width", v.Geo.W, "height", v.Geo.H, "fill", style.Fill, "stroke", style.Color)
	p.Lines(v.Text, 8, 20, 20, "fill", style.Color, "font-family", "sans-serif", "font-size", 16)
}

// Lines writes text, each line as an element of its own: the first one's baseline
// at x, y, the others step below each other.
func (p *Picture) Lines(text string, x, y, step float64, attributes ...any) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(text, "\n") {
		p.Text("text", line, append([]any{"x", x, "y", y}, attributes...)...)
		y += step
	}
}

// extent is the part of the page that has shapes, with a margin.
func (b *Board) extent() (left, top, right, bottom float64) {
	left, top, right, bottom = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, s := range b.shapes {
		if s.kind.name == groupKind {
			continue
		}
		x, y := s.geo.X+s.geo.W/2, s.geo.Y+s.geo.H/2
		w, h := turned(s.geo)
		left, right = min(left, x-w/2), max(right, x+w/2)
		top, bottom = min(top, y-h/2), max(bottom, y+h/2)
	}
	if left > right {
		return 0, 0, 100, 100
	}
	return left - margin, top - margin, right + margin, bottom + margin
}

// turned is the size of the upright box around a turned one.
func turned(g Geo) (w, h float64) {
	sin, cos := math.Abs(math.Sin(g.R)), math.Abs(math.Cos(g.R))
	return g.W*cos + g.H*sin, g.W*sin + g.H*cos
}

func number(f float64) string { return string(appendNumber(nil, f)) }
