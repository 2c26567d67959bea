package udp

import (
	"testing"
	"time"
)

func TestReadPace(t *testing.T) {
	type step struct {
		after    time.Duration // from the end of the last read to the end of this one
		n        int
		more     bool
		handling time.Duration
		want     time.Duration
	}
	const ms = time.Millisecond
	tests := map[string][]step{
		"the first packet":        {{0, 1, false, 0, 0}},
		"500 a second":            {{0, 1, false, 0, 0}, {2 * ms, 1, false, 0, 0}, {2 * ms, 1, false, 0, 0}},
		"4,000 a second":          {{0, 1, false, 0, 0}, {ms / 4, 1, false, 0, pauseLength}, {ms, 4, false, 0, pauseLength}},
		"handling takes its time": {{0, 1, false, 0, 0}, {ms, 20, false, ms / 5, pauseLength - ms/5}, {ms, 20, false, ms, pauseLength - ms}},
		"more is waiting":         {{0, 1, false, 0, 0}, {ms, socketBatch, true, 0, 0}, {ms, 20, false, 0, pauseLength}},
		"a burst, then quiet":     {{0, 1, false, 0, 0}, {ms / 20, 1, false, 0, pauseLength}, {ms, 10, false, 0, pauseLength}, {50 * ms, 10, false, 0, 0}},
		"one a millisecond":       {{0, 1, false, 0, 0}, {ms, 1, false, 0, 0}},
	}
	for name, steps := range tests {
		var p readPace
		now := time.Unix(1_800_000_000, 0)
		for i, s := range steps {
			now = now.Add(s.after)
			p.arrived(s.n, s.more, now)
			if got := p.pause(now.Add(s.handling)); got != s.want {
				t.Errorf("%s, read %d: pause %v, want %v", name, i, got, s.want)
			}
		}
	}
}
