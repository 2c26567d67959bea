package parlor

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestHistogramBuckets(t *testing.T) {
	bounds := map[time.Duration]time.Duration{ // duration → the smallest bound that counts it; 0: none
		-time.Second:                   1 << 13,
		0:                              1 << 13,
		1 << 13:                        1 << 13,
		1<<13 + 1:                      5 << 11,
		time.Millisecond:               1 << 20,
		1 << 30:                        1 << 30,
		1<<30 + 1:                      0,
		time.Hour:                      0,
		time.Duration(1<<63 - 1):       0,
		time.Duration(-1 << 63):        1 << 13,
		100 * time.Microsecond:         7 << 14,
		(1<<17)*time.Nanosecond - 1:    1 << 17,
		time.Duration(1<<20 + 1<<20/2): 6 << 18,
		6<<18 + 1:                      7 << 18,
	}
	for d, bound := range bounds {
		var h histogram
		h.observe(d)
		count, _, upTo := h.snapshot()
		if count != 1 {
			t.Errorf("%v: counted %d times", d, count)
		}
		for b, n := range upTo {
			want := uint64(0)
			if bound != 0 && b >= bound.Seconds() {
				want = 1
			}
			if n != want {
				t.Errorf("%v: %d at most %v s, want %d", d, n, b, want)
			}
		}
	}
}

func TestHistogramIsCumulative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h histogram
		var total time.Duration
		ds := rapid.SliceOf(rapid.Int64Range(0, int64(3*time.Second))).Draw(t, "durations")
		for _, d := range ds {
			h.observe(time.Duration(d))
			total += time.Duration(d)
		}
		count, sum, upTo := h.snapshot()
		if count != uint64(len(ds)) || sum != total.Seconds() {
			t.Fatalf("count %d, sum %v; want %d, %v", count, sum, len(ds), total.Seconds())
		}
		for b, n := range upTo {
			want := uint64(0)
			for _, d := range ds {
				if time.Duration(d).Seconds() <= b {
					want++
				}
			}
			if n != want {
				t.Fatalf("%d at most %v s, want %d", n, b, want)
			}
		}
	})
}

func BenchmarkHistogramObserve(b *testing.B) {
	var h histogram
	for b.Loop() {
		h.observe(time.Millisecond)
	}
}
