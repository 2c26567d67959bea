package state

import (
	"math"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
)

// column is one leaf of a row type: where it lies in the row, and what the
// schema says of it. It is made once per world and never changes.
//
// A cell's *exact* form is 64 bits: integers in two's complement of 32 bits
// (64 if the kind has 64), floats by their canonical bits, so that −0 is +0 and
// there is one NaN. Its *wire* form is the same but for quantised floats, which
// become a 32-bit count of steps. Texts have neither; they go beside.
type column struct {
	schema.Column
	plain  plainForm
	number int // index among the row's leaves
	off    uintptr
	size   uint8 // bytes in the row: 1, 2, 4, 8, or 0 for a text
	local  bool
	owned  bool // the cell names the player who owns the row
	public int  // index among the table's public columns, or -1
	owner  int  // index among its owner columns, or -1
}

const (
	nan32 = 0x7fc00000
	nan64 = 0x7ff8000000000000
)

func canonical32(b uint32) uint32 {
	switch {
	case b == 1<<31:
		return 0
	case b&0x7fffffff > 0x7f800000:
		return nan32
	}
	return b
}

func canonical64(b uint64) uint64 {
	switch {
	case b == 1<<63:
		return 0
	case b&(1<<63-1) > 0x7ff0000000000000:
		return nan64
	}
	return b
}

func (c *column) isText() bool { return c.Kind == schema.String }

// text is the cell of a text column.
func (c *column) text(row unsafe.Pointer) *string { return (*string)(unsafe.Add(row, c.off)) }

// load is the cell's exact form; of a text its digest.
func (c *column) load(row unsafe.Pointer) uint64 {
	p := unsafe.Add(row, c.off)
	switch c.Kind {
	case schema.Bool, schema.Uint8:
		return uint64(*(*uint8)(p))
	case schema.Int8:
		return uint64(uint32(*(*int8)(p)))
	case schema.Int16:
		return uint64(uint32(*(*int16)(p)))
	case schema.Uint16:
		return uint64(*(*uint16)(p))
	case schema.Int32, schema.Uint32, schema.ID:
		return uint64(*(*uint32)(p))
	case schema.Float32:
		return uint64(canonical32(*(*uint32)(p)))
	case schema.Float64:
		return canonical64(*(*uint64)(p))
	case schema.String:
		return textDigest(*(*string)(p))
	default:
		return *(*uint64)(p)
	}
}

// store writes a cell given in exact form; a text column is left alone.
func (c *column) store(row unsafe.Pointer, exact uint64) {
	p := unsafe.Add(row, c.off)
	switch c.size {
	case 1:
		*(*uint8)(p) = uint8(exact)
	case 2:
		*(*uint16)(p) = uint16(exact)
	case 4:
		*(*uint32)(p) = uint32(exact)
	case 8:
		*(*uint64)(p) = exact
	}
}

// settle brings the cell into the form that the world keeps between ticks,
// canonical and, for a snap column, on a whole step, and returns it.
func (c *column) settle(row unsafe.Pointer) uint64 {
	exact := c.load(row)
	if !c.Kind.Float() {
		return exact
	}
	if c.Has(schema.Snap) {
		exact = fromWire(&c.Column, toWire(&c.Column, exact))
	}
	c.store(row, exact)
	return exact
}

// toWire turns a cell's exact form into its wire form.
func toWire(c *schema.Column, exact uint64) uint64 {
	if c.Quant == 0 {
		return exact
	}
	if c.Kind == schema.Float32 {
		return uint64(uint32(quantise(float64(math.Float32frombits(uint32(exact))), c.Quant)))
	}
	return uint64(uint32(quantise(math.Float64frombits(exact), c.Quant)))
}

// fromWire turns a cell's wire form into the exact form that its holder sees.
func fromWire(c *schema.Column, wire uint64) uint64 {
	if !c.Quantised() {
		return wire
	}
	v := float64(int32(wire)) * c.Quant
	if c.Kind == schema.Float32 {
		return uint64(canonical32(math.Float32bits(float32(v))))
	}
	return canonical64(math.Float64bits(v))
}

// quantise counts the steps in v, rounded to the nearest, halves upwards.
func quantise(v, step float64) int32 {
	q := math.Floor(v/step + 0.5)
	switch {
	case q > math.MinInt32 && q < math.MaxInt32:
		return int32(q)
	case q != q:
		return 0
	case q < 0:
		return math.MinInt32
	}
	return math.MaxInt32
}
