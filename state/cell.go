package state

import (
	"math"
	"strconv"

	"github.com/parlor-server/parlor/schema"
)

// Cell is one value that came from a server. It is a small value to copy.
type Cell struct {
	kind  schema.ColumnKind
	exact uint64
	text  string
}

func cellOf(c *schema.Column, wire uint64, text string) Cell {
	return Cell{c.Kind, fromWire(c, wire), text}
}

// Kind is the type of the column; 0 in the zero Cell.
func (c Cell) Kind() schema.ColumnKind { return c.kind }

// Float64 is the value of a float, or of an integer as a float.
func (c Cell) Float64() float64 {
	switch c.kind {
	case schema.Float32:
		return float64(math.Float32frombits(uint32(c.exact)))
	case schema.Float64:
		return math.Float64frombits(c.exact)
	case schema.Uint64:
		return float64(c.exact)
	}
	return float64(c.Int64())
}

// Int64 is the value of an integer; of a bool 0 or 1; of a float its whole part.
func (c Cell) Int64() int64 {
	switch c.kind {
	case schema.Int8, schema.Int16, schema.Int32:
		return int64(int32(c.exact))
	case schema.Float32, schema.Float64:
		return int64(max(math.MinInt64, min(math.Nextafter(math.MaxInt64, 0), c.Float64())))
	}
	return int64(c.exact)
}

// Uint64 is the value of an unsigned integer.
func (c Cell) Uint64() uint64 {
	if c.kind.Float() {
		return uint64(c.Int64())
	}
	return c.exact
}

// ID is the value of a state.ID.
func (c Cell) ID() ID { return ID(c.exact) }

// Bool is the value of a bool.
func (c Cell) Bool() bool { return c.exact != 0 }

// Text is the value of a string.
func (c Cell) Text() string { return c.text }

// String formats the value for people.
func (c Cell) String() string {
	switch c.kind {
	case schema.Bool:
		return strconv.FormatBool(c.Bool())
	case schema.Float32:
		return strconv.FormatFloat(c.Float64(), 'g', -1, 32)
	case schema.Float64:
		return strconv.FormatFloat(c.Float64(), 'g', -1, 64)
	case schema.Uint64:
		return strconv.FormatUint(c.exact, 10)
	case schema.String:
		return strconv.Quote(c.text)
	case schema.ID:
		return c.ID().String()
	}
	return strconv.FormatInt(c.Int64(), 10)
}
