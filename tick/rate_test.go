package tick

import (
	"math"
	"testing"
	"time"
)

func TestRateValidate(t *testing.T) {
	for rate, ok := range map[Rate]bool{-1: false, 0: false, 1: true, 30: true, 128: true, 129: false} {
		if err := rate.Validate(); (err == nil) != ok {
			t.Errorf("Rate(%d).Validate() = %v", rate, err)
		}
	}
}

func TestRateTicks(t *testing.T) {
	cases := []struct {
		rate Rate
		d    time.Duration
		want Tick
	}{
		{30, 0, 0},
		{30, -time.Second, 0},
		{30, time.Nanosecond, 1},
		{30, time.Second, 30},
		{30, time.Second + 1, 31},
		{30, 33 * time.Millisecond, 1},
		{30, 34 * time.Millisecond, 2},
		{20, 50 * time.Millisecond, 1},
		{1, 1500 * time.Millisecond, 2},
		{128, math.MaxInt64, math.MaxUint32},
	}
	for _, c := range cases {
		if got := c.rate.Ticks(c.d); got != c.want {
			t.Errorf("Rate(%d).Ticks(%v) = %d, want %d", c.rate, c.d, got, c.want)
		}
	}
}

func TestRateDT(t *testing.T) {
	if got := Rate(20).DT(); got != 0.05 {
		t.Errorf("DT = %v, want 0.05", got)
	}
	if got := Rate(20).Period(); got != 50*time.Millisecond {
		t.Errorf("Period = %v, want 50ms", got)
	}
}
