package state

import "fmt"

// Hash is a sum over the cells of a world, in two lanes of 32 bits that
// JavaScript computes with Math.imul. Cells are summed, so a change is taken
// out and put in without reading the rest. It finds errors, not attackers.
type Hash struct{ A, B uint32 }

// String returns 16 hexadecimal digits, lane A first.
func (h Hash) String() string { return fmt.Sprintf("%08x%08x", h.A, h.B) }

func (h *Hash) add(c Hash) { h.A, h.B = h.A+c.A, h.B+c.B }
func (h *Hash) sub(c Hash) { h.A, h.B = h.A-c.A, h.B-c.B }

const (
	tableFactor = 0x9E3779B1
	cellFactor  = 0x85EBCA77
	laneFlip    = 0x2C1B3C6D
)

// mix is a bijection of 32 bits that spreads every bit ("lowbias32" by Chris Wellons).
func mix(a uint32) uint32 {
	a ^= a >> 16
	a *= 0x7feb352d
	a ^= a >> 15
	a *= 0x846ca68b
	return a ^ a>>16
}

// rowKey starts the hash of each of a row's cells.
func rowKey(id ID, table uint32) uint32 { return mix(uint32(id) ^ (table+1)*tableFactor) }

// cellHash is the hash of a cell of up to 32 bits.
func cellHash(row uint32, column int, value uint32) Hash {
	k := mix(row ^ uint32(column+1)*cellFactor)
	a := mix(k ^ value)
	return Hash{a, mix(a ^ k ^ laneFlip)}
}

// wideCellHash is the hash of a cell of 64 bits, or of a text's digest.
func wideCellHash(row uint32, column int, value uint64) Hash {
	k := mix(row ^ uint32(column+1)*cellFactor)
	a := mix(mix(k^uint32(value)) ^ uint32(value>>32))
	return Hash{a, mix(a ^ k ^ laneFlip)}
}

// anyCellHash is wideCellHash or cellHash.
func anyCellHash(row uint32, column int, value uint64, wide bool) Hash {
	if wide {
		return wideCellHash(row, column, value)
	}
	return cellHash(row, column, uint32(value))
}

// presence is the column that every live row has beside its own; its value is 1.
const presence = -1

// textDigest is what a text is hashed as: FNV-1a 32 of its bytes, and above it its length.
func textDigest(s string) uint64 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return uint64(len(s))<<32 | uint64(h)
}
