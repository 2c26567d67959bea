//go:build linux

package main

import (
	"math"
	"testing"
)

const earlierPage = `# HELP parlor_ticks_total Ticks of all rooms.
# TYPE parlor_ticks_total counter
parlor_ticks_total 100
parlor_tick_lateness_seconds_bucket{le="0.001"} 90
parlor_tick_lateness_seconds_bucket{le="0.002"} 100
parlor_tick_lateness_seconds_bucket{le="+Inf"} 100
go_info{version="go1.26"} 1
`

const laterPage = `parlor_ticks_total 300
parlor_tick_lateness_seconds_bucket{le="0.001"} 190
parlor_tick_lateness_seconds_bucket{le="0.002"} 290
parlor_tick_lateness_seconds_bucket{le="+Inf"} 300
`

func TestMetricsOfAWindow(t *testing.T) {
	d := parseMetrics(laterPage).minus(parseMetrics(earlierPage))
	if got := d.values["parlor_ticks_total"]; got != 200 {
		t.Errorf("%v ticks, want 200", got)
	}
	// In the window 100 ticks were up to 1 ms late, 90 up to 2 ms, 10 later.
	for q, want := range map[float64]float64{0.25: 0.0005, 0.5: 0.001, 0.725: 0.0015, 0.99: 0.002} {
		if got := d.quantile("parlor_tick_lateness_seconds", q); math.Abs(got-want) > 1e-9 {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	if got := d.quantile("nothing", 0.5); got != 0 {
		t.Errorf("quantile of no histogram is %v", got)
	}
}

func TestMedianOfRounds(t *testing.T) {
	cpu := func(r round) float64 { return r[systemParlor].ServerCPU }
	of := func(values ...float64) (rounds []round) {
		for _, v := range values {
			rounds = append(rounds, round{systemParlor: {ServerCPU: v}})
		}
		return rounds
	}
	if got := median(of(3, 1, 2), cpu); got != 2 {
		t.Errorf("median is %v, want 2", got)
	}
	if got := median(of(4, 1, 2, 3), cpu); got != 2.5 {
		t.Errorf("median is %v, want 2.5", got)
	}
}

func TestFloorSendsAsManyBytes(t *testing.T) {
	for _, bytes := range []int{60, 127, 130, 400} { // of a frame with its WebSocket header
		n, head := walkersOptions{}.sizeDown(measurement{FrameBytes: float64(bytes)}), 2
		if n > 125 {
			head = 4
		}
		if n+head != bytes {
			t.Errorf("a message of %d bytes in place of %d", n+head, bytes)
		}
	}
}
