package board

import (
	"fmt"

	"github.com/parlor-server/parlor/schema"
)

// The ops of an edit (W8). Each changes the model or returns why not: an
// *invalid or a *schema.Error; then the edit is rolled back.

func noSuchShape(id string) error {
	return schema.Errorf(schema.CodeNoSuchShape, "there is no shape %q", id)
}

// find is a shape that the editor may change.
func (e *edit) find(id string) (*shape, error) {
	s := e.b.model.shapes[id]
	if s == nil {
		return nil, noSuchShape(id)
	}
	return s, e.may(s)
}

// add puts a new shape on the board. Without an index, or with one that a
// sibling has, it gets its own.
func (e *edit) add(id string, c content) error {
	s, err := e.addAs(id, c)
	if err == nil {
		e.free(s)
	}
	return err
}

// addAs adds a shape with the index that it says, also if a sibling has it.
func (e *edit) addAs(id string, c content) (*shape, error) {
	b := e.b
	switch {
	case !validID(id):
		return nil, &invalid{"id", fmt.Errorf("an id has 1 to %d printable ASCII characters, no spaces", maxID)}
	case b.shapes[id] != nil:
		return nil, schema.Errorf(schema.CodeDuplicate, "there is a shape %q already", id)
	case b.hidden[id]:
		return nil, schema.Errorf(schema.CodeDuplicate, "there is a shape %q already, of a kind that is not shown", id)
	case len(b.shapes) >= b.def.Limits.Shapes:
		return nil, schema.Errorf(schema.CodeRoomTooLarge, "the board has %d shapes, its limit: remove some", b.def.Limits.Shapes)
	}
	if err := b.def.checkContent(&c); err != nil {
		return nil, err
	}
	if err := b.checkParent(id, c.parent); err != nil {
		return nil, err
	}
	if c.index == "" {
		c.index = between(b.front(c.parent), "")
	} else if err := checkIndex(c.index); err != nil {
		return nil, &invalid{"index", err}
	}
	s := e.insert(id, c)
	e.space(s)
	return s, nil
}

// patch gives a shape the keys k of c.
func (e *edit) patch(s *shape, c *content, k keys) error {
	d := e.b.def
	if k&(keyStyle|keyProps) != 0 { // read, merged and checked as a whole
		e.work += (len(c.style) + len(c.props)) / 2
	}
	if k&keyGeo != 0 {
		if err := d.Limits.checkGeo(&c.geo); err != nil {
			return in("geo", err)
		}
	}
	if k&keyStyle != 0 {
		if err := d.checkStyle(c.style); err != nil {
			return err
		}
	}
	if k&keyProps != 0 {
		kind := s.kind
		if k&keyKind != 0 { // by an undo only
			kind = c.kind
		}
		if err := d.checkProps(kind, c.props); err != nil {
			return err
		}
	}
	if k&keyText != 0 {
		if err := d.checkText(c.text); err != nil {
			return err
		}
	}
	e.touch(s)
	s.assign(c, k&^(keyIndex|keyParent))
	if k&(keyIndex|keyParent) == 0 {
		return nil
	}
	return e.rehang(s, c, k)
}

// rehang moves a shape to the parent and index of c, as far as they are in k.
func (e *edit) rehang(s *shape, c *content, k keys) error {
	parent, index := s.parent, s.index
	if k&keyParent != 0 && c.parent != parent {
		parent = c.parent
		if err := e.b.checkParent(s.id, parent); err != nil {
			return err
		}
		index = between(e.b.model.front(parent), "")
	}
	if k&keyIndex != 0 {
		if err := checkIndex(c.index); err != nil {
			return &invalid{"index", err}
		}
		index = c.index
	}
	e.moveTo(s, parent, index)
	e.space(s)
	e.free(s)
	return nil
}

// removeAll takes a shape away with all that is in it.
func (e *edit) removeAll(s *shape) error {
	if err := e.may(s); err != nil {
		return err
	}
	for family := e.b.model.children[s.id]; len(family) > 0; family = e.b.model.children[s.id] {
		if err := e.removeAll(family[len(family)-1]); err != nil {
			return err
		}
	}
	e.remove(s)
	return nil
}

