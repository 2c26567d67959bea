package value

import "strconv"

// Kind is the type of a field's cells. The first twelve are those of games
// (schema.ColumnKind).
type Kind uint8

// The kinds. Go's int and uint are Int64 and Uint64. Zero is the kind of the
// null Value and never that of a field.
const (
	Bool    Kind = 1
	Int8    Kind = 2
	Int16   Kind = 3
	Int32   Kind = 4
	Int64   Kind = 5
	Uint8   Kind = 6
	Uint16  Kind = 7
	Uint32  Kind = 8
	Uint64  Kind = 9
	Float32 Kind = 10
	Float64 Kind = 11
	String  Kind = 12
	Bytes   Kind = 13
	Time    Kind = 14 // µs since 1970
	JSON    Kind = 15
)

var kindNames = [...]string{"", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "string", "bytes", "time", "json"}

// String returns the kind's name in lower case, such as "uint16".
func (k Kind) String() string {
	if !k.Valid() {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return kindNames[k]
}

// KindNamed is the opposite of String.
func KindNamed(name string) (k Kind, ok bool) {
	for k := Bool; k <= JSON; k++ {
		if kindNames[k] == name {
			return k, true
		}
	}
	return 0, false
}

// Valid reports whether a field may have the kind.
func (k Kind) Valid() bool { return k >= Bool && k <= JSON }

// Signed reports whether the kind is one of the signed integers.
func (k Kind) Signed() bool { return k >= Int8 && k <= Int64 }

// Unsigned reports whether the kind is one of the unsigned integers.
func (k Kind) Unsigned() bool { return k >= Uint8 && k <= Uint64 }

// Integer reports whether the kind is an integer.
func (k Kind) Integer() bool { return k >= Int8 && k <= Uint64 }

// Float reports whether the kind is Float32 or Float64.
func (k Kind) Float() bool { return k == Float32 || k == Float64 }

// Class is the kind that a Value of this kind has: Int64, Uint64 and Float64
// stand for all their widths.
func (k Kind) Class() Kind {
	switch {
	case k.Signed():
		return Int64
	case k.Unsigned():
		return Uint64
	case k.Float():
		return Float64
	}
	return k
}

// bits is the width of an integer kind.
func (k Kind) bits() uint {
	if k.Signed() {
		return 8 << (k - Int8)
	}
	return 8 << (k - Uint8)
}
