package state

import (
	"math/bits"
	"unsafe"
)

// fullSum is the full hash while it is summed up: 64 bits at once, as only Go
// computes it, in every tick. Its halves are the lanes of the Hash.
type fullSum uint64

func (s fullSum) hash() Hash { return Hash{uint32(s), uint32(s >> 32)} }

// fold multiplies to 128 bits and folds the halves together (as in wyhash by Wang Yi).
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

const (
	foldA = 0xa0761d6478bd642f
	foldB = 0xe7037ed1a0b428db
	foldC = 0x9e3779b97f4a7c15
)

// fullKey starts the full hash of each of a row's, or a timer's, cells. part
// is the index of the world's field.
func fullKey(id uint32, part int) uint64 {
	return fold((uint64(part+1)<<32|uint64(id))^foldA, foldB)
}

// fullCell is the full hash of one cell in exact form.
func fullCell(key uint64, column int, exact uint64) fullSum {
	return fullSum(fold(key+uint64(column+1)*foldC, exact^foldB))
}

// The values of a slot's presence cell. A slot that is free again keeps one:
// its generation decides the next ID.
const (
	presentRow = 1
	formerRow  = 2
)

// slotHash is the full hash of a slot that holds the row id at base, or held
// it before, or was never used.
func (r *rows) slotHash(base unsafe.Pointer, i uint32, id ID, live bool) fullSum {
	if id.gen() == 0 {
		return 0
	}
	key := fullKey(uint32(id), r.index)
	if !live {
		return fullCell(key, presence, formerRow)
	}
	sum := fullCell(key, presence, presentRow)
	row := r.at(base, i)
	for n := range r.columns {
		sum += fullCell(key, n, r.columns[n].load(row))
	}
	return sum
}

// fullHash computes the full hash of all slots from nothing.
func (r *rows) fullHash() (sum fullSum) {
	for _, p := range r.pages {
		if p == nil {
			continue
		}
		for i := range uint32(r.perPage()) {
			sum += r.slotHash(p.rows, i, p.id(i), p.live>>i&1 != 0)
		}
	}
	return sum
}

// sumHash sums up the world: what tables, timers and writes keep, and what they share.
func (s *Store) sumHash() Hash {
	key := fullKey(0, -1)
	random := s.rand.State()
	sum := fullCell(key, 0, random[0]) + fullCell(key, 1, random[1]) + fullCell(key, 2, uint64(s.tick))
	for _, r := range s.tables {
		sum += r.full
	}
	for _, t := range s.timers {
		sum += t.fullHash()
	}
	if s.writes != nil {
		sum += s.writes.fullHash()
	}
	return sum.hash()
}
