package tick

import (
	"math"
	"testing"
)

// checkRelative fails if got is further from want than the documented share of it.
func checkRelative(t *testing.T, name string, got float32, want float64) {
	t.Helper()
	const allowed = 1.2e-7
	smallest := float64(math.SmallestNonzeroFloat32) // subnormal results cannot be that exact
	if d := math.Abs(float64(got) - want); d > allowed*math.Abs(want)+smallest {
		t.Errorf("%s = %v, want %v: relative error %.3g", name, got, want, d/math.Abs(want))
	}
}

func TestSinCosAreAccurate(t *testing.T) {
	r := NewRand(3)
	for _, limit := range []float32{1e-30, 1e-3, 1, 10, 1e4, 1 << 20} {
		for range 20_000 {
			x := r.Range(-limit, limit)
			sin, cos := SinCos(x)
			checkRelative(t, "sin", sin, math.Sin(float64(x)))
			checkRelative(t, "cos", cos, math.Cos(float64(x)))
			if sin != Sin(x) || cos != Cos(x) {
				t.Fatalf("SinCos(%v) differs from Sin and Cos", x)
			}
			if t.Failed() {
				t.Fatalf("at x = %v", x)
			}
		}
	}
}

// The arguments nearest to multiples of pi/2 lose most bits to the reduction.
func TestSinCosNearTheirZeros(t *testing.T) {
	for k := range 6400 {
		x := float32(float64(k) * math.Pi / 2)
		for _, x := range []float32{math.Nextafter32(x, 0), x, math.Nextafter32(x, 1e9)} {
			checkRelative(t, "sin", Sin(x), math.Sin(float64(x)))
			checkRelative(t, "cos", Cos(x), math.Cos(float64(x)))
		}
	}
}

func TestSinOfLargeArguments(t *testing.T) {
	for _, x := range []float32{1<<20 + 1, 1e7, 1e9, 1e12, -1e12} {
		if d := math.Abs(float64(Sin(x)) - math.Sin(float64(x))); d > 1e-7+math.Abs(float64(x))*0x1p-54 {
			t.Errorf("Sin(%v) is off by %v", x, d)
		}
	}
	if s := Sin(math.MaxFloat32); !(s >= -1 && s <= 1) {
		t.Errorf("Sin(MaxFloat32) = %v", s)
	}
}

func TestAtan2IsAccurate(t *testing.T) {
	r := NewRand(4)
	for _, limit := range []float32{1e-20, 1, 1e4, 1e30} {
		for range 20_000 {
			y, x := r.Range(-limit, limit), r.Range(-limit, limit)
			if r.IntN(4) == 0 {
				y *= 1e-6
			}
			checkRelative(t, "atan2", Atan2(y, x), math.Atan2(float64(y), float64(x)))
			if t.Failed() {
				t.Fatalf("at y = %v, x = %v", y, x)
			}
		}
	}
}

func TestSpecialArguments(t *testing.T) {
	negative := float32(math.Copysign(0, -1))
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{0, negative, 1, -1, inf, -inf, nan, math.SmallestNonzeroFloat32, math.MaxFloat32}
	for _, y := range special {
		for _, x := range special {
			got, want := Atan2(y, x), float32(math.Atan2(float64(y), float64(x)))
			if math.IsNaN(float64(want)) {
				want = nan32()
			}
			if math.Float32bits(got) != math.Float32bits(want) {
				t.Errorf("Atan2(%v, %v) = %v, want %v", y, x, got, want)
			}
		}
	}
	for _, x := range []float32{inf, -inf, nan} {
		if s, c := SinCos(x); math.Float32bits(s) != 0x7fc00000 || math.Float32bits(c) != 0x7fc00000 {
			t.Errorf("SinCos(%v) = %v, %v, want the canonical NaN", x, s, c)
		}
	}
	if s := Sin(negative); math.Float32bits(s) != 1<<31 {
		t.Errorf("Sin(-0) = %v, want -0", s)
	}
}

func BenchmarkSinCos(b *testing.B) {
	var sum float32
	x := float32(0)
	for b.Loop() {
		s, c := SinCos(x)
		sum += s + c
		if x += 0.37; x > 1e4 {
			x = -1e4
		}
	}
	_ = sum
}

func BenchmarkAtan2(b *testing.B) {
	var sum float32
	x := float32(-500)
	for b.Loop() {
		sum += Atan2(17, x)
		x += 0.37
	}
	_ = sum
}
