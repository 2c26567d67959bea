package value

import (
	"encoding/binary"
	"math"
)

// Key is a primary key, or the tuple of an index, as bytes whose order is that
// of the values (Compare); null comes first.
type Key string

// KeyOf returns the row's primary key, "" in a collection without one.
func (c *Collection) KeyOf(row Row) Key {
	var room [64]byte
	return Key(c.AppendKey(room[:0], row))
}

// AppendKey appends the row's primary key.
func (c *Collection) AppendKey(dst []byte, row Row) []byte {
	if c.Key < 0 {
		return dst
	}
	return AppendKeyValue(dst, c.Get(row, c.Key))
}

// KeyValue reads a primary key, which may come from anyone.
func (c *Collection) KeyValue(k Key) (Value, error) {
	if c.Key < 0 {
		if k != "" {
			return Value{}, Invalid("", c.Name+" has no key")
		}
		return Value{}, nil
	}
	f := &c.Fields[c.Key]
	v, rest, why := readKeyPart([]byte(k), f.Kind)
	switch {
	case why != "":
	case len(rest) > 0:
		why = "has bytes behind the key"
	default:
		why = keyFits(f, v, len(k))
	}
	if why != "" {
		return Value{}, Invalid(f.Name, why)
	}
	return v, nil
}

// MakeKey is the primary key that holds v; the error says why it cannot.
func (c *Collection) MakeKey(v Value) (Key, error) {
	if c.Key < 0 {
		return "", Invalid("", c.Name+" has no key")
	}
	var room [64]byte
	k := AppendKeyValue(room[:0], v)
	if why := keyFits(&c.Fields[c.Key], v, len(k)); why != "" {
		return "", Invalid(c.Fields[c.Key].Name, why)
	}
	return Key(k), nil
}

// keyFits says why v, whose key has size bytes, cannot be a primary key.
func keyFits(f *Field, v Value, size int) string {
	if size > MaxKeyBytes {
		return "is too long for a key"
	}
	return fits(f.Kind, v)
}

// PatchKey is the primary key that a patch gives; ok is false if it has none.
func (c *Collection) PatchKey(p Patch) (k Key, ok bool) {
	if c.Key < 0 {
		return "", false
	}
	v, ok := c.PatchValue(p, c.Key)
	if !ok {
		return "", false
	}
	var room [64]byte
	return Key(AppendKeyValue(room[:0], v)), true
}

// AppendIndexKey appends the row's tuple in an index. No tuple is the
// beginning of another, so that a primary key can follow it.
func (c *Collection) AppendIndexKey(dst []byte, index *Index, row Row) []byte {
	for _, f := range index.Fields {
		dst = AppendKeyValue(dst, c.Get(row, f))
	}
	return dst
}

// NullIn reports whether the row's tuple in the index holds a null: then it is
// never a duplicate.
func (c *Collection) NullIn(index *Index, row Row) bool {
	for _, f := range index.Fields {
		if c.Fields[f].Optional && c.Get(row, f).IsNull() {
			return true
		}
	}
	return false
}

// AppendKeyValue appends one part of an ordered key: 0 for null, else 1 and
// the value's bytes.
func AppendKeyValue(dst []byte, v Value) []byte {
	if v.IsNull() {
		return append(dst, 0)
	}
	return appendKeyBody(append(dst, 1), v)
}

// AppendKeyValueDescending appends the value's bytes of one part, inverted and
// without the leading 1: nothing for null.
func AppendKeyValueDescending(dst []byte, v Value) []byte {
	if v.IsNull() {
		return dst
	}
	at := len(dst)
	dst = appendKeyBody(dst, v)
	for i := range dst[at:] {
		dst[at+i] = ^dst[at+i]
	}
	return dst
}

const signBit = 1 << 63

func appendKeyBody(dst []byte, v Value) []byte {
	switch v.kind {
	case Bool:
		return append(dst, byte(v.num))
	case Int64, Time:
		return binary.BigEndian.AppendUint64(dst, v.num^signBit)
	case Uint64:
		return binary.BigEndian.AppendUint64(dst, v.num)
	case Float64:
		return binary.BigEndian.AppendUint64(dst, orderFloat(v.num))
	}
	utf16 := v.kind == String
	for i := 0; i < len(v.text); i++ {
		b := v.text[i]
		switch {
		case b == 0:
			dst = append(dst, 0, 0xff)
		case utf16:
			dst = append(dst, utf16Byte(b))
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, 0, 1)
}

// orderFloat turns a float's bits into those that order as the floats do.
func orderFloat(bits uint64) uint64 {
	if bits&signBit != 0 {
		return ^bits
	}
	return bits | signBit
}

// utf16Byte maps the bytes of UTF-8 so that their order is that of UTF-16 code
// units: characters from U+10000 on, whose surrogates begin at D800, sort
// before U+E000 to U+FFFF.
func utf16Byte(b byte) byte {
	switch {
	case b < 0xee || b > 0xf4:
		return b
	case b <= 0xef:
		return b + 5
	}
	return b - 2
}

func utf8Byte(b byte) byte {
	switch {
	case b < 0xee || b > 0xf4:
		return b
	case b <= 0xf2:
		return b + 2
	}
	return b - 5
}

// readKeyPart reads one part of a key from anyone.
func readKeyPart(data []byte, k Kind) (v Value, rest []byte, why string) {
	if len(data) == 0 || data[0] != 1 {
		return v, nil, "must be a key that is not null"
	}
	data = data[1:]
	switch k {
	case Bool:
		if len(data) < 1 || data[0] > 1 {
			return v, nil, "is not a key"
		}
		return OfBool(data[0] == 1), data[1:], ""
	case String, Bytes:
		return readKeyText(data, k)
	}
	if len(data) < 8 {
		return v, nil, "is a key cut short"
	}
	u, rest := binary.BigEndian.Uint64(data), data[8:]
	switch {
	case k == Time:
		return OfMicros(int64(u ^ signBit)), rest, ""
	case k.Signed():
		return OfInt(int64(u ^ signBit)), rest, ""
	case k.Unsigned():
		return OfUint(u), rest, ""
	case k.Float() && u&signBit != 0:
		return OfFloat(math.Float64frombits(u ^ signBit)), rest, ""
	case k.Float():
		return OfFloat(math.Float64frombits(^u)), rest, ""
	}
	return v, nil, "cannot be a key"
}

func readKeyText(data []byte, k Kind) (v Value, rest []byte, why string) {
	text := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		b := data[i]
		switch {
		case b == 0 && i+1 < len(data) && data[i+1] == 1:
			return Value{kind: k, text: string(text)}, data[i+2:], ""
		case b == 0 && i+1 < len(data) && data[i+1] == 0xff:
			text = append(text, 0)
			i++
		case b == 0:
			return v, nil, "is not a key"
		case k == String:
			text = append(text, utf8Byte(b))
		default:
			text = append(text, b)
		}
	}
	return v, nil, "is a key cut short"
}
