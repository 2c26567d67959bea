package state

import (
	"errors"

	"github.com/parlor-server/parlor/internal/bits"
)

// The forms of a row set, which says which of n rows in order are meant.
const (
	setAll    = 0
	setBitmap = 1 // a bit for each
	setList   = 2 // the distances between those meant
)

func writeAllRows(w *bits.Writer) { w.Bits(setAll, 2) }

// writeRowSet writes ascending positions below n in the shortest form.
func writeRowSet(w *bits.Writer, positions []uint32, n int) {
	if len(positions) == n {
		writeAllRows(w)
		return
	}
	listLen := bits.UVarLen(uint64(len(positions)))
	previous := -1
	for _, p := range positions {
		listLen += bits.UVarLen(uint64(int(p) - previous - 1))
		previous = int(p)
	}
	if n <= listLen {
		writeBitmap(w, positions, n)
		return
	}
	w.Bits(setList, 2)
	w.UVar(uint64(len(positions)))
	previous = -1
	for _, p := range positions {
		w.UVar(uint64(int(p) - previous - 1))
		previous = int(p)
	}
}

func writeBitmap(w *bits.Writer, positions []uint32, n int) {
	w.Bits(setBitmap, 2)
	for from := 0; from < n; from += 64 {
		var word uint64
		for len(positions) > 0 && int(positions[0]) < from+64 {
			word |= 1 << (int(positions[0]) - from)
			positions = positions[1:]
		}
		w.Bits(word, uint(min(64, n-from)))
	}
}

var (
	errRowSet = errors.New("row set does not fit its rows")
	errRange  = errors.New("value out of range")
)

// readRowSet appends the positions that are meant, ascending and below n.
func readRowSet(r *bits.Reader, positions []uint32, n int) []uint32 {
	switch r.Bits(2) {
	case setAll:
		if r.Err() == nil {
			for i := range n {
				positions = append(positions, uint32(i))
			}
		}
	case setBitmap:
		for from := 0; from < n && r.Err() == nil; from += 64 {
			word := r.Bits(uint(min(64, n-from)))
			for i := 0; word != 0; i, word = i+1, word>>1 {
				if word&1 != 0 {
					positions = append(positions, uint32(from+i))
				}
			}
		}
	case setList:
		count, previous := r.UVar(), -1
		for ; count > 0 && r.Err() == nil; count-- {
			gap := r.UVar()
			if gap >= uint64(n-previous-1) {
				r.Fail(errRowSet)
				break
			}
			previous += 1 + int(gap)
			positions = append(positions, uint32(previous))
		}
	default:
		r.Fail(errRowSet)
	}
	return positions
}
