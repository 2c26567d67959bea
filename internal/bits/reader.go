package bits

import (
	"encoding/binary"
	"errors"
)

// ErrEnd says that the stream ended before all was read.
var ErrEnd = errors.New("unexpected end of data")

// ErrVar says that a UVar does not fit 64 bits.
var ErrVar = errors.New("number is longer than 64 bits")

// Reader reads what a Writer wrote. Its first error stays: from then on every
// read gives zero, so a decoder may check Err once at the end of each part,
// but must check counts before it allocates for them. It never panics. It is
// not safe for concurrent use.
type Reader struct {
	data []byte
	pos  int // in bits
	end  int // in bits
	err  error
}

// Reset starts reading data, which must not change until the reading is done.
func (r *Reader) Reset(data []byte) { *r = Reader{data: data, end: len(data) * 8} }

// Err returns the first error.
func (r *Reader) Err() error { return r.err }

// Fail sets the error if there is none yet, for what the caller finds wrong.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.pos = r.end
}

// Remaining is the number of bits left, 0 after an error.
func (r *Reader) Remaining() int { return r.end - r.pos }

// Bits reads n bits; n is at most 64.
func (r *Reader) Bits(n uint) uint64 {
	if n > 32 {
		low := r.Bits(32)
		return low | r.Bits(n-32)<<32
	}
	if r.pos+int(n) > r.end {
		r.Fail(ErrEnd)
		return 0
	}
	i, shift := r.pos>>3, uint(r.pos&7)
	r.pos += int(n)
	var window uint64
	if i+8 <= len(r.data) {
		window = binary.LittleEndian.Uint64(r.data[i:])
	} else {
		window = r.tail(i)
	}
	return window >> shift & (1<<n - 1)
}

// tail is the window at byte i where fewer than 8 bytes are left.
func (r *Reader) tail(i int) (window uint64) {
	for j, b := range r.data[i:] {
		window |= uint64(b) << (8 * j)
	}
	return window
}

// Bool reads one bit.
func (r *Reader) Bool() bool { return r.Bits(1) != 0 }

// UVar reads a number of up to 64 bits.
func (r *Reader) UVar() uint64 {
	var v uint64
	for shift := uint(0); shift < 64; shift += 4 {
		group := r.Bits(5)
		v |= group & 0xf << shift
		if group&0x10 == 0 {
			return v
		}
	}
	r.Fail(ErrVar)
	return 0
}

// SVar reads a signed number in zigzag form.
func (r *Reader) SVar() int64 {
	u := r.UVar()
	return int64(u>>1) ^ -int64(u&1)
}

// Bytes reads a length and as many bytes into a slice of their own. It
// allocates nothing for a length that the stream cannot hold.
func (r *Reader) Bytes() []byte {
	n := r.length()
	if n == 0 {
		return nil
	}
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Bits(8))
	}
	return p
}

// String reads what Writer.String wrote.
func (r *Reader) String() string { return string(r.AppendBytes(nil)) }

// AppendBytes appends what Bytes would return to dst.
func (r *Reader) AppendBytes(dst []byte) []byte {
	for range r.length() {
		dst = append(dst, byte(r.Bits(8)))
	}
	return dst
}

func (r *Reader) length() int {
	n := r.UVar()
	if n > uint64(r.Remaining()/8) {
		r.Fail(ErrEnd)
		return 0
	}
	return int(n)
}
