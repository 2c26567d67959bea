package board

import (
	"errors"
	"fmt"
	"math"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// invalid is the error of a field that is not what it must be.
type invalid struct {
	field string
	err   error
}

func (e *invalid) Error() string { return e.field + ": " + e.err.Error() }
func (e *invalid) Unwrap() error { return e.err }

// in puts what an invalid field is part of before its name.
func in(outer string, err error) error {
	if err == nil {
		return nil
	}
	var v *invalid
	if errors.As(err, &v) {
		return &invalid{outer + "." + v.field, v.err}
	}
	var coded *schema.Error
	if errors.As(err, &coded) {
		return err
	}
	return &invalid{outer, err}
}

// bound is the error of a number, whose name is first, that is too large.
func bound(field string, value, limit float64) error {
	return &invalid{field, fmt.Errorf("%v is beyond ±%v", value, limit)}
}

// checkGeo refuses what would be off the page.
func (l *Limits) checkGeo(g *Geo) error {
	switch {
	case !(math.Abs(g.X) <= l.Coordinate):
		return bound("x", g.X, l.Coordinate)
	case !(math.Abs(g.Y) <= l.Coordinate):
		return bound("y", g.Y, l.Coordinate)
	case !(g.W >= 0 && g.W <= l.Size):
		return &invalid{"w", fmt.Errorf("%v is not from 0 to %v", g.W, l.Size)}
	case !(g.H >= 0 && g.H <= l.Size):
		return &invalid{"h", fmt.Errorf("%v is not from 0 to %v", g.H, l.Size)}
	case !(math.Abs(g.R) <= maxTurn):
		return bound("r", g.R, maxTurn)
	}
	return nil
}

// maxTurn bounds r, in radians: some turns are what a hand may add up.
const maxTurn = 1e4

func (d *definition) checkStyle(style string) error {
	if len(style) > d.Limits.Style {
		return &invalid{"style", fmt.Errorf("%d bytes of JSON; the limit is %d", len(style), d.Limits.Style)}
	}
	if err := d.Style.check([]byte(style)); err != nil {
		return &invalid{"style", err}
	}
	return nil
}

func (d *definition) checkProps(k *Kind, props string) error {
	if len(props) > d.Limits.Props {
		return &invalid{"props", fmt.Errorf("%d bytes of JSON; the limit is %d", len(props), d.Limits.Props)}
	}
	if err := k.check([]byte(props)); err != nil {
		return &invalid{"props", err}
	}
	return nil
}

func (d *definition) checkText(text string) error {
	if len(text) > d.Limits.Text {
		return &invalid{"text", fmt.Errorf("%d bytes; the limit is %d", len(text), d.Limits.Text)}
	}
	return nil
}

// checkContent refuses contents that are not valid by themselves, whatever else
// is on the board.
func (d *definition) checkContent(c *content) error {
	if err := d.Limits.checkGeo(&c.geo); err != nil {
		return in("geo", err)
	}
	if c.style != "" {
		if err := d.checkStyle(c.style); err != nil {
			return err
		}
	}
	if err := d.checkProps(c.kind, c.props); err != nil {
		return err
	}
	return d.checkText(c.text)
}

// flat is the check of styles that have no struct.
func flat(style []byte) error {
	s := scan{b: style}
	if len(style) == 0 {
		return nil
	}
	s.take('{')
	first := true
	var names names
	for s.next(&first, '}') {
		if key := s.key(); !names.add(key) && s.err == nil {
			return fmt.Errorf("the field %q is there twice", key)
		}
		if c := s.peek(); c == '{' || c == '[' {
			return errors.New("a style has numbers, strings and booleans only")
		}
		s.skip(1)
	}
	s.end()
	return s.err
}

// empty is the check of groups' props.
func empty(props []byte) error {
	if len(props) > 0 && string(props) != "{}" {
		return errors.New("a group has none")
	}
	return nil
}

// checkParent refuses a place that a shape cannot have.
func (b *Board) checkParent(id, parent string) error {
	if parent == "" {
		return nil
	}
	p := b.model.shapes[parent]
	if p == nil {
		return schema.Errorf(schema.CodeNoSuchShape, "there is no shape %q to put %q into", parent, id)
	}
	if !p.kind.frame {
		return &invalid{"parent", fmt.Errorf("%q is a %s: only groups and frames have shapes in them", parent, p.kind.name)}
	}
	limit := b.def.Limits.Depth
	depth, ok := b.model.depth(parent, id, limit)
	if !ok {
		return schema.Errorf(schema.CodeCycle, "the shape %q would be inside itself", id)
	}
	if depth > limit || depth+b.model.height(id, limit-depth, &b.edit.work) > limit {
		return &invalid{"parent", fmt.Errorf("more than %d levels of groups", b.def.Limits.Depth)}
	}
	return nil
}

// may refuses to change a shape that is locked, or another's.
func (b *Board) may(user string, role canvas.Role, s *shape) error {
	if role == canvas.Owner || s.by != "" && s.by == user {
		return nil
	}
	if s.locked {
		return schema.Errorf(schema.CodeShapeLocked, "the shape %q is locked: who added it may unlock it, or an owner of the board", s.id)
	}
	if b.def.Owned {
		return schema.Errorf(schema.CodeShapeLocked, "the shape %q is another's", s.id)
	}
	return nil
}

func (e *edit) may(s *shape) error { return e.b.may(e.user, e.role, s) }

// code is an error as clients see it.
func code(err error) *schema.Error {
	var coded *schema.Error
	if errors.As(err, &coded) {
		return coded
	}
	return schema.Errorf(schema.CodeValidation, "%v", err)
}
