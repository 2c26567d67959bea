package client

import (
	"fmt"
	"math"
	mathbits "math/bits"
	"slices"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

// InputValue is one column's value, for encoding inputs of any schema. Which field
// counts follows from the column: Int for bools, ints, IDs and quantised
// floats (in steps), Float for other floats, Text for strings. Unsigned 64-bit
// values are kept as the same bits.
type InputValue struct {
	Int   int64
	Float float64
	Text  string
}

// AppendInput appends the payload of an input with these columns: one plain
// value after the other (docs/protocol.md). Values outside a column's range
// are clamped into it.
func AppendInput(dst []byte, columns []schema.Column, cells []InputValue) []byte {
	var w bits.Writer
	w.Reset(dst)
	for i, c := range columns {
		var cell InputValue
		if i < len(cells) {
			cell = cells[i]
		}
		writePlain(&w, c, cell)
	}
	return w.Finish()
}

// IntRange is the range of InputValue.Int for a column; bounded is false where
// the column has not both bounds, and those of its kind stand in.
func IntRange(c schema.Column) (low, high int64, bounded bool) {
	low, high = kindRange(c.Kind)
	if c.Quantised() {
		low, high = math.MinInt32, math.MaxInt32
	}
	if c.Has(schema.HasMin) {
		low = wholeBound(c, c.Min)
	}
	if c.Has(schema.HasMax) {
		high = max(low, wholeBound(c, c.Max))
	}
	return low, high, c.Kind != schema.ID && c.Has(schema.HasMin|schema.HasMax)
}

// wholeBound is a bound as its column's cells count.
func wholeBound(c schema.Column, bound float64) int64 {
	if math.IsNaN(bound) {
		return 0
	}
	if c.Quantised() {
		return int64(max(math.MinInt32, min(math.MaxInt32, math.Floor(bound/c.Quant+0.5))))
	}
	const exact = 1 << 53 // float64 has gaps beyond
	return int64(max(-exact, min(exact, bound)))
}

func kindRange(k schema.ColumnKind) (low, high int64) {
	switch k {
	case schema.Bool:
		return 0, 1
	case schema.Int8:
		return math.MinInt8, math.MaxInt8
	case schema.Int16:
		return math.MinInt16, math.MaxInt16
	case schema.Int32:
		return math.MinInt32, math.MaxInt32
	case schema.Uint8:
		return 0, math.MaxUint8
	case schema.Uint16:
		return 0, math.MaxUint16
	case schema.Uint32, schema.ID:
		return 0, math.MaxUint32
	}
	return math.MinInt64, math.MaxInt64
}

// integral reports whether a column's cells are in InputValue.Int.
func integral(c schema.Column) bool {
	return c.Kind != schema.String && (!c.Kind.Float() || c.Quantised())
}

func unsigned(k schema.ColumnKind) bool {
	return k >= schema.Uint8 && k <= schema.Uint64 || k == schema.ID
}

func writePlain(w *bits.Writer, c schema.Column, cell InputValue) {
	switch {
	case c.Kind == schema.String:
		w.String(cell.Text)
	case c.Kind == schema.Bool:
		w.Bool(cell.Int != 0)
	case c.Kind == schema.Float32 && !c.Quantised():
		w.Bits(uint64(math.Float32bits(float32(clampFloat(c, cell.Float)))), 32)
	case c.Kind == schema.Float64 && !c.Quantised():
		w.Bits(math.Float64bits(clampFloat(c, cell.Float)), 64)
	default:
		low, high, bounded := IntRange(c)
		n := cell.Int
		if c.Kind != schema.Uint64 || bounded {
			n = min(max(n, low), high)
		}
		switch {
		case bounded:
			w.Bits(uint64(n-low), uint(mathbits.Len64(uint64(high-low))))
		case unsigned(c.Kind):
			w.UVar(uint64(n))
		default:
			w.SVar(n)
		}
	}
}

func readPlain(r *bits.Reader, c schema.Column) (cell InputValue) {
	switch {
	case c.Kind == schema.String:
		cell.Text = r.String()
	case c.Kind == schema.Bool:
		if r.Bool() {
			cell.Int = 1
		}
	case c.Kind == schema.Float32 && !c.Quantised():
		cell.Float = float64(math.Float32frombits(uint32(r.Bits(32))))
	case c.Kind == schema.Float64 && !c.Quantised():
		cell.Float = math.Float64frombits(r.Bits(64))
	default:
		low, high, bounded := IntRange(c)
		switch {
		case bounded:
			cell.Int = low + int64(r.Bits(uint(mathbits.Len64(uint64(high-low)))))
		case unsigned(c.Kind):
			cell.Int = int64(r.UVar())
		default:
			cell.Int = r.SVar()
		}
	}
	return cell
}

func clampFloat(c schema.Column, f float64) float64 {
	if c.Has(schema.HasMin) {
		f = max(f, c.Min)
	}
	if c.Has(schema.HasMax) {
		f = min(f, c.Max)
	}
	return f
}

// recoder turns a payload with the columns that a client was compiled with
// into one with the columns that the server has, by name: a column that the
// client does not know is sent as zero (or the nearest to it that is allowed).
type recoder struct {
	from, to []schema.Column
	source   []int // for each of to, the index in from; -1: none
	cells    []InputValue
	out      []InputValue
	buf      []byte
}

func newRecoder(from, to []schema.Column) (*recoder, error) {
	t := &recoder{from: from, to: to, cells: make([]InputValue, len(from)), out: make([]InputValue, len(to))}
	for _, c := range to {
		i := slices.IndexFunc(from, func(f schema.Column) bool { return f.Name == c.Name })
		if i >= 0 && (from[i].Kind == schema.String) != (c.Kind == schema.String) {
			return nil, fmt.Errorf("column %s is %v here and %v on the server", c.Name, from[i].Kind, c.Kind)
		}
		t.source = append(t.source, i)
	}
	return t, nil
}

// payload recodes one payload; the result is valid until the next call.
func (t *recoder) payload(own []byte) ([]byte, error) {
	var r bits.Reader
	r.Reset(own)
	for i, c := range t.from {
		t.cells[i] = readPlain(&r, c)
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("recode an input: %w", err)
	}
	for i, c := range t.to {
		t.out[i] = InputValue{}
		if from := t.source[i]; from >= 0 {
			t.out[i] = recodeCell(t.from[from], c, t.cells[from])
		}
	}
	t.buf = AppendInput(t.buf[:0], t.to, t.out)
	return t.buf, nil
}

// recodeCell converts between kinds and steps of number.
func recodeCell(from, to schema.Column, cell InputValue) InputValue {
	if from.Kind == schema.String || integral(from) == integral(to) && from.Quant == to.Quant {
		return cell
	}
	f := cell.Float
	if integral(from) {
		f = float64(cell.Int)
		if from.Quantised() {
			f *= from.Quant
		}
	}
	if !integral(to) {
		return InputValue{Float: f}
	}
	if to.Quantised() {
		f /= to.Quant
	}
	if math.IsNaN(f) {
		return InputValue{}
	}
	return InputValue{Int: int64(math.Floor(min(max(f, -1e18), 1e18) + 0.5))}
}
