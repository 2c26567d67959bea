package netcode

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// play sends perSecond messages of size for d and counts verdicts.
func play(l *limiter, r *rates, perSecond, size int, d time.Duration) (counts [flood + 1]int) {
	start := l.last
	for i := range int(d.Seconds() * float64(perSecond)) {
		now := start + time.Duration(i)*time.Second/time.Duration(perSecond)
		counts[l.take(now/sweepPeriod*sweepPeriod, size, false, r)]++
	}
	return counts
}

func TestLimiter(t *testing.T) {
	r := &rates{messages: 100, messageBurst: 200, bytes: 10_000, bytesBurst: 20_000}
	for _, tc := range []struct {
		name            string
		perSecond, size int
		d               time.Duration
		passes          int // at least
		reports         int // exactly
		floods          bool
	}{
		{"at the rate", 100, 10, time.Minute, 6000, 0, false},
		{"twice the rate", 200, 10, time.Minute, 6000, 59, false},
		{"eleven times the rate", 1100, 10, 3 * time.Second, 300, 2, true},
		{"a hundred times the rate", 10_000, 10, time.Second, 200, 1, true},
		{"bytes at the rate", 10, 1000, time.Minute, 600, 0, false},
		{"bytes at fifty times the rate", 10, 50_000, 5 * time.Second, 1, 1, true},
	} {
		l := newLimiter(time.Hour, r)
		got := play(&l, r, tc.perSecond, tc.size, tc.d)
		if got[pass] < tc.passes || (got[flood] > 0) != tc.floods || (!tc.floods && got[report] != tc.reports) || got[report] < tc.reports {
			t.Errorf("%s: passed %d, ignored %d, reported %d, flood %d", tc.name, got[pass], got[drop], got[report], got[flood])
		}
	}
}

// TestLimiterNeverPassesMore checks the bound for any pattern of messages.
func TestLimiterNeverPassesMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &rates{messages: 50, messageBurst: 80, bytes: 1 << 40, bytesBurst: 1 << 40}
		l := newLimiter(0, r)
		now, passed := time.Duration(0), int64(0)
		for _, gap := range rapid.SliceOf(rapid.IntRange(0, 300)).Draw(t, "gaps in ms") {
			now += time.Duration(gap) * time.Millisecond
			for range rapid.IntRange(1, 50).Draw(t, "messages") {
				if l.take(now, 1, false, r) == pass {
					passed++
				}
			}
			if most := r.messageBurst + r.messages*now.Milliseconds()/1000; passed > most {
				t.Fatalf("%d passed within %v, at most %d may", passed, now, most)
			}
		}
	})
}
