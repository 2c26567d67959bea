package yjs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// The tags of lib0's Any encoding.
const (
	anyBytes = 116 + iota
	anyArray
	anyObject
	anyString
	anyTrue
	anyFalse
	anyBigInt
	anyFloat64
	anyFloat32
	anyInt
	anyNull
	anyUndefined
)

// maxAnyDepth bounds objects in objects.
const maxAnyDepth = 200

// any passes over one value and returns its bytes, not copied.
func (r *reader) any() []byte {
	from := r.i
	r.skipAny(maxAnyDepth)
	if r.err != nil {
		return nil
	}
	return r.b[from:r.i:r.i]
}

func (r *reader) skipAny(depth int) {
	if depth == 0 {
		r.fail("value nested too deeply")
		return
	}
	switch r.byte() {
	case anyNull, anyUndefined, anyTrue, anyFalse:
	case anyInt:
		r.int()
	case anyFloat32:
		r.take(4)
	case anyFloat64, anyBigInt:
		r.take(8)
	case anyString:
		r.text()
	case anyBytes:
		r.bytes()
	case anyArray:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			r.skipAny(depth - 1)
		}
	case anyObject:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			r.text()
			r.skipAny(depth - 1)
		}
	default:
		r.fail("unknown kind of value")
	}
}

// Undefined is JavaScript's undefined.
type Undefined struct{}

// MarshalJSON writes null, which is what JSON.stringify makes of it in arrays.
func (Undefined) MarshalJSON() ([]byte, error) { return []byte("null"), nil }

// decodeAny turns a value that was checked when it was received into Go's: nil,
// bool, float64, int64 (BigInt), string, []byte, []any, map[string]any, Undefined.
func decodeAny(raw []byte) any {
	r := reader{b: raw}
	return r.value()
}

func (r *reader) value() any {
	switch r.byte() {
	case anyUndefined:
		return Undefined{}
	case anyTrue:
		return true
	case anyFalse:
		return false
	case anyInt:
		n, negative := r.int()
		if negative {
			return math.Copysign(float64(n), -1)
		}
		return float64(n)
	case anyFloat32:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(r.take(4))))
	case anyFloat64:
		return math.Float64frombits(binary.BigEndian.Uint64(r.take(8)))
	case anyBigInt:
		return int64(binary.BigEndian.Uint64(r.take(8)))
	case anyString:
		return string(r.text())
	case anyBytes:
		return slices.Clone(r.bytes())
	case anyArray:
		list := make([]any, r.count())
		for i := range list {
			list[i] = r.value()
		}
		return list
	case anyObject:
		object := map[string]any{}
		for n := r.count(); n > 0; n-- {
			key := string(r.text())
			object[key] = r.value()
		}
		return object
	}
	return nil
}

// appendAny writes what decodeAny reads, Go's other numbers, and JSON; the keys
// of Go's objects sorted, so that equal values have equal bytes.
func appendAny(b []byte, v any) ([]byte, error) { return appendAnyIn(b, v, maxAnyDepth) }

func appendAnyIn(b []byte, v any, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, fmt.Errorf("%w: nested too deeply", ErrValue)
	}
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, anyNull), nil
	case Undefined:
		return append(b, anyUndefined), nil
	case bool:
		if v {
			return append(b, anyTrue), nil
		}
		return append(b, anyFalse), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, fmt.Errorf("%w: a string is not UTF-8", ErrValue)
		}
		return appendBytes(append(b, anyString), v), nil
	case []byte:
		return appendBytes(append(b, anyBytes), v), nil
	case json.RawMessage:
		return appendAnyOfJSON(b, v, depth)
	case []any:
		b = appendUint(append(b, anyArray), uint64(len(v)))
		for _, e := range v {
			if b, err = appendAnyIn(b, e, depth-1); err != nil {
				return nil, err
			}
		}
		return b, nil
	case map[string]any:
		return appendObject(b, v, depth)
	}
	return appendNumber(b, v)
}

func appendObject(b []byte, object map[string]any, depth int) ([]byte, error) {
	var few [8]string
	keys := few[:0]
	for key := range object {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	b = appendUint(append(b, anyObject), uint64(len(keys)))
	for _, key := range keys {
		if !utf8.ValidString(key) {
			return nil, fmt.Errorf("%w: a key is not UTF-8", ErrValue)
		}
		var err error
		if b, err = appendAnyIn(appendBytes(b, key), object[key], depth-1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// appendNumber writes a number of any of Go's types.
func appendNumber(b []byte, v any) ([]byte, error) {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case float32:
		f = float64(v)
	case int:
		f = float64(v)
	case int32:
		f = float64(v)
	case uint32:
		f = float64(v)
	case int64:
		return binary.BigEndian.AppendUint64(append(b, anyBigInt), uint64(v)), nil
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return nil, fmt.Errorf("%w: number %s", ErrValue, v)
		}
		f = n
	default:
		return nil, fmt.Errorf("%w, not %T", ErrValue, v)
	}
	return appendFloat(b, f), nil
}

// appendFloat chooses the encoding that yjs chooses.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case f == math.Trunc(f) && math.Abs(f) <= math.MaxInt32:
		n, negative := uint64(math.Abs(f)), math.Signbit(f)
		return appendInt(append(b, anyInt), n, negative)
	case float64(float32(f)) == f:
		return binary.BigEndian.AppendUint32(append(b, anyFloat32), math.Float32bits(float32(f)))
	}
	return binary.BigEndian.AppendUint64(append(b, anyFloat64), math.Float64bits(f))
}

func appendInt(b []byte, n uint64, negative bool) []byte {
	first := byte(n & 0x3f)
	if negative {
		first |= 0x40
	}
	if n >>= 6; n == 0 {
		return append(b, first)
	}
	return appendUint(append(b, first|0x80), n)
}
