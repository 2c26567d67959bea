package state

import "testing"

// The numbers come from an independent computation in another language.
func TestHashOfKnownCells(t *testing.T) {
	key := rowKey(makeID(3, 2), 1)
	cases := []struct {
		name      string
		got, want any
	}{
		{"mix", mix(1), uint32(0x688990c0)},
		{"row key", key, uint32(0x9c93d4ea)},
		{"narrow cell", cellHash(key, 0, 7).String(), "f2446a6c3d59dbdc"},
		{"presence cell", cellHash(key, presence, 1).String(), "3371aa8c6d1e10ca"},
		{"wide cell", wideCellHash(key, 2, 0x123456789abcdef0).String(), "7b7bf1368f3f0e70"},
		{"digest of no text", textDigest(""), uint64(2166136261)},
		{"digest of a text", textDigest("a"), uint64(1<<32 | 0xe40c292c)},
	}
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

func TestSingleCellsAreAlwaysSeen(t *testing.T) {
	seen := map[fullSum]int{}
	for v := range 10000 {
		seen[fullCell(fullKey(7, 1), 3, uint64(v))]++
	}
	if len(seen) != 10000 {
		t.Errorf("%d hashes of 10000 values", len(seen))
	}
}
