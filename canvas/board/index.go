package board

import (
	"errors"
	"strings"
)

// Fractional indexes: strings that are compared by bytes, between any two of
// which there is another. The form is David Greenspan's ("Implementing
// Fractional Indexing", 2020), as the npm package fractional-indexing and others
// write it: a number in base 62 whose first letter says how many digits its
// whole part has, a–z for 1 to 26 and Z–A for negative ones; then a fraction.
// Appending at the end thus makes them longer only logarithmically.

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// maxIndex is where indexes are no longer divided: the siblings are spaced anew.
const maxIndex = 64

// firstIndex is that of a shape without siblings.
const firstIndex = "a0"

var errIndex = errors.New("an index is a fractional index of at most 64 letters and digits, such as a1; leave it out to put the shape in front")

// wholeDigits is how long the whole part is that starts with head, with head; 0
// if none does.
func wholeDigits(head byte) int {
	switch {
	case head >= 'a' && head <= 'z':
		return int(head-'a') + 2
	case head >= 'A' && head <= 'Z':
		return int('Z'-head) + 2
	}
	return 0
}

func digit(c byte) int { return strings.IndexByte(digits, c) }

// checkIndex refuses what between cannot divide.
func checkIndex(s string) error {
	if s == "" || len(s) > maxIndex {
		return errIndex
	}
	n := wholeDigits(s[0])
	if n == 0 || len(s) < n || len(s) > n && s[len(s)-1] == '0' || s == smallest {
		return errIndex
	}
	for i := range len(s) {
		if digit(s[i]) < 0 {
			return errIndex
		}
	}
	return nil
}

// smallest is the least whole part: nothing would be below it.
const smallest = "A00000000000000000000000000"

// between is an index above a and below b; "" is the end on that side. Both are
// valid and a < b.
func between(a, b string) string {
	switch {
	case a == "" && b == "":
		return firstIndex
	case a == "":
		whole := b[:wholeDigits(b[0])]
		if whole == smallest {
			return whole + middle("", b[len(whole):])
		}
		if whole < b {
			return whole
		}
		if whole = decrement(whole); whole == smallest {
			return whole + middle("", "")
		}
		return whole
	case b == "":
		whole := a[:wholeDigits(a[0])]
		if next := increment(whole); next != "" {
			return next
		}
		return whole + middle(a[len(whole):], "")
	}
	wa, wb := a[:wholeDigits(a[0])], b[:wholeDigits(b[0])]
	if wa == wb {
		return wa + middle(a[len(wa):], b[len(wb):])
	}
	if next := increment(wa); next != "" && next < b {
		return next
	}
	return wa + middle(a[len(wa):], "")
}

// middle is a fraction between two, without a zero at its end; b "" is 1.
func middle(a, b string) string {
	if b != "" {
		n := 0
		for n < len(b) && digitAt(a, n) == digit(b[n]) {
			n++
		}
		if n > 0 {
			return b[:n] + middle(a[min(n, len(a)):], b[n:])
		}
	}
	low, high := digitAt(a, 0), len(digits)
	if b != "" {
		high = digit(b[0])
	}
	if high-low > 1 {
		return digits[(low+high+1)/2 : (low+high+1)/2+1]
	}
	if len(b) > 1 {
		return b[:1]
	}
	return digits[low:low+1] + middle(a[min(1, len(a)):], "")
}

// digitAt is 0 behind the end.
func digitAt(s string, i int) int {
	if i < len(s) {
		return digit(s[i])
	}
	return 0
}

// increment is the next whole part, or "" after the last.
func increment(whole string) string {
	b := []byte(whole)
	for i := len(b) - 1; i > 0; i-- {
		if d := digit(b[i]); d < len(digits)-1 {
			b[i] = digits[d+1]
			return string(b)
		}
		b[i] = digits[0]
	}
	switch head := b[0]; head {
	case 'Z':
		return firstIndex
	case 'z':
		return ""
	default:
		return string(head+1) + strings.Repeat(digits[:1], wholeDigits(head+1)-1)
	}
}

// decrement is the whole part before; whole is not the smallest.
func decrement(whole string) string {
	b := []byte(whole)
	for i := len(b) - 1; i > 0; i-- {
		if d := digit(b[i]); d > 0 {
			b[i] = digits[d-1]
			return string(b)
		}
		b[i] = digits[len(digits)-1]
	}
	switch head := b[0]; head {
	case 'a':
		return "Zz"
	default:
		return string(head-1) + strings.Repeat(digits[len(digits)-1:], wholeDigits(head-1)-1)
	}
}

// indexes are n between a and b, short ones and in order.
func indexes(a, b string, n int) []string {
	list := make([]string, n)
	if b == "" { // appended ones stay short
		for i := range list {
			a = between(a, "")
			list[i] = a
		}
		return list
	}
	var fill func(a, b string, list []string)
	fill = func(a, b string, list []string) {
		if len(list) == 0 {
			return
		}
		i := len(list) / 2
		list[i] = between(a, b)
		fill(a, list[i], list[:i])
		fill(list[i], b, list[i+1:])
	}
	fill(a, b, list)
	return list
}
