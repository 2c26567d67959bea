package tick

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestRandContinuesFromItsState(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := NewRand(rapid.Uint64().Draw(t, "seed"))
		for range rapid.IntRange(0, 100).Draw(t, "drawn") {
			a.Uint32()
		}
		var b Rand
		b.SetState(a.State())
		for range 10 {
			if x, y := a.Uint64(), b.Uint64(); x != y {
				t.Fatalf("continues with %#x, want %#x", y, x)
			}
		}
	})
}

func TestRandStaysInRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := NewRand(rapid.Uint64().Draw(t, "seed"))
		n := rapid.IntRange(1, math.MaxInt).Draw(t, "n")
		lo := rapid.Float32Range(-1e6, 1e6).Draw(t, "lo")
		hi := rapid.Float32Range(-1e6, 1e6).Draw(t, "hi")
		for range 20 {
			if v := r.IntN(n); v < 0 || v >= n {
				t.Fatalf("IntN(%d) = %d", n, v)
			}
			if v := r.Float32(); v < 0 || v >= 1 {
				t.Fatalf("Float32() = %v", v)
			}
			if v := r.Float64(); v < 0 || v >= 1 {
				t.Fatalf("Float64() = %v", v)
			}
			v := r.Range(lo, hi)
			if v < min(lo, hi) || v > max(lo, hi) || (v == hi && lo != hi) {
				t.Fatalf("Range(%v, %v) = %v", lo, hi, v)
			}
		}
	})
}

// A chi-squared test with a fixed seed: with 9 degrees of freedom, a fair die exceeds 27.9 once in a thousand seeds.
func TestRandIntNIsUniform(t *testing.T) {
	r := NewRand(1)
	const draws, sides = 100_000, 10
	var count [sides]float64
	for range draws {
		count[r.IntN(sides)]++
	}
	chi := 0.0
	for _, c := range count {
		d := c - draws/sides
		chi += d * d / (draws / sides)
	}
	if chi > 27.9 {
		t.Errorf("chi squared is %.1f for %v", chi, count)
	}
}

func TestRandIntNRefusesNothing(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("IntN(0) returned")
		}
	}()
	r := NewRand(1)
	r.IntN(0)
}

func BenchmarkRandIntN(b *testing.B) {
	r := NewRand(1)
	for b.Loop() {
		r.IntN(1000)
	}
}
