package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
)

// Op is one change of an edit, made by AddShape, PatchShape, RemoveShapes,
// OrderShapes, GroupShapes, UngroupShapes and SetBoard.
type Op struct {
	name  string
	value any
	err   error                   // why it cannot be made
	shows func(p *boardPredicted) // what it will do to shapes; nil: that is not known
}

// ShapePatch is what PatchShape changes of a shape: what is nil stays.
type ShapePatch struct {
	Geo    *Geo           `json:"geo,omitempty"`
	Style  map[string]any `json:"style,omitempty"` // these members; nil removes one
	Props  map[string]any `json:"props,omitempty"` // the same
	Index  *string        `json:"index,omitempty"`
	Parent *string        `json:"parent,omitempty"`
	Text   *string        `json:"text,omitempty"`
	Locked *bool          `json:"locked,omitempty"`
}

// OrderTo is where OrderShapes puts shapes among their siblings.
type OrderTo string

// The places.
const (
	Front    OrderTo = "front"
	Back     OrderTo = "back"
	Forward  OrderTo = "forward"
	Backward OrderTo = "backward"
)

// AddShape adds a shape, in front of its siblings unless it has an index. Its ID
// is the caller's choice: NewID makes one.
func AddShape(s Shape) Op {
	op := Op{name: "add", value: s}
	if s.ID == "" || s.Kind == "" {
		op.err = errors.New("a new shape needs an ID, such as NewID gives, and a kind")
	}
	op.shows = func(p *boardPredicted) {
		if p.shape(s.ID) == nil {
			added := s
			added.By = p.user
			p.set(s.ID, &added)
		}
	}
	return op
}

// PatchShape changes keys of a shape.
func PatchShape(id string, change ShapePatch) Op {
	op := Op{name: "patch", value: struct {
		ID string `json:"id"`
		ShapePatch
	}{id, change}}
	style, err1 := members(change.Style)
	props, err2 := members(change.Props)
	op.err = errors.Join(err1, err2)
	op.shows = func(p *boardPredicted) {
		old := p.shape(id)
		if old == nil {
			return
		}
		s := *old
		replace(&s.Geo, change.Geo)
		replace(&s.Index, change.Index)
		replace(&s.Parent, change.Parent)
		replace(&s.Text, change.Text)
		replace(&s.Locked, change.Locked)
		s.Style, s.Props = merged(s.Style, style), merged(s.Props, props)
		p.set(id, &s)
	}
	return op
}

// RemoveShapes removes shapes with all that is in them. One that is gone
// already is no error.
func RemoveShapes(ids ...string) Op {
	return Op{name: "remove", value: ids, shows: func(p *boardPredicted) {
		for _, id := range ids {
			p.remove(id)
		}
	}}
}

// OrderShapes moves shapes among their siblings; several keep their order.
func OrderShapes(to OrderTo, ids ...string) Op {
	return Op{name: "order", value: struct {
		IDs []string `json:"ids"`
		To  OrderTo  `json:"to"`
	}{ids, to}}
}

// GroupShapes puts siblings into a new group with the ID group.
func GroupShapes(group string, ids ...string) Op {
	return Op{name: "group", value: struct {
		ID  string   `json:"id"`
		IDs []string `json:"ids"`
	}{group, ids}}
}

// UngroupShapes puts what is in groups where these were.
func UngroupShapes(groups ...string) Op { return Op{name: "ungroup", value: groups} }

// SetBoard changes a setting of the board as a whole: any value of JSON; nil
// removes it.
func SetBoard(key string, value any) Op {
	return Op{name: "board", value: map[string]any{key: value}}
}

// encodeEdit is an edit's arguments (W8).
func encodeEdit(gesture uint32, ops []Op) ([]byte, error) {
	list := make([]map[string]any, len(ops))
	for i, op := range ops {
		if op.err == nil && op.name == "" {
			op.err = errors.New("an empty Op: make one with AddShape and its like")
		}
		if op.err != nil {
			return nil, fmt.Errorf("ops[%d]: %w", i, op.err)
		}
		list[i] = map[string]any{op.name: op.value}
	}
	args, err := json.Marshal(map[string]any{"gesture": gesture, "ops": list})
	if err != nil {
		return nil, fmt.Errorf("encode an edit: %w", err)
	}
	return args, nil
}

// members are an object's, as JSON.
func members(object map[string]any) (map[string]json.RawMessage, error) {
	list := make(map[string]json.RawMessage, len(object))
	for key, value := range object {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		list[key] = text
	}
	return list, nil
}

// merged is an object with changed members; null removes one.
func merged(object json.RawMessage, change map[string]json.RawMessage) json.RawMessage {
	if len(change) == 0 {
		return object
	}
	all := make(map[string]json.RawMessage)
	if len(object) > 0 && json.Unmarshal(object, &all) != nil {
		return object // the server will know
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	text, err := json.Marshal(all)
	if err != nil {
		return object
	}
	return text
}

// boardPredicted is the board as this client believes it will be. It is valid
// while edits are replayed, with the seat's mu held.
type boardPredicted struct {
	b    *Board
	user string
}

func (p *boardPredicted) shape(id string) *Shape {
	if s, edited := p.b.own[id]; edited {
		return s
	}
	return p.b.shapes[id]
}

func (p *boardPredicted) set(id string, s *Shape) { p.b.own[id] = s }

// remove takes a shape away with all that is in it.
func (p *boardPredicted) remove(id string) {
	if p.shape(id) == nil {
		return
	}
	p.set(id, nil)
	var inside []string
	for child, s := range p.b.shapes {
		if s.Parent == id {
			inside = append(inside, child)
		}
	}
	for child, s := range p.b.own {
		if s != nil && s.Parent == id {
			inside = append(inside, child)
		}
	}
	for _, child := range inside {
		if s := p.shape(child); s != nil && s.Parent == id {
			p.remove(child)
		}
	}
}
