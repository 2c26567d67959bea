package table

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unsafe"

	"github.com/parlor-server/parlor/persistence/value"
)

// entry is one of an index that is being built.
type entry struct {
	head uint64 // eight bytes of the key, after what all keys begin with
	key  value.Key
	slot *slot
}

// asKey makes a string of bytes that are never written again.
func asKey(b []byte) value.Key { return value.Key(unsafe.String(unsafe.SliceData(b), len(b))) }

// sortEntries sorts by key: a stable radix sort of eight bytes where the keys
// begin to differ, then by comparison where those are equal. Rows come in the
// order of their primary keys, which end the entries, so what is equal there is
// mostly in order already.
func sortEntries(entries []entry) {
	if len(entries) < 2 {
		return
	}
	skip := len(commonPrefix(entries))
	for i := range entries {
		var head [8]byte
		copy(head[:], entries[i].key[skip:])
		entries[i].head = binary.BigEndian.Uint64(head[:])
	}
	radixSort(entries)
	byKey := func(a, b entry) int { return strings.Compare(string(a.key), string(b.key)) }
	for from := 0; from < len(entries); {
		to := from + 1
		for to < len(entries) && entries[to].head == entries[from].head {
			to++
		}
		if run := entries[from:to]; !slices.IsSortedFunc(run, byKey) {
			slices.SortFunc(run, byKey)
		}
		from = to
	}
}

// commonPrefix returns what all keys begin with.
func commonPrefix(entries []entry) value.Key {
	prefix := entries[0].key
	for i := range entries {
		key := entries[i].key
		n := min(len(prefix), len(key))
		if key[:n] == prefix[:n] {
			prefix = prefix[:n]
			continue
		}
		for j := range n {
			if key[j] != prefix[j] {
				prefix = prefix[:j]
				break
			}
		}
	}
	return prefix
}

// radixSort sorts by head, stably, a byte a pass, least significant first.
func radixSort(entries []entry) {
	if len(entries) < 1024 {
		slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.head, b.head) })
		return
	}
	from, to := entries, make([]entry, len(entries))
	for shift := 0; shift < 64; shift += 8 {
		var counts [256]int
		for i := range from {
			counts[byte(from[i].head>>shift)]++
		}
		if counts[byte(from[0].head>>shift)] == len(from) {
			continue
		}
		sum := 0
		for i, n := range counts {
			counts[i], sum = sum, sum+n
		}
		for i := range from {
			b := byte(from[i].head >> shift)
			to[counts[b]] = from[i]
			counts[b]++
		}
		from, to = to, from
	}
	if &from[0] != &entries[0] {
		copy(entries, from)
	}
}
