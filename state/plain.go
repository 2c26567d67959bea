package state

import (
	"math"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"

	mathbits "math/bits"
)

// plainForm is how a cell that stands alone is written: in owner payloads,
// events and inputs, where there is no older value to differ from.
type plainForm struct {
	bounded bool   // as an offset from low in width bits
	low     int64  // the smallest value, in wire form
	span    uint64 // the largest value less the smallest
	width   uint
	signed  bool
}

// exactBound is the largest magnitude of whole numbers that float64 holds without gaps.
const exactBound = 1 << 53

func plainFormOf(c *schema.Column) plainForm {
	f := plainForm{signed: c.Quantised() || c.Kind >= schema.Int8 && c.Kind <= schema.Int64}
	whole := f.signed || c.Kind >= schema.Uint8 && c.Kind <= schema.Uint64
	if !whole || !c.Has(schema.HasMin|schema.HasMax) {
		return f
	}
	low, high := wholeBound(c, c.Min), wholeBound(c, c.Max)
	if high < low {
		high = low
	}
	f.bounded, f.low, f.span = true, low, uint64(high)-uint64(low)
	f.width = uint(mathbits.Len64(f.span))
	return f
}

// wholeBound is a bound in wire form.
func wholeBound(c *schema.Column, bound float64) int64 {
	if c.Quantised() {
		return int64(quantise(bound, c.Quant))
	}
	if bound != bound {
		return 0
	}
	return int64(max(-exactBound, min(exactBound, bound)))
}

// value is the wire form as the number it means.
func (f *plainForm) value(c *schema.Column, wire uint64) int64 {
	if f.signed && !c.Wide() {
		return int64(int32(wire))
	}
	return int64(wire)
}

// write appends a cell that is not a text. A value outside of min and max is written as the nearest bound.
func (f *plainForm) write(w *bits.Writer, c *schema.Column, wire uint64) {
	switch {
	case c.Kind == schema.Bool:
		w.Bits(wire, 1)
	case f.bounded:
		w.Bits(f.offset(c, wire), f.width)
	case f.signed:
		w.SVar(f.value(c, wire))
	case c.Kind == schema.Float32:
		w.Bits(wire, 32)
	case c.Kind == schema.Float64:
		w.Bits(wire, 64)
	default:
		w.UVar(wire)
	}
}

// offset is the distance from the lower bound, kept within the bounds.
func (f *plainForm) offset(c *schema.Column, wire uint64) uint64 {
	v := f.value(c, wire)
	if c.Kind == schema.Uint64 && v < 0 { // beyond what int64 holds
		return f.span
	}
	if v < f.low {
		return 0
	}
	return min(uint64(v)-uint64(f.low), f.span)
}

// read returns the wire form of a cell that is not a text. A number that the
// column cannot hold fails the reader.
func (f *plainForm) read(r *bits.Reader, c *schema.Column) uint64 {
	switch {
	case c.Kind == schema.Bool:
		return r.Bits(1)
	case f.bounded:
		offset := r.Bits(f.width)
		if offset > f.span {
			r.Fail(errRange)
			return 0
		}
		return f.wire(c, int64(uint64(f.low)+offset))
	case f.signed:
		v := r.SVar()
		if !fits(c, v) {
			r.Fail(errRange)
			return 0
		}
		return f.wire(c, v)
	case c.Kind == schema.Float32:
		return uint64(canonical32(uint32(r.Bits(32))))
	case c.Kind == schema.Float64:
		return canonical64(r.Bits(64))
	}
	v := r.UVar()
	if width := kindBits(c.Kind); width < 64 && v>>width != 0 {
		r.Fail(errRange)
		return 0
	}
	return v
}

func (f *plainForm) wire(c *schema.Column, v int64) uint64 {
	if c.Wide() {
		return uint64(v)
	}
	return uint64(uint32(v))
}

// fits reports whether a signed column holds v.
func fits(c *schema.Column, v int64) bool {
	width := uint(32)
	if !c.Quantised() {
		width = kindBits(c.Kind)
	}
	return v>>(width-1) == 0 || v>>(width-1) == -1
}

// kindBits is how many bits an integer of this kind has.
func kindBits(k schema.ColumnKind) uint {
	switch k {
	case schema.Int8, schema.Uint8:
		return 8
	case schema.Int16, schema.Uint16:
		return 16
	case schema.Int64, schema.Uint64:
		return 64
	}
	return 32
}

// inRange reports whether a cell that a client sent may be taken: a finite
// number between min and max, a text whose bytes count between them.
func inRange(c *schema.Column, wire uint64, textLen int) bool {
	var v float64
	switch {
	case c.Kind == schema.String:
		v = float64(textLen)
	case c.Quantised():
		steps := int32(wire)
		return (!c.Has(schema.HasMin) || steps >= quantise(c.Min, c.Quant)) &&
			(!c.Has(schema.HasMax) || steps <= quantise(c.Max, c.Quant))
	case c.Kind == schema.Float32:
		v = float64(math.Float32frombits(uint32(wire)))
	case c.Kind == schema.Float64:
		v = math.Float64frombits(wire)
	case c.Kind == schema.Int64:
		v = float64(int64(wire))
	case c.Kind >= schema.Int8 && c.Kind <= schema.Int32:
		v = float64(int32(wire))
	default:
		v = float64(wire)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return false
	}
	return (!c.Has(schema.HasMin) || v >= c.Min) && (!c.Has(schema.HasMax) || v <= c.Max)
}
