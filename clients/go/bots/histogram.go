package bots

import (
	"sync/atomic"
	"time"
)

const (
	histogramStep  = 100 * time.Microsecond
	histogramSlots = 20_000 // up to two seconds; longer times count as that
)

// histogram counts durations in steps of a tenth of a millisecond. Any
// goroutine may use it.
type histogram struct {
	slots [histogramSlots]atomic.Uint32
}

func (h *histogram) add(d time.Duration) {
	h.slots[min(max(int(d/histogramStep), 0), histogramSlots-1)].Add(1)
}

func (h *histogram) reset() {
	for i := range h.slots {
		h.slots[i].Store(0)
	}
}

// quantile gives the milliseconds that the share q of all durations stays
// below; 0 without any.
func (h *histogram) quantile(q float64) float64 {
	var total uint64
	for i := range h.slots {
		total += uint64(h.slots[i].Load())
	}
	if total == 0 {
		return 0
	}
	var seen uint64
	for i := range h.slots {
		seen += uint64(h.slots[i].Load())
		if float64(seen) >= q*float64(total) {
			return float64(i+1) * float64(histogramStep) / float64(time.Millisecond)
		}
	}
	return float64(histogramSlots) * float64(histogramStep) / float64(time.Millisecond)
}
