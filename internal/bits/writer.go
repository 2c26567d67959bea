package bits

import (
	"encoding/binary"
	"math/bits"
)

// Writer appends bits to a byte slice. Reset gives it the slice, Finish hands
// it back. It keeps no memory of its own, so a reused Writer allocates only
// what the slice grows. It is not safe for concurrent use.
type Writer struct {
	buf     []byte
	pending uint64 // bits not in buf yet, lowest first; fewer than 8 after a flush
	n       uint   // how many of them
}

// Reset starts a stream behind the bytes of dst.
func (w *Writer) Reset(dst []byte) { *w = Writer{buf: dst} }

// Finish pads the last byte with zero bits and returns the slice.
func (w *Writer) Finish() []byte {
	for ; w.n > 0; w.n -= min(w.n, 8) {
		w.buf = append(w.buf, byte(w.pending))
		w.pending >>= 8
	}
	return w.buf
}

// Bits writes the lowest n bits of v; n is at most 64.
func (w *Writer) Bits(v uint64, n uint) {
	if n > 32 {
		w.Bits(v&0xffffffff, 32)
		v, n = v>>32, n-32
	}
	w.pending |= v & (1<<n - 1) << w.n
	w.n += n
	if w.n >= 32 {
		w.flush()
	}
}

// flush moves 32 bits. There are at most 63 pending: fewer than 32, and one write of 32.
func (w *Writer) flush() {
	w.buf = binary.LittleEndian.AppendUint32(w.buf, uint32(w.pending))
	w.pending >>= 32
	w.n -= 32
}

// Block writes the lowest width bits of each value, as calls of Bits would;
// width is at most 32.
func (w *Writer) Block(values []uint32, width uint) {
	if width == 0 {
		return
	}
	buf, pending, n := w.buf, w.pending, w.n
	mask := uint64(1)<<width - 1
	for _, v := range values {
		pending |= uint64(v) & mask << n
		n += width
		if n >= 32 {
			buf = binary.LittleEndian.AppendUint32(buf, uint32(pending))
			pending >>= 32
			n -= 32
		}
	}
	w.buf, w.pending, w.n = buf, pending, n
}

// Block64 is Block for values of 64 bits, each in two halves, the lower one first.
func (w *Writer) Block64(halves []uint32, width uint) {
	for i := 0; i+1 < len(halves); i += 2 {
		w.Bits(uint64(halves[i])|uint64(halves[i+1])<<32, width)
	}
}

// Bool writes one bit.
func (w *Writer) Bool(v bool) {
	var bit uint64
	if v {
		bit = 1
	}
	w.Bits(bit, 1)
}

// UVar writes v in groups of four bits, least significant group first, each
// followed by a bit that says whether another group comes.
func (w *Writer) UVar(v uint64) {
	for ; v > 0xf; v >>= 4 {
		w.Bits(v&0xf|0x10, 5)
	}
	w.Bits(v, 5)
}

// UVarLen is the number of bits that UVar(v) writes.
func UVarLen(v uint64) int { return 5 * max(1, (bits.Len64(v)+3)/4) }

// SVar writes v as a UVar in zigzag form: 0, -1, 1, -2, …
func (w *Writer) SVar(v int64) { w.UVar(uint64(v)<<1 ^ uint64(v>>63)) }

// Bytes writes the length as a UVar, then 8 bits a byte.
func (w *Writer) Bytes(p []byte) {
	w.UVar(uint64(len(p)))
	for _, b := range p {
		w.Bits(uint64(b), 8)
	}
}

// String writes s as Bytes does.
func (w *Writer) String(s string) {
	w.UVar(uint64(len(s)))
	for i := range len(s) {
		w.Bits(uint64(s[i]), 8)
	}
}
