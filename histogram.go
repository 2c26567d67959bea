package parlor

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// histogram counts durations in buckets whose upper bounds grow by a quarter
// of an octave, like 8, 10, 12, 14, 16, 20 µs. Room loops call observe on every
// tick, so it is a few shifts and two atomic additions, and it needs no lock;
// readers may see a duration counted and not yet summed.
type histogram struct {
	buckets [histogramBuckets]atomic.Uint64
	sum     atomic.Int64 // nanoseconds
}

const (
	firstOctave = 13 // the first bound is 2^13 ns, about 8 µs
	octaves     = 17 // the last bound is 2^30 ns, about 1.07 s

	// One bucket up to the first bound, four an octave, one for all longer ones.
	histogramBuckets = 1 + 4*octaves + 1
)

func (h *histogram) observe(d time.Duration) {
	h.buckets[bucketOf(d)].Add(1)
	h.sum.Add(int64(max(d, 0)))
}

// bucketOf finds the first bucket whose bound is at least d.
func bucketOf(d time.Duration) int {
	n := uint64(max(d, 1) - 1) // a duration is at most its bucket's bound
	octave := bits.Len64(n) - 1
	if octave < firstOctave {
		return 0
	}
	quarter := int(n>>(octave-2)) & 3
	return min(1+4*(octave-firstOctave)+quarter, histogramBuckets-1)
}

// bound is the longest duration of a bucket but the last.
func bound(bucket int) time.Duration {
	if bucket == 0 {
		return 1 << firstOctave
	}
	octave, quarter := (bucket-1)/4+firstOctave, (bucket-1)%4
	return time.Duration(5+quarter) << (octave - 2)
}

// snapshot returns how many durations there were, their sum in seconds, and
// how many were at most each bound in seconds.
func (h *histogram) snapshot() (count uint64, sum float64, upTo map[float64]uint64) {
	upTo = make(map[float64]uint64, histogramBuckets-1)
	for i := range h.buckets {
		count += h.buckets[i].Load()
		if i < histogramBuckets-1 {
			upTo[bound(i).Seconds()] = count
		}
	}
	return count, time.Duration(h.sum.Load()).Seconds(), upTo
}
