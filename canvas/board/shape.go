package board

import "encoding/json"

// Geo is where a shape is, on the page, whatever its parent: X, Y are the top
// left corner of the box before it is turned by R radians, clockwise, about its
// centre.
type Geo struct {
	X float64 `json:"x"`
	Y float64 `json:"y"`
	W float64 `json:"w"`
	H float64 `json:"h"`
	R float64 `json:"r"`
}

// View is a shape to look at: a copy, but for the JSON, which is not to be
// changed.
type View struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	Geo    Geo             `json:"geo"`
	Style  json.RawMessage `json:"style,omitempty"`
	Index  string          `json:"index"`
	Parent string          `json:"parent,omitempty"`
	Props  json.RawMessage `json:"props,omitempty"`
	Text   string          `json:"text,omitempty"`
	By     string          `json:"by,omitempty"`
	Locked bool            `json:"locked,omitempty"`
}

// content is what a shape is, apart from its ID. It is always valid, but for
// props that were stored before their kind was defined as it is now.
type content struct {
	kind   *Kind
	geo    Geo
	style  string // JSON; "" is {}
	index  string
	parent string
	props  string // JSON; "" is {}
	text   string
	by     string
	locked bool
}

// shape is one of the board's.
type shape struct {
	id string
	content
	dead    bool   // removed; the same shape lives again if it is added again in the same edit
	touched uint32 // number of its change in the edit that is going on, from 1; 0: none
	move    *move  // where it is dragged to, if it is
}

// keys is a set of a shape's keys.
type keys uint16

const (
	keyKind keys = 1 << iota
	keyGeo
	keyStyle
	keyIndex
	keyParent
	keyProps
	keyText
	keyBy
	keyLocked

	allKeys = 1<<9 - 1
)

// keyNames are in the order of the bits.
var keyNames = [...]string{"kind", "geo", "style", "index", "parent", "props", "text", "by", "locked"}

// keyNamed is the key of that name, or 0.
func keyNamed(name string) keys {
	for i, k := range keyNames {
		if k == name {
			return 1 << i
		}
	}
	return 0
}

// differ are the keys in which two contents differ.
func (c *content) differ(o *content) (k keys) {
	if c.kind != o.kind {
		k |= keyKind
	}
	if c.geo != o.geo {
		k |= keyGeo
	}
	if c.style != o.style {
		k |= keyStyle
	}
	if c.index != o.index {
		k |= keyIndex
	}
	if c.parent != o.parent {
		k |= keyParent
	}
	if c.props != o.props {
		k |= keyProps
	}
	if c.text != o.text {
		k |= keyText
	}
	if c.by != o.by {
		k |= keyBy
	}
	if c.locked != o.locked {
		k |= keyLocked
	}
	return k
}

// assign takes the keys k of o.
func (c *content) assign(o *content, k keys) {
	if k&keyKind != 0 {
		c.kind = o.kind
	}
	if k&keyGeo != 0 {
		c.geo = o.geo
	}
	if k&keyStyle != 0 {
		c.style = o.style
	}
	if k&keyIndex != 0 {
		c.index = o.index
	}
	if k&keyParent != 0 {
		c.parent = o.parent
	}
	if k&keyProps != 0 {
		c.props = o.props
	}
	if k&keyText != 0 {
		c.text = o.text
	}
	if k&keyBy != 0 {
		c.by = o.by
	}
	if k&keyLocked != 0 {
		c.locked = o.locked
	}
}

// filled are the keys that are not empty.
func (c *content) filled() keys { return c.differ(&content{}) | keyKind | keyGeo | keyIndex }

// view is the shape for readers.
func (s *shape) view() View {
	return View{
		ID: s.id, Kind: s.kind.name, Geo: s.geo, Style: object(s.style), Index: s.index, Parent: s.parent,
		Props: object(s.props), Text: s.text, By: s.by, Locked: s.locked,
	}
}

func object(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(s)
}

// appendKeys appends members of a JSON object, each with a comma before it.
func (c *content) appendKeys(b []byte, k keys) []byte {
	for i, name := range keyNames {
		if k&(1<<i) == 0 {
			continue
		}
		b = append(append(append(b, ',', '"'), name...), '"', ':')
		switch keys(1 << i) {
		case keyKind:
			b = appendText(b, c.kind.name)
		case keyGeo:
			b = c.geo.append(b)
		case keyStyle:
			b = append(b, object(c.style)...)
		case keyIndex:
			b = appendText(b, c.index)
		case keyParent:
			b = appendText(b, c.parent)
		case keyProps:
			b = append(b, object(c.props)...)
		case keyText:
			b = appendText(b, c.text)
		case keyBy:
			b = appendText(b, c.by)
		case keyLocked:
			b = appendBool(b, c.locked)
		}
	}
	return b
}

// appendEntry appends the JSON of a shape, with the keys k.
func (s *shape) appendEntry(b []byte, k keys) []byte {
	b = appendText(append(b, `{"id":`...), s.id)
	return append(s.appendKeys(b, k), '}')
}

// append appends the JSON of the five numbers.
func (g Geo) append(b []byte) []byte {
	b = appendNumber(append(b, `{"x":`...), g.X)
	b = appendNumber(append(b, `,"y":`...), g.Y)
	b = appendNumber(append(b, `,"w":`...), g.W)
	b = appendNumber(append(b, `,"h":`...), g.H)
	b = appendNumber(append(b, `,"r":`...), g.R)
	return append(b, '}')
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, "true"...)
	}
	return append(b, "false"...)
}

// validID tells whether a client may name a shape so.
func validID(id string) bool {
	if len(id) == 0 || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}

const maxID = 64
