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
