package tick

import (
	"math"
	"math/bits"
)

// Rand is a deterministic random number generator: the same seed gives the same numbers on
// every machine. It is xoshiro128** by David Blackman and Sebastiano Vigna ("Scrambled Linear
// Pseudorandom Number Generators", 2018), which needs 32-bit arithmetic only and so is as
// cheap in JavaScript as in Go. It is not for secrets.
//
// A Rand is a small value; a copy continues on its own from the same place. Make it with
// NewRand: the zero Rand yields zeros only. It is not safe for concurrent use.
type Rand struct{ s [4]uint32 }

// NewRand returns a generator whose state is drawn from seed by SplitMix64
// (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
func NewRand(seed uint64) Rand {
	var r Rand
	for i := 0; i < 4; i += 2 {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		r.s[i], r.s[i+1] = uint32(z), uint32(z>>32)
	}
	return r // never all zeros: SplitMix64 yields 0 for one state only, and two follow each other here
}

// Uint32 returns 32 random bits. All other numbers are made from it.
func (r *Rand) Uint32() uint32 {
	s := &r.s
	result := bits.RotateLeft32(s[1]*5, 7) * 9
	t := s[1] << 9
	s[2] ^= s[0]
	s[3] ^= s[1]
	s[1] ^= s[2]
	s[0] ^= s[3]
	s[2] ^= t
	s[3] = bits.RotateLeft32(s[3], 11)
	return result
}

// Uint64 returns 64 random bits; the first 32 drawn are the high half.
func (r *Rand) Uint64() uint64 {
	high := r.Uint32()
	return uint64(high)<<32 | uint64(r.Uint32())
}

// IntN returns a number from 0 to n-1, all equally likely. It panics if n is not positive,
// as the standard library does: there is no such number.
//
// The method is Daniel Lemire's ("Fast Random Integer Generation in an Interval", 2019).
func (r *Rand) IntN(n int) int {
	if n <= 0 {
		panic("tick: Rand.IntN needs a positive n")
	}
	if uint64(n) > math.MaxUint32 {
		return int(r.below64(uint64(n)))
	}
	bound := uint32(n)
	product := uint64(r.Uint32()) * uint64(bound)
	if low := uint32(product); low < bound {
		for reject := -bound % bound; low < reject; low = uint32(product) {
			product = uint64(r.Uint32()) * uint64(bound)
		}
	}
	return int(product >> 32)
}

func (r *Rand) below64(bound uint64) uint64 {
	high, low := bits.Mul64(r.Uint64(), bound)
	if low < bound {
		for reject := -bound % bound; low < reject; {
			high, low = bits.Mul64(r.Uint64(), bound)
		}
	}
	return high
}

// Float32 returns a number from 0 up to, not including, 1, in steps of 2^-24.
func (r *Rand) Float32() float32 { return float32(r.Uint32()>>8) * 0x1p-24 }

// Float64 returns a number from 0 up to, not including, 1, in steps of 2^-53.
func (r *Rand) Float64() float64 { return float64(r.Uint64()>>11) * 0x1p-53 }

// Bool returns true half of the time.
func (r *Rand) Bool() bool { return r.Uint32()>>31 != 0 }

// Range returns a number from lo up to, not including, hi; lo if they are equal.
func (r *Rand) Range(lo, hi float32) float32 {
	span := float64(hi) - float64(lo)
	v := float32(float64(lo) + float64(span*float64(r.Float32())))
	if v == hi { // rounding to float32 may reach the end
		return math.Nextafter32(hi, lo)
	}
	return v
}

// State returns what SetState needs to continue from here.
func (r *Rand) State() [2]uint64 {
	return [2]uint64{uint64(r.s[1])<<32 | uint64(r.s[0]), uint64(r.s[3])<<32 | uint64(r.s[2])}
}

// SetState continues from where State was taken.
func (r *Rand) SetState(state [2]uint64) {
	r.s = [4]uint32{uint32(state[0]), uint32(state[0] >> 32), uint32(state[1]), uint32(state[1] >> 32)}
}
