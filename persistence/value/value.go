package value

import (
	"math"
	"time"
	"unicode/utf8"
)

// Value is one cell: null, bool, integer, float, text, bytes, time or JSON. It
// is immutable and small; two cells of the same class are the same cell if and
// only if the Values are ==. Text that Get returns shares the row's memory.
type Value struct {
	text string // of String, Bytes and JSON
	num  uint64 // the bits of the others
	kind Kind   // 0 null, else a class: Bool, Int64, Uint64, Float64, String, Bytes, Time, JSON
}

// Null is the absent value of an optional field.
func Null() Value { return Value{} }

// OfBool is a Bool.
func OfBool(b bool) Value {
	if b {
		return Value{kind: Bool, num: 1}
	}
	return Value{kind: Bool}
}

// OfInt is a signed integer of any width.
func OfInt(i int64) Value { return Value{kind: Int64, num: uint64(i)} }

// OfUint is an unsigned integer of any width.
func OfUint(u uint64) Value { return Value{kind: Uint64, num: u} }

// OfFloat is a float; −0 becomes 0. Fields refuse NaN and infinities.
func OfFloat(f float64) Value { return Value{kind: Float64, num: math.Float64bits(f + 0)} }

// OfString is text, which fields refuse unless it is UTF-8.
func OfString(s string) Value { return Value{kind: String, text: s} }

// OfBytes is a copy of b.
func OfBytes(b []byte) Value { return Value{kind: Bytes, text: string(b)} }

// OfMicros is a Time in µs since 1970.
func OfMicros(µs int64) Value { return Value{kind: Time, num: uint64(µs)} }

// OfTime is a Time, cut to the µs.
func OfTime(t time.Time) Value { return OfMicros(t.UnixMicro()) }

// OfJSON is a copy of JSON text, which fields refuse unless it is valid.
func OfJSON(text []byte) Value { return Value{kind: JSON, text: string(text)} }

// Kind is 0 for null, else Bool, Int64, Uint64, Float64, String, Bytes, Time
// or JSON: see Kind.Class.
func (v Value) Kind() Kind { return v.kind }

// IsNull reports whether the cell is null.
func (v Value) IsNull() bool { return v.kind == 0 }

// Bool is a Bool's value, false for other kinds.
func (v Value) Bool() bool { return v.kind == Bool && v.num != 0 }

// Int is an Int64's value, also a Uint64's that fits; else 0.
func (v Value) Int() int64 {
	if v.kind == Int64 || v.kind == Uint64 && v.num <= math.MaxInt64 {
		return int64(v.num)
	}
	return 0
}

// Uint is a Uint64's value, also an Int64's that is not negative; else 0.
func (v Value) Uint() uint64 {
	if v.kind == Uint64 || v.kind == Int64 && int64(v.num) >= 0 {
		return v.num
	}
	return 0
}

// Float is a Float64's value, 0 for other kinds.
func (v Value) Float() float64 {
	if v.kind != Float64 {
		return 0
	}
	return math.Float64frombits(v.num)
}

// Text is the content of a String, Bytes or JSON, "" for other kinds.
func (v Value) Text() string { return v.text }

// Micros is a Time's µs since 1970, 0 for other kinds.
func (v Value) Micros() int64 {
	if v.kind != Time {
		return 0
	}
	return int64(v.num)
}

// Time is a Time's value in UTC; other kinds give the zero time.
func (v Value) Time() time.Time {
	if v.kind != Time {
		return time.Time{}
	}
	return time.UnixMicro(int64(v.num)).UTC()
}

// The years 0 to 9999, which RFC 3339 can write.
const (
	minMicros  = -62_167_219_200_000_000
	maxMicros  = 253_402_300_799_999_999
	zeroMicros = -62_135_596_800_000_000 // Go's zero time: 0001-01-01T00:00:00Z
)

// Zero is what a field of the kind holds when nothing else was said: false, 0,
// "", no bytes, Go's zero time, JSON null.
func Zero(k Kind) Value {
	switch k.Class() {
	case Time:
		return OfMicros(zeroMicros)
	case JSON:
		return Value{kind: JSON, text: "null"}
	case 0:
		return Value{}
	}
	return Value{kind: k.Class()}
}

// fits says why a field of kind k cannot hold v, or "" if it can.
func fits(k Kind, v Value) string {
	if v.kind != k.Class() {
		return "must be " + article(k)
	}
	switch v.kind {
	case Bool, Bytes:
	case Int64:
		if half := int64(-1) << (k.bits() - 1); int64(v.num) < half || int64(v.num) > ^half {
			return "does not fit in " + k.String()
		}
	case Uint64:
		if v.num > math.MaxUint64>>(64-k.bits()) {
			return "does not fit in " + k.String()
		}
	case Float64:
		f := v.Float()
		if k == Float32 {
			f = float64(float32(f))
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return "must be a finite " + k.String()
		}
	case String:
		if !utf8.ValidString(v.text) {
			return "must be UTF-8"
		}
	case Time:
		if t := int64(v.num); t < minMicros || t > maxMicros {
			return "must be within the years 0 to 9999"
		}
	case JSON:
		if !validJSON(v.text) {
			return "must be valid JSON"
		}
	}
	return ""
}

func article(k Kind) string {
	switch {
	case k == Int8 || k == Int16 || k == Int32 || k == Int64:
		return "an " + k.String()
	case k == Bytes || k == JSON:
		return k.String()
	}
	return "a " + k.String()
}
