package tick

import "math"

// The functions here return the same bits on every GOARCH, at every GOAMD64 and in
// WebAssembly, which math.Sin and friends do not: those have assembly on some machines, and
// the compiler fuses x*y+z into one rounding where the machine can. Here every product is
// converted before it is added, which the language defines to round it, and only
// operations that IEEE 754 rounds correctly are used.
//
// The work is done in float64 and rounded once at the end, so results are within 1 unit
// in the last place of a float32. The method is the classic one (Cody and Waite, "Software
// Manual for the Elementary Functions", 1980): reduce the argument with pi/2 in two parts, then
// sum the Taylor series, whose coefficients need no table to port them to another language.

const (
	twoOverPi  = 2 / math.Pi
	halfPiHigh = 0x1.921fb544p+0        // the first 33 bits of pi/2: its product with 20 bits is exact
	halfPiLow  = math.Pi/2 - halfPiHigh // the next 53 bits
	exactLimit = 1 << 20                // beyond, the reduction above is no longer exact
)

// Sin returns the sine of x radians. Its relative error is below 1.2e-7 for |x| ≤ 2^20; beyond,
// the absolute error grows to |x| * 2^-54. The sine of an infinity or of NaN is NaN.
func Sin(x float32) float32 {
	quadrant, r := reduce(x)
	return sine(quadrant, r)
}

// Cos returns the cosine of x radians, with the accuracy of Sin.
func Cos(x float32) float32 {
	quadrant, r := reduce(x)
	return sine(quadrant+1, r)
}

// SinCos returns Sin(x) and Cos(x), reducing the argument once.
func SinCos(x float32) (sin, cos float32) {
	quadrant, r := reduce(x)
	return sine(quadrant, r), sine(quadrant+1, r)
}

// reduce writes x as quadrant * pi/2 + r with |r| a hair above pi/4 at most; r is NaN if x is not finite.
func reduce(x float32) (quadrant int32, r float64) {
	v := float64(x)
	if !(math.Abs(v) <= exactLimit) {
		if v != v || math.IsInf(v, 0) {
			return 0, math.NaN()
		}
		v = math.Mod(v, 2*math.Pi) // exact by definition, for a slightly wrong pi
	}
	q := math.Floor(float64(v*twoOverPi) + 0.5)
	r = v - float64(q*halfPiHigh)
	return int32(q), r - float64(q*halfPiLow)
}

// sine is sin(quadrant * pi/2 + r).
func sine(quadrant int32, r float64) float32 {
	if r != r {
		return nan32()
	}
	var v float64
	if quadrant&1 == 0 {
		v = sineSeries(r)
	} else {
		v = cosineSeries(r)
	}
	if quadrant&2 != 0 {
		v = -v
	}
	return float32(v)
}

// sineSeries is sin(r) for |r| ≤ pi/4 up to the term in r^11; the next is below 2^-36 of the result.
func sineSeries(r float64) float64 {
	z := float64(r * r)
	p := -1.0/5040 + float64(z*(1.0/362880+float64(z*(-1.0/39916800))))
	p = -1.0/6 + float64(z*(1.0/120+float64(z*p)))
	return r * (1 + float64(z*p)) // keeps the sign of -0
}

// cosineSeries is cos(r) for |r| ≤ pi/4 up to the term in r^12; the next is below 2^-40 of the result.
func cosineSeries(r float64) float64 {
	z := float64(r * r)
	p := 1.0/40320 + float64(z*(-1.0/3628800+float64(z*(1.0/479001600))))
	p = 1.0/24 + float64(z*(-1.0/720+float64(z*p)))
	return 1 + float64(z*(-0.5+float64(z*p)))
}

// Atan2 returns the angle of the vector (x, y) to the x axis, from -pi to pi, with the signs and
// special cases of math.Atan2. Its relative error is below 1.2e-7.
func Atan2(y, x float32) float32 {
	if y != y || x != x {
		return nan32()
	}
	ay, ax := math.Abs(float64(y)), math.Abs(float64(x))
	var angle float64
	if ay <= ax {
		angle = arctan(ay, ax)
	} else {
		angle = math.Pi/2 - arctan(ax, ay)
	}
	if math.Signbit(float64(x)) {
		angle = math.Pi - angle
	}
	return float32(math.Copysign(angle, float64(y)))
}

// arctan is atan(a/b) for 0 ≤ a ≤ b; the angle of no vector is 0, that of two infinities pi/4.
//
// It subtracts the nearest of atan 0, atan 1/2 and atan 1 by the addition theorem
// atan(t) = atan(c) + atan((t-c)/(1+c*t)), which leaves |t| ≤ 0.236, then sums the series.
func arctan(a, b float64) float64 {
	switch {
	case a == 0:
		return 0
	case math.IsInf(a, 0):
		return math.Pi / 4
	case a <= float64(0.236*b):
		return arctanSeries(a / b)
	case a <= float64(0.7*b):
		const atanHalf = 0.46364760900080611621425623146121440
		return atanHalf + arctanSeries((a-float64(0.5*b))/(b+float64(0.5*a)))
	default:
		return math.Pi/4 + arctanSeries((a-b)/(b+a))
	}
}

// arctanSeries is atan(t) for |t| ≤ 0.236 up to the term in t^15; the next is below 2^-37 of the result.
func arctanSeries(t float64) float64 {
	z := float64(t * t)
	p := 1.0/13 - float64(z*(1.0/15))
	p = 1.0/9 - float64(z*(1.0/11-float64(z*p)))
	p = 1.0/5 - float64(z*(1.0/7-float64(z*p)))
	p = 1.0/3 - float64(z*p)
	return t - float64(float64(t*z)*p)
}

// nan32 is the one NaN that leaves this package.
func nan32() float32 { return math.Float32frombits(0x7fc00000) }
