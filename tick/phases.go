package tick

import "time"

// slotWidth is the grid of phases. It is what Go's timers resolve: closer phases would wake the
// loop more often without being any more punctual.
const slotWidth = time.Millisecond

// phases spreads the tasks of each rate over their period. Owned by one loop's goroutine.
type phases struct {
	used [MaxRate + 1][]int32 // per rate, how many tasks each slot of the period has
}

// take returns the slot with the fewest tasks. Among equals it goes round in golden-ratio
// steps, so that the first few tasks are already far apart (the three-distance theorem).
func (p *phases) take(rate Rate) int {
	if p.used[rate] == nil {
		p.used[rate] = make([]int32, rate.Period()/slotWidth)
	}
	used := p.used[rate]
	n := len(used)
	stride := goldenStride(n)
	best := 0
	for i, slot := 0, 0; i < n; i, slot = i+1, (slot+stride)%n {
		if used[slot] < used[best] {
			best = slot
		}
	}
	used[best]++
	return best
}

// release gives a slot of take back.
func (p *phases) release(rate Rate, slot int) { p.used[rate][slot]-- }

// goldenStride is the number next to n/golden ratio that shares no divisor with n, so that stepping
// by it visits every slot.
func goldenStride(n int) int {
	stride := max(n*618/1000, 1)
	for gcd(stride, n) != 1 {
		stride++
	}
	return stride
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
