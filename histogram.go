package parlor

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets whose upper bounds double. Room loops
// call observe on every tick, so it is one shift and two atomic additions, and
// it needs no lock; readers may see a duration counted and not yet summed.
type histogram struct {
	buckets [histogramBuckets]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

const (
	// The first bound is 2^firstBound ns, about 8 µs; the last 18 buckets
	// later, about 1.07 s; the last bucket takes everything longer.
	firstBound       = 13
	histogramBuckets = 19
)

func (h *histogram) observe(d time.Duration) {
	d = max(d, 0)
	// A duration is at most its bucket's bound: 2^13 ns itself is in the first.
	i := bits.Len64(uint64(max(d, 1)-1)) - firstBound
	h.buckets[min(max(i, 0), histogramBuckets-1)].Add(1)
	h.sum.Add(int64(d))
}

// snapshot returns how many durations there were, their sum in seconds, and
// how many were at most each bound in seconds.
func (h *histogram) snapshot() (count uint64, sum float64, upTo map[float64]uint64) {
	upTo = make(map[float64]uint64, histogramBuckets-1)
	for i := range h.buckets {
		count += h.buckets[i].Load()
		if i < histogramBuckets-1 {
			upTo[time.Duration(1<<(firstBound+i)).Seconds()] = count
		}
	}
	return count, time.Duration(h.sum.Load()).Seconds(), upTo
}
