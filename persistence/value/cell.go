package value

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// appendCell appends a value without its optional byte.
func appendCell(dst []byte, k Kind, v Value) []byte {
	switch k {
	case Bool:
		return append(dst, byte(v.num))
	case Int8, Int16, Int32, Int64, Time:
		return appendUvarint(dst, zigzag(int64(v.num)))
	case Uint8, Uint16, Uint32, Uint64:
		return appendUvarint(dst, v.num)
	case Float32:
		return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(v.Float())+0))
	case Float64:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Float()))
	}
	return append(appendUvarint(dst, uint64(len(v.text))), v.text...)
}

func zigzag(i int64) uint64   { return uint64(i<<1) ^ uint64(i>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

func appendUvarint(dst []byte, u uint64) []byte {
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}

// uvarint reads a number of checked data; beyond the end it reads 0.
func uvarint(data []byte, at int) (u uint64, next int) {
	if at < len(data) && data[at] < 0x80 {
		return uint64(data[at]), at + 1
	}
	for shift := uint(0); at < len(data) && shift < 64; shift += 7 {
		b := data[at]
		at++
		u |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return u, at
		}
	}
	return 0, len(data)
}

// skipCell returns where the cell at a position ends. In data that is not a
// row it ends anywhere, but never panics.
func skipCell(data []byte, at int, f *Field) int {
	if f.Optional {
		if at >= len(data) || data[at] == 0 {
			return at + 1
		}
		at++
	}
	switch f.Kind {
	case Bool:
		return at + 1
	case Float32:
		return at + 4
	case Float64:
		return at + 8
	case String, Bytes, JSON:
		n, next := uvarint(data, at)
		if n > uint64(len(data)-min(next, len(data))) {
			return len(data)
		}
		return next + int(n)
	}
	return skipUvarint(data, at)
}

// skipUvarint finds the end of a number in the first byte without bit 7, of
// eight at once where there are as many: times have eight.
func skipUvarint(data []byte, at int) int {
	if at+8 <= len(data) {
		if ends := ^binary.LittleEndian.Uint64(data[at:]) & 0x8080808080808080; ends != 0 {
			return at + bits.TrailingZeros64(ends)/8 + 1
		}
	}
	for at < len(data) && data[at] >= 0x80 {
		at++
	}
	return at + 1
}

// loadCell reads a cell of checked data; where there is none it is null.
func loadCell(data []byte, at int, f *Field) Value {
	v, _ := takeCell(data, at, f)
	return v
}

// takeCell is loadCell and skipCell in one.
func takeCell(data []byte, at int, f *Field) (v Value, next int) {
	if at >= len(data) {
		return Value{}, at + 1
	}
	if f.Optional {
		if data[at] == 0 {
			return Value{}, at + 1
		}
		at++
	}
	switch f.Kind {
	case Bool:
		return OfBool(at < len(data) && data[at] != 0), at + 1
	case Float32:
		if at+4 > len(data) {
			return Value{}, at + 4
		}
		return OfFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(data[at:])))), at + 4
	case Float64:
		if at+8 > len(data) {
			return Value{}, at + 8
		}
		return OfFloat(math.Float64frombits(binary.LittleEndian.Uint64(data[at:]))), at + 8
	}
	u, next := uvarint(data, at)
	switch {
	case f.Kind == Time:
		return OfMicros(unzigzag(u)), next
	case f.Kind.Signed():
		return OfInt(unzigzag(u)), next
	case f.Kind.Unsigned():
		return OfUint(u), next
	case u > uint64(len(data)-min(next, len(data))):
		return Value{}, len(data)
	}
	end := next + int(u)
	return Value{kind: f.Kind, text: sharedText(data[next:end])}, end
}

// readUvarint reads a number from anyone: in its shortest form only.
func readUvarint(data []byte) (u uint64, rest []byte, ok bool) {
	if len(data) > 0 && data[0] < 0x80 {
		return uint64(data[0]), data[1:], true
	}
	u, n := binary.Uvarint(data)
	if n <= 0 || data[n-1] == 0 {
		return 0, nil, false
	}
	return u, data[n:], true
}

// readText reads a uvarint length and as many bytes, from anyone.
func readText(data []byte) (text, rest []byte, ok bool) {
	n, rest, ok := readUvarint(data)
	if !ok || n > uint64(len(rest)) {
		return nil, nil, false
	}
	return rest[:n:n], rest[n:], true
}

const cutShort = "is cut short or not in its shortest form"

// readCell reads a cell from anyone. why says what is wrong with it, or "".
func readCell(data []byte, f *Field) (v Value, rest []byte, why string) {
	if f.Optional {
		switch {
		case len(data) == 0:
			return v, nil, cutShort
		case data[0] == 0:
			return v, data[1:], ""
		case data[0] != 1:
			return v, nil, "must begin with 0 or 1"
		}
		data = data[1:]
	}
	switch f.Kind {
	case Bool:
		if len(data) == 0 || data[0] > 1 {
			return v, nil, "must be 0 or 1"
		}
		return OfBool(data[0] == 1), data[1:], ""
	case Float32, Float64:
		return readFloat(data, f.Kind)
	case String, Bytes, JSON:
		text, rest, ok := readText(data)
		if !ok {
			return v, nil, cutShort
		}
		v = Value{kind: f.Kind, text: sharedText(text)}
		return v, rest, fits(f.Kind, v)
	}
	u, rest, ok := readUvarint(data)
	if !ok {
		return v, nil, cutShort
	}
	switch {
	case f.Kind == Time:
		v = OfMicros(unzigzag(u))
	case f.Kind.Signed():
		v = OfInt(unzigzag(u))
	default:
		v = OfUint(u)
	}
	return v, rest, fits(f.Kind, v)
}

func readFloat(data []byte, k Kind) (v Value, rest []byte, why string) {
	var x float64
	switch {
	case k == Float32 && len(data) >= 4:
		x, rest = float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), data[4:]
	case k == Float64 && len(data) >= 8:
		x, rest = math.Float64frombits(binary.LittleEndian.Uint64(data)), data[8:]
	default:
		return v, nil, cutShort
	}
	if x == 0 && math.Signbit(x) {
		return v, nil, "must write −0 as 0"
	}
	v = OfFloat(x)
	return v, rest, fits(k, v)
}
