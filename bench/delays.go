//go:build linux

package main

import "time"

const (
	delayStep  = 100 * time.Microsecond
	delaySteps = 30_000 // beyond 3 s it does not matter how much
)

// delays counts durations in steps of 0.1 ms.
type delays struct {
	steps [delaySteps]int64
	count int64
}

func (d *delays) add(v time.Duration) {
	d.steps[min(max(0, v/delayStep), delaySteps-1)]++
	d.count++
}

func (d *delays) reset() { *d = delays{} }

// quantile is the duration, in milliseconds, that the share q stays within.
func (d *delays) quantile(q float64) float64 {
	var sum int64
	for i, n := range d.steps {
		if sum += n; sum > 0 && float64(sum) >= q*float64(d.count) {
			return float64(time.Duration(i+1)*delayStep) / float64(time.Millisecond)
		}
	}
	return 0
}
