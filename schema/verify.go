package schema

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
)

// MaxBody is the largest body that Verify accepts. Transports set limits far
// below it.
const MaxBody = 1 << 26

// ErrBadBody is wrapped by every error of Verify.
var ErrBadBody = errors.New("malformed message body")

// Verify checks that body holds the kind's FlatBuffers table: that every
// offset, vtable, string, vector and nested table which a generated accessor
// may follow lies inside the body, and that strings are UTF-8. After it
// returned nil no accessor of package fb panics on the body. It allocates only
// to report an error, and its time is linear in the body's size: a body that
// refers to the same bytes again and again is refused.
func Verify(kind Kind, body []byte) error {
	l := layoutOf(kind)
	if l == nil {
		return fmt.Errorf("%w: unknown kind %d", ErrBadBody, kind)
	}
	if len(body) > MaxBody {
		return fmt.Errorf("%w: %s of %d bytes", ErrBadBody, kind, len(body))
	}
	v := verifier{body: body, budget: workPerByte*len(body) + workFloor}
	root, ok := v.follow(0)
	if ok {
		ok = v.table(root, l)
	}
	if ok {
		return nil
	}
	if v.field == "" {
		return fmt.Errorf("%w: %s", ErrBadBody, kind)
	}
	return fmt.Errorf("%w: %s: field %s", ErrBadBody, kind, v.field)
}

// A writer that shares vtables and strings makes the verifier read some bytes
// more than once; the budget leaves room for that and not for attacks.
const (
	workPerByte = 8
	workFloor   = 1024
)

// verifier walks one body. Positions are ints, so that no sum of two 32-bit
// offsets wraps.
type verifier struct {
	body   []byte
	budget int    // bytes that may still be looked at
	field  string // where it failed
}

// spend takes n bytes of the budget.
func (v *verifier) spend(n int) bool {
	v.budget -= n
	return v.budget >= 0
}

// inside reports whether n bytes at pos lie in the body.
func (v *verifier) inside(pos, n int) bool {
	return pos >= 0 && n >= 0 && pos <= len(v.body)-n
}

func (v *verifier) uint16(pos int) int { return int(binary.LittleEndian.Uint16(v.body[pos:])) }
func (v *verifier) uint32(pos int) int { return int(binary.LittleEndian.Uint32(v.body[pos:])) }

// follow reads the offset at pos and returns the position that it names.
func (v *verifier) follow(pos int) (int, bool) {
	if !v.inside(pos, 4) {
		return 0, false
	}
	to := pos + v.uint32(pos)
	return to, to < len(v.body)
}

// table checks the table at pos and all that it refers to. Layouts are not
// recursive, so neither is the depth of hostile input.
func (v *verifier) table(pos int, l *layout) bool {
	if !v.inside(pos, 4) {
		return false
	}
	vtable := pos - int(int32(binary.LittleEndian.Uint32(v.body[pos:])))
	if !v.inside(vtable, 4) {
		return false
	}
	vtableSize, tableSize := v.uint16(vtable), v.uint16(vtable+2)
	if vtableSize < 4 || vtableSize%2 != 0 || !v.inside(vtable, vtableSize) {
		return false
	}
	if tableSize < 4 || !v.inside(pos, tableSize) || !v.spend(vtableSize+tableSize) {
		return false
	}
	for i := range l.fields {
		entry := 4 + 2*i
		if entry >= vtableSize {
			break
		}
		f := &l.fields[i]
		at := v.uint16(vtable + entry)
		if at == 0 {
			continue
		}
		if at < 4 || at+f.shape.size() > tableSize || !v.value(pos+at, f) {
			if v.field == "" {
				v.field = f.name
			}
			return false
		}
	}
	return true
}

// value checks what the field at pos refers to.
func (v *verifier) value(pos int, f *field) bool {
	switch f.shape {
	case shapeString:
		return v.text(pos)
	case shapeBytes:
		_, _, ok := v.vector(pos, 1)
		return ok
	case shapeApplied:
		_, _, ok := v.vector(pos, appliedSize)
		return ok
	case shapeTable:
		to, ok := v.follow(pos)
		return ok && v.table(to, f.table)
	case shapeTables:
		return v.tables(pos, f.table)
	}
	return true
}

// vector returns the first element's position and the number of elements of
// the vector that the offset at pos names.
func (v *verifier) vector(pos, elem int) (first, n int, ok bool) {
	to, ok := v.follow(pos)
	if !ok || !v.inside(to, 4) {
		return 0, 0, false
	}
	n = v.uint32(to)
	if n > len(v.body)/elem || !v.inside(to+4, n*elem) {
		return 0, 0, false
	}
	return to + 4, n, true
}

func (v *verifier) text(pos int) bool {
	first, n, ok := v.vector(pos, 1)
	if !ok || !v.inside(first, n+1) || v.body[first+n] != 0 || !v.spend(n) {
		return false
	}
	return utf8.Valid(v.body[first : first+n])
}

func (v *verifier) tables(pos int, l *layout) bool {
	first, n, ok := v.vector(pos, 4)
	if !ok || !v.spend(4*n) {
		return false
	}
	for i := range n {
		to, ok := v.follow(first + 4*i)
		if !ok || !v.table(to, l) {
			return false
		}
	}
	return true
}
