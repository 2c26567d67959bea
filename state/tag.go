package state

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/parlor-server/parlor/schema"
)

// tagOptions is a parsed `parlor:"…"` tag. A struct's or array's options count
// for all leaves below, whose own tags come on top.
type tagOptions struct {
	flags         schema.ColumnFlags
	quant         float64
	min, max      float64
	local, owned  bool
	reliable      bool   // of a table
	rewind        bool   // of a table
	table, column string // of an index
}

// with returns the options with those of one more tag on top.
func (o tagOptions) with(tag string) (tagOptions, error) {
	if tag == "" {
		return o, nil
	}
	for option := range strings.SplitSeq(tag, ",") {
		name, value, hasValue := strings.Cut(strings.TrimSpace(option), "=")
		if err := o.set(name, value, hasValue); err != nil {
			return o, fmt.Errorf("tag %q: %w", option, err)
		}
	}
	return o, nil
}

func (o *tagOptions) set(name, value string, hasValue bool) (err error) {
	switch name {
	case "table":
		o.table = value
		return nil
	case "column":
		o.column = value
		return nil
	case "quant":
		o.quant, err = number(value)
		if err == nil && o.quant <= 0 {
			err = errors.New("the step must be above 0")
		}
		return err
	case "min":
		o.flags |= schema.HasMin
		o.min, err = number(value)
		return err
	case "max":
		o.flags |= schema.HasMax
		o.max, err = number(value)
		return err
	}
	if hasValue {
		return fmt.Errorf("unknown option, or %s takes no value", name)
	}
	switch name {
	case "angle":
		o.flags |= schema.Angle
	case "snap":
		o.flags |= schema.Snap
	case "owner":
		o.flags |= schema.Owner
	case "local":
		o.local = true
	case "owned":
		o.owned = true
	case "reliable":
		o.reliable = true
	case "rewind":
		o.rewind = true
	default:
		return errors.New("unknown option; there are quant=, min=, max=, angle, snap, owner, owned, local, reliable, rewind")
	}
	return nil
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errors.New("needs a finite number")
	}
	return v, nil
}

// refuseTable refuses the options that only a table of the world has.
func (o tagOptions) refuseTable() error {
	if o.reliable || o.rewind {
		return errors.New("reliable and rewind are for a whole table or value of the world")
	}
	return nil
}

// apply checks the options against a leaf and sets them.
func (o tagOptions) apply(c *column) error {
	if err := o.refuseTable(); err != nil {
		return err
	}
	c.Flags, c.Quant, c.Min, c.Max = o.flags, o.quant, o.min, o.max
	c.local, c.owned = o.local, o.owned
	float := c.Kind.Float()
	switch {
	case o.table != "" || o.column != "":
		return errors.New("table= and column= are for a state.Index")
	case o.quant != 0 && !float:
		return errors.New("quant is for floats")
	case o.flags&schema.Angle != 0 && !float:
		return errors.New("angle is for floats")
	case o.flags&schema.Snap != 0 && o.quant == 0:
		return errors.New("snap needs a quant")
	case o.owned && c.Kind != schema.ID:
		return errors.New("owned is for a state.ID")
	case o.local && o.flags&schema.Owner != 0:
		return errors.New("a column is local or owner, not both")
	case o.flags&(schema.HasMin|schema.HasMax) != 0 && (c.Kind == schema.Bool || c.Kind == schema.ID):
		return errors.New("min and max are for numbers and strings")
	}
	return o.checkBounds(c)
}

func (o tagOptions) checkBounds(c *column) error {
	bounds := make([]float64, 0, 2)
	if c.Has(schema.HasMin) {
		bounds = append(bounds, o.min)
	}
	if c.Has(schema.HasMax) {
		bounds = append(bounds, o.max)
	}
	if len(bounds) == 2 && o.min > o.max {
		return errors.New("min is above max")
	}
	for _, bound := range bounds {
		switch {
		case c.Quantised() && math.Abs(bound/o.quant) >= math.MaxInt32:
			return errors.New("min and max span more steps than 32 bits hold")
		case !c.Kind.Float() && (bound != math.Trunc(bound) || math.Abs(bound) > exactBound):
			return errors.New("min and max must be whole numbers up to 2^53")
		case !c.Kind.Float() && c.Kind != schema.String && !holds(c.Kind, bound):
			return fmt.Errorf("%v is outside of %s", bound, c.Kind)
		}
	}
	return nil
}

// holds reports whether an integer kind can hold a whole number of up to 2^53.
func holds(k schema.ColumnKind, v float64) bool {
	width := int(kindBits(k))
	if k >= schema.Uint8 && k <= schema.Uint64 {
		return v >= 0 && v < math.Ldexp(1, width)
	}
	return v >= -math.Ldexp(1, width-1) && v < math.Ldexp(1, width-1)
}
