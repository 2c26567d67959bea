package value

import (
	"cmp"
	"math"
	"strings"
)

// Compare orders cells: null first; false, true; numbers by their exact value,
// whatever their kinds; strings by UTF-16 code units, as JavaScript does;
// bytes by bytes; times. Cells that have no common order compare by kind.
func Compare(a, b Value) int {
	if a.kind != b.kind {
		if number(a.kind) && number(b.kind) {
			return compareNumbers(a, b)
		}
		return cmp.Compare(rank(a.kind), rank(b.kind))
	}
	switch a.kind {
	case Int64, Time:
		return cmp.Compare(int64(a.num), int64(b.num))
	case Float64:
		return cmp.Compare(a.Float(), b.Float())
	case String:
		return CompareText(a.text, b.text)
	case Bytes, JSON:
		return strings.Compare(a.text, b.text)
	}
	return cmp.Compare(a.num, b.num)
}

func number(k Kind) bool { return k == Int64 || k == Uint64 || k == Float64 }

// rank is the kind, the same for all numbers.
func rank(k Kind) Kind {
	if number(k) {
		return Int64
	}
	return k
}

// compareNumbers compares numbers of two classes.
func compareNumbers(a, b Value) int {
	switch {
	case a.kind == Float64:
		return -compareNumbers(b, a)
	case a.kind == Uint64 && b.kind == Int64:
		return -compareNumbers(b, a)
	case b.kind == Float64 && a.kind == Int64:
		return compareIntFloat(int64(a.num), b.Float())
	case b.kind == Float64:
		return compareUintFloat(a.num, b.Float())
	case int64(a.num) < 0: // a signed, b unsigned
		return -1
	}
	return cmp.Compare(a.num, b.num)
}

func compareIntFloat(i int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(0, f-whole)
}

func compareUintFloat(u uint64, f float64) int {
	switch {
	case f >= 1<<64:
		return -1
	case f < 0:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(u, uint64(whole)); c != 0 {
		return c
	}
	return cmp.Compare(0, f-whole)
}

// CompareText orders UTF-8 text by UTF-16 code units.
func CompareText(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return cmp.Compare(utf16Byte(a[i]), utf16Byte(b[i]))
		}
	}
	return cmp.Compare(len(a), len(b))
}
