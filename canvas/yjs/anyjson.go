package yjs

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// jsonReader turns JSON that is known to be valid into an Any.
type jsonReader struct {
	b   []byte
	i   int
	err error
}

// appendAnyOfJSON writes the value of a JSON text; keys keep their order.
func appendAnyOfJSON(b []byte, raw json.RawMessage, depth int) ([]byte, error) {
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return nil, fmt.Errorf("%w: this is no JSON", ErrValue)
	}
	r := jsonReader{b: raw}
	b = r.append(b, depth)
	if r.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, r.err)
	}
	return b, nil
}

// peek is the next byte that is no white space.
func (r *jsonReader) peek() byte {
	for r.b[r.i] <= ' ' {
		r.i++
	}
	return r.b[r.i]
}

func (r *jsonReader) append(b []byte, depth int) []byte {
	if depth == 0 {
		r.err = errors.New("nested too deeply")
	}
	if r.err != nil {
		return b
	}
	switch r.peek() {
	case 'n':
		r.i += len("null")
		return append(b, anyNull)
	case 't':
		r.i += len("true")
		return append(b, anyTrue)
	case 'f':
		r.i += len("false")
		return append(b, anyFalse)
	case '"':
		return r.appendString(append(b, anyString))
	case '[':
		return r.appendAll(append(b, anyArray), ']', depth)
	case '{':
		return r.appendAll(append(b, anyObject), '}', depth)
	}
	return r.appendNumber(b)
}

func (r *jsonReader) appendNumber(b []byte) []byte {
	from := r.i
	for r.i < len(r.b) && (r.b[r.i] >= '0' && r.b[r.i] <= '9' || r.b[r.i] >= '+' && r.b[r.i] <= '.' || r.b[r.i]|0x20 == 'e') {
		if r.b[r.i] == ',' {
			break
		}
		r.i++
	}
	f, err := strconv.ParseFloat(string(r.b[from:r.i]), 64)
	if err != nil {
		r.err = err
		return b
	}
	return appendFloat(b, f)
}

func (r *jsonReader) appendString(b []byte) []byte {
	from := r.i
	plain := true
	for r.i++; r.b[r.i] != '"'; r.i++ {
		if r.b[r.i] == '\\' {
			plain = false
			r.i++
		}
	}
	r.i++
	if plain {
		return appendBytes(b, r.b[from+1:r.i-1])
	}
	var s string
	if err := json.Unmarshal(r.b[from:r.i], &s); err != nil {
		r.err = err
	}
	return appendBytes(b, s)
}

// appendAll writes the elements of an array or object behind their number, which
// is known at the end: mostly it has one byte.
func (r *jsonReader) appendAll(b []byte, end byte, depth int) []byte {
	at := len(b)
	b = append(b, 0)
	n := uint64(0)
	for r.i++; r.peek() != end && r.err == nil; n++ {
		if r.b[r.i] == ',' {
			r.i++
			r.peek()
		}
		if end == '}' {
			b = r.appendString(b)
			r.peek() // the colon
			r.i++
		}
		b = r.append(b, depth-1)
	}
	r.i++
	if n < 0x80 {
		b[at] = byte(n)
		return b
	}
	count := appendUint(nil, n)
	b = append(b, count[1:]...)
	copy(b[at+len(count):], b[at+1:])
	copy(b[at:], count)
	return b
}
