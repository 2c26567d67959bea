package state

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

// Whatever the sizes of the records, the ring holds the last 64 as they were pushed.
func TestRingHoldsWhatWasPushed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r ring
		var pushed []changes
		most := rapid.SampledFrom([]int{0, 3, 50, 500}).Draw(t, "most")
		sizes := rapid.SliceOfN(rapid.IntRange(0, most), 1+rapid.IntRange(0, 3).Draw(t, "quarters")*80, 250).Draw(t, "sizes")
		for i, size := range sizes {
			c := r.open()
			var want changes
			for n := range size * (1 + i/50) { // ever more than it reckoned with
				c, want = append(c, uint32(i*1000+n)), append(want, uint32(i*1000+n))
			}
			r.push(tick.Tick(i+1), c)
			pushed = append(pushed, want)
			for back := range min(len(pushed), ringTicks) {
				if got, want := r.changes(back), pushed[len(pushed)-1-back]; !slices.Equal(got, want) {
					t.Fatalf("after %d records, the one %d back is %v, want %v", i+1, back, got, want)
				}
			}
		}
		if n, ok := r.since(tick.Tick(max(1, len(sizes)-ringTicks))); len(sizes) > 1 && (!ok || n != min(len(sizes)-1, ringTicks)) {
			t.Fatalf("since says %d, %t", n, ok)
		}
	})
}

func TestRingOfLikeTicksStopsToGrow(t *testing.T) {
	var r ring
	tickOf := func(n int) {
		c := r.open()
		for i := range 40 + n%20 {
			c = append(c, uint32(i))
		}
		r.push(r.last+1, c)
	}
	for n := range 3 * ringTicks {
		tickOf(n)
	}
	n := 0
	if allocs := testing.AllocsPerRun(1000, func() { tickOf(n); n++ }); allocs != 0 {
		t.Errorf("%v allocations a tick", allocs)
	}
	if len(r.words) > 2*60*ringTicks {
		t.Errorf("it holds %d words for %d at most", len(r.words), 60*ringTicks)
	}
}
