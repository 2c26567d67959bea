package whiteboard

import (
	"encoding/json"
	"strconv"

	"github.com/parlor-server/parlor/canvas/board"
)

// How shapes look in the SVG that the server writes: as on light paper on the
// page, but that lines of words break only where their authors break them:
// measuring letters takes a browser.

const (
	leading = 1.25 // of a line of words, in letters
	letters = `system-ui, "Segoe UI", Roboto, sans-serif`
	paper   = "#ffffff" // of a frame
	edge    = "#c3cad8"
	grey    = "#6b7589"
	black   = "#262218" // words on a note
)

// tone is one colour: of lines, of a light and a full filling, of a note's paper.
type tone struct{ line, soft, solid, note string }

func toneOf(color string) tone {
	switch color {
	case "grey":
		return tone{"#747e92", "#eff1f5", "#98a2b4", "#e9ebf0"}
	case "red":
		return tone{"#d83a42", "#fde3e2", "#e8595f", "#ffb9b3"}
	case "orange":
		return tone{"#dc6b14", "#fde8d3", "#f08a3a", "#ffcf9b"}
	case "yellow":
		return tone{"#c08a00", "#fdf3cb", "#f2bd2c", "#ffe484"}
	case "green":
		return tone{"#2a9150", "#dcf3e2", "#47ad69", "#bcebc1"}
	case "teal":
		return tone{"#0c8c83", "#d5f2ef", "#2fb0a4", "#aeebe2"}
	case "blue":
		return tone{"#2d6adb", "#e0eafd", "#5089ee", "#bcd7fc"}
	case "violet":
		return tone{"#7b4fd3", "#eae2fb", "#9571e4", "#dbcafb"}
	case "pink":
		return tone{"#cc3c8a", "#fce2f0", "#e063a6", "#fcc7e1"}
	}
	return tone{"#1d2433", "#e7eaf0", "#3b4457", "#dfe3ea"}
}

// look is what a style means.
type look struct {
	tone
	width, size       float64 // of lines, of letters
	fill, words, dash string
}

func lookOf(s board.View) look {
	var style Style
	_ = json.Unmarshal(s.Style, &style) // it was checked when it came; none is the usual look
	l := look{tone: toneOf(style.Color), width: 3.5, size: 22, fill: "none", dash: "none"}
	l.words = l.tone.line
	switch style.Size {
	case "s":
		l.width, l.size = 2, 16
	case "l":
		l.width, l.size = 6, 32
	case "xl":
		l.width, l.size = 11, 52
	}
	switch style.Fill {
	case "soft":
		l.fill = l.soft
	case "solid":
		l.fill, l.words = l.solid, "#ffffff"
	}
	if style.Dash == "dashed" {
		l.dash = decimal(l.width*2.2) + " " + decimal(l.width*2.4)
	}
	return l
}

// outline draws an element with the look's line.
func (l look) outline(p *board.Picture, name string, attributes ...any) {
	p.Element(name, append(attributes, "stroke", l.line, "stroke-width", l.width, "stroke-linecap", "round",
		"stroke-linejoin", "round", "stroke-dasharray", l.dash)...)
}

// label writes words in the middle of a box.
func label(p *board.Picture, s board.View, size float64, color string) {
	n := float64(lines(s.Text))
	p.Lines(s.Text, s.Geo.W/2, s.Geo.H/2-(n-1)*size*leading/2, size*leading, "text-anchor", "middle",
		"dominant-baseline", "central", "font-family", letters, "font-size", size, "font-weight", 500, "fill", color)
}

func lines(text string) int {
	n := 1
	for _, r := range text {
		if r == '\n' {
			n++
		}
	}
	return n
}

// Draw draws the stroke through the middles between its points, bent by them.
func (p *Pen) Draw(pic *board.Picture, s board.View) {
	at := func(i int) string {
		return decimal(float64(p.Points[2*i])/Grain*s.Geo.W) + " " + decimal(float64(p.Points[2*i+1])/Grain*s.Geo.H)
	}
	between := func(i int) string {
		x, y := p.Points[2*i]+p.Points[2*i+2], p.Points[2*i+1]+p.Points[2*i+3]
		return decimal(float64(x)/2/Grain*s.Geo.W) + " " + decimal(float64(y)/2/Grain*s.Geo.H)
	}
	last := len(p.Points)/2 - 1
	path := "M" + at(0)
	for i := 1; i < last; i++ {
		path += "Q" + at(i) + " " + between(i)
	}
	lookOf(s).outline(pic, "path", "d", path+"L"+at(last), "fill", "none")
}

// Draw draws the rectangle and its words.
func (*Rect) Draw(p *board.Picture, s board.View) {
	l := lookOf(s)
	l.outline(p, "rect", "width", s.Geo.W, "height", s.Geo.H, "rx", min(8, s.Geo.W/2, s.Geo.H/2), "fill", l.fill)
	label(p, s, l.size, l.words)
}

// Draw draws the ellipse and its words.
func (*Ellipse) Draw(p *board.Picture, s board.View) {
	l, rx, ry := lookOf(s), s.Geo.W/2, s.Geo.H/2
	l.outline(p, "ellipse", "cx", rx, "cy", ry, "rx", rx, "ry", ry, "fill", l.fill)
	label(p, s, l.size, l.words)
}

// Draw draws the arrow, from left to right.
func (*Arrow) Draw(p *board.Picture, s board.View) {
	l, w := lookOf(s), s.Geo.W
	head := min(8+3*l.width, w*0.6)
	l.outline(p, "path", "d", "M0 0H"+decimal(w), "fill", "none")
	l.dash = "none"
	x, y := decimal(w-head), decimal(head*0.55)
	l.outline(p, "path", "d", "M"+x+" -"+y+"L"+decimal(w)+" 0L"+x+" "+y, "fill", "none")
}

// Draw writes the text as large as its box is high.
func (*Text) Draw(p *board.Picture, s board.View) {
	line := s.Geo.H / float64(lines(s.Text))
	p.Lines(s.Text, 0, line/2, line, "dominant-baseline", "central", "font-family", letters,
		"font-size", line/leading, "font-weight", 500, "fill", lookOf(s).line)
}

// Draw draws the paper and what is written on it.
func (*Note) Draw(p *board.Picture, s board.View) {
	l := lookOf(s)
	p.Element("rect", "width", s.Geo.W, "height", s.Geo.H, "rx", 6, "fill", l.note)
	label(p, s, l.size, black)
}

// Draw refers to the image.
func (i *Image) Draw(p *board.Picture, s board.View) {
	p.Element("image", "href", i.Src, "width", s.Geo.W, "height", s.Geo.H, "preserveAspectRatio", "none")
}

// Draw draws the paper and the title above it.
func (*Frame) Draw(p *board.Picture, s board.View) {
	p.Element("rect", "width", s.Geo.W, "height", s.Geo.H, "fill", paper, "stroke", edge)
	p.Lines(s.Text, 1, -6, 13*leading, "font-family", letters, "font-size", 13, "font-weight", 600, "fill", grey)
}

// decimal is a number as SVG's attributes have it.
func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 32) }
