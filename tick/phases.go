package tick

import "time"

// slotWidth is the grid of phases. Closer phases would wake the loop more often, at a cost that
// outweighs the shorter batches: Go's timers resolve a millisecond anyway.
const slotWidth = 2 * time.Millisecond

// phases spreads the tasks of each rate over their period, in lanes. The loop's goroutine only.
type phases struct {
	lanes [MaxRate + 1][]*lane // per rate, one for each slot of the period
}

// assign returns the lane with the fewest tasks. Among equals it goes round in golden-ratio
// steps, so that the first few tasks are already far apart (the three-distance theorem).
func (p *phases) assign(rate Rate) *lane {
	if p.lanes[rate] == nil {
		p.lanes[rate] = newLanes(rate)
	}
	lanes := p.lanes[rate]
	stride := goldenStride(len(lanes))
	best, slot := lanes[0], 0
	for range lanes {
		if lanes[slot].assigned < best.assigned {
			best = lanes[slot]
		}
		slot = (slot + stride) % len(lanes)
	}
	best.assigned++
	return best
}

func newLanes(rate Rate) []*lane {
	lanes := make([]*lane, rate.Period()/slotWidth)
	for slot := range lanes {
		l := &lane{rate: rate, phase: time.Duration(slot) * slotWidth}
		l.appointment = appointment{place: -1, lane: l}
		lanes[slot] = l
	}
	return lanes
}

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
