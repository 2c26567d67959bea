package schema

import (
	"encoding/binary"
	"math"
)

// Hash identifies the descriptor: FNV-1a 64 over its canonical bytes. Equal
// descriptors have equal hashes on any machine and in any language.
func (s Schema) Hash() uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, b := range s.appendCanonical(nil) {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}

// appendCanonical appends the form that is hashed: lists and strings with a
// 32-bit length, numbers little endian, Min and Max as 0 where they are unset.
func (s Schema) appendCanonical(b []byte) []byte {
	b = appendLen(b, len(s.Tables))
	for _, t := range s.Tables {
		b = append(appendText(b, t.Name), tableFlags(t))
		b = appendColumns(b, t.Columns)
	}
	b = appendLen(b, len(s.Events))
	for _, e := range s.Events {
		b = appendColumns(appendText(b, e.Name), e.Columns)
	}
	b = appendLen(b, len(s.Inputs))
	for _, in := range s.Inputs {
		b = appendBool(appendText(b, in.Name), in.Command)
		b = binary.LittleEndian.AppendUint16(b, in.Table)
		b = appendColumns(b, in.Columns)
	}
	return b
}

func tableFlags(t TableDef) (f byte) {
	if t.Single {
		f |= 1
	}
	if t.Reliable {
		f |= 2
	}
	return f
}

func appendColumns(b []byte, columns []Column) []byte {
	b = appendLen(b, len(columns))
	for _, c := range columns {
		b = append(appendText(b, c.Name), byte(c.Kind), byte(c.Flags))
		b = appendFloat(b, c.Quant, true)
		b = appendFloat(b, c.Min, c.Has(HasMin))
		b = appendFloat(b, c.Max, c.Has(HasMax))
	}
	return b
}

func appendLen(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }

func appendText(b []byte, s string) []byte { return append(appendLen(b, len(s)), s...) }

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendFloat(b []byte, v float64, set bool) []byte {
	if !set {
		v = 0
	}
	return binary.LittleEndian.AppendUint64(b, math.Float64bits(v+0)) // -0 + 0 is 0
}
