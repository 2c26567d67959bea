package yjs

import "unicode/utf8"

// reader reads lib0's encoding. The first error sticks; after it every read
// gives zero values, so that callers check once, and loops by count end.
type reader struct {
	b       []byte
	i       int
	err     error
	checked bool // all strings are known to be UTF-8
}

func (r *reader) fail(what string) {
	if r.err == nil {
		r.err = malformed("%s at byte %d", what, r.i)
		r.i = len(r.b)
	}
}

// done reports the first error, also that of bytes left over.
func (r *reader) done(what string) error {
	if r.err == nil && r.i != len(r.b) {
		r.fail("bytes after the end of the " + what)
	}
	return r.err
}

func (r *reader) byte() byte {
	if r.i >= len(r.b) {
		r.fail("unexpected end")
		return 0
	}
	b := r.b[r.i]
	r.i++
	return b
}

// uint reads seven bits a byte, the lowest first.
func (r *reader) uint() uint64 {
	if r.i < len(r.b) && r.b[r.i] < 0x80 {
		r.i++
		return uint64(r.b[r.i-1])
	}
	return r.longUint()
}

func (r *reader) longUint() uint64 {
	var n uint64
	for shift := 0; shift < 56; shift += 7 {
		b := r.byte()
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			if n > maxSafe {
				break
			}
			return n
		}
	}
	r.fail("integer beyond 53 bits")
	return 0
}

// int reads a signed integer: the first byte has the sign and six bits.
func (r *reader) int() (n uint64, negative bool) {
	b := r.byte()
	n, negative = uint64(b&0x3f), b&0x40 != 0
	for shift := 6; b >= 0x80; shift += 7 {
		if shift > 55 {
			r.fail("integer beyond 53 bits")
			return 0, false
		}
		b = r.byte()
		n |= uint64(b&0x7f) << shift
	}
	if n > maxSafe {
		r.fail("integer beyond 53 bits")
		return 0, false
	}
	return n, negative
}

// bytes are a length and so many bytes, not copied.
func (r *reader) bytes() []byte { return r.take(r.uint()) }

func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)-r.i) {
		r.fail("length beyond the end")
		return nil
	}
	b := r.b[r.i : r.i+int(n) : r.i+int(n)]
	r.i += int(n)
	return b
}

// text is a string's bytes, not copied. yjs refuses what is no UTF-8, too.
func (r *reader) text() []byte {
	b := r.bytes()
	if !r.checked && !utf8.Valid(b) {
		r.fail("string is not UTF-8")
		return nil
	}
	return b
}

// count is a number of things that take at least one byte each.
func (r *reader) count() int {
	n := r.uint()
	if n > uint64(len(r.b)-r.i) {
		r.fail("count beyond the end")
		return 0
	}
	return int(n)
}

func (r *reader) id() ID {
	client := r.uint()
	return ID{client, r.uint()}
}

func appendUint(b []byte, n uint64) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

func appendBytes[T string | []byte](b []byte, s T) []byte {
	return append(appendUint(b, uint64(len(s))), s...)
}
