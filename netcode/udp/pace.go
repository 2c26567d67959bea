package udp

import "time"

// rate is an allowance: one unit costs time, and some may be had at once.
type rate struct {
	unit  time.Duration // that one unit takes to come back
	burst time.Duration // worth of units that may be had at once
}

// perSecond is the rate of n units a second of which burst may be had at once.
func perSecond(n, burst int) rate {
	unit := max(time.Second/time.Duration(n), 1)
	return rate{unit: unit, burst: unit * time.Duration(burst)}
}

// pace says how much of a rate is left. Its owner's lock guards it; the zero
// pace has all of the burst.
type pace struct {
	paid time.Duration // when all that was taken will have come back
}

// left is how many units may be taken now; less than zero after an overdraft.
func (p *pace) left(now time.Duration, r rate) int {
	return int((r.burst - max(p.paid-now, 0)) / r.unit)
}

// spend takes n units, whether they are left or not.
func (p *pace) spend(now time.Duration, n int, r rate) {
	p.paid = max(p.paid, now) + time.Duration(n)*r.unit
}

// take takes one unit if it is left.
func (p *pace) take(now time.Duration, r rate) bool {
	if p.left(now, r) < 1 {
		return false
	}
	p.spend(now, 1, r)
	return true
}