// clear removes all that may be removed: a group stays with what stays in it.
func (e *edit) clear(parent string) {
	family := e.b.model.children[parent]
	for i := len(family) - 1; i >= 0; i-- {
		s := family[i]
		e.clear(s.id)
		if len(e.b.model.children[s.id]) == 0 && e.may(s) == nil {
			e.remove(s)
		}
	}
}

// group makes siblings the children of a new group.
func (e *edit) group(id string, ids []string) error {
	if len(ids) == 0 {
		return &invalid{"ids", fmt.Errorf("a group needs shapes")}
	}
	list, err := e.siblings(ids)
	if err != nil {
		return err
	}
	front, parent := list[len(list)-1], list[0].parent
	if parent != "" {
		if depth, _ := e.b.model.depth(parent, "", e.b.def.Limits.Depth); depth+1 > e.b.def.Limits.Depth {
			return &invalid{"ids", fmt.Errorf("more than %d levels of groups", e.b.def.Limits.Depth)}
		}
	}
	if err := e.add(id, content{kind: e.b.def.kinds[groupKind], parent: parent, by: e.user, geo: e.b.def.Limits.clamp(bounds(list))}); err != nil {
		return err
	}
	index := front.index // which is free once the children are in the group
	for _, s := range list {
		if err := e.b.checkParent(s.id, id); err != nil {
			return err
		}
	}
	e.moveAll(list, id, indexesOf(list))
	e.moveTo(e.b.model.shapes[id], parent, index)
	return nil
}

// siblings are shapes of one parent, in the order of drawing.
func (e *edit) siblings(ids []string) ([]*shape, error) {
	list := make([]*shape, 0, len(ids))
	chosen := make(map[*shape]bool, len(ids))
	for _, id := range ids {
		s, err := e.find(id)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 && s.parent != list[0].parent {
			return nil, &invalid{"ids", fmt.Errorf("%q and %q are not in the same group", s.id, list[0].id)}
		}
		if !chosen[s] {
			list = append(list, s)
		}
		chosen[s] = true
	}
	e.work += len(e.b.model.children[list[0].parent])
	sorted := list[:0]
	for _, s := range e.b.model.children[list[0].parent] {
		if chosen[s] {
			sorted = append(sorted, s)
		}
	}
	return sorted, nil
}

// ungroup puts a group's children at its place and removes it.
func (e *edit) ungroup(id string) error {
	g, err := e.find(id)
	if err != nil {
		return err
	}
	if !g.kind.frame {
		return &invalid{"ungroup", fmt.Errorf("%q is no group", id)}
	}
	family := append([]*shape(nil), e.b.model.children[id]...)
	for _, s := range family {
		if err := e.may(s); err != nil {
			return err
		}
	}
	above, parent := e.b.model.above(g), g.parent
	e.remove(g)
	if len(family) > 0 { // the first one gets the group's place itself
		e.moveAll(family, parent, append([]string{g.index}, indexes(g.index, above, len(family)-1)...))
	}
	for _, s := range family { // not before: it changes what is between
		e.space(s)
	}
	return nil
}

// bounds is the box around shapes, without regard to how they are turned.
func bounds(list []*shape) Geo {
	g := list[0].geo
	right, bottom := g.X+g.W, g.Y+g.H
	for _, s := range list[1:] {
		right, bottom = max(right, s.geo.X+s.geo.W), max(bottom, s.geo.Y+s.geo.H)
		g.X, g.Y = min(g.X, s.geo.X), min(g.Y, s.geo.Y)
	}
	return Geo{X: g.X, Y: g.Y, W: right - g.X, H: bottom - g.Y}
}

// clamp makes a size that may be: a group's says nothing, and must not refuse it.
func (l *Limits) clamp(g Geo) Geo {
	g.W, g.H = min(g.W, l.Size), min(g.H, l.Size)
	return g
}
