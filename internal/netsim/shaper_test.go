package netsim

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// arrivals sends packets, one each gap, and returns when copies arrive.
func arrivals(s *Shaper, packets, size int, gap time.Duration) [][]time.Duration {
	all := make([][]time.Duration, packets)
	for i := range all {
		now := time.Duration(i) * gap
		for _, delay := range s.Plan(size, now, nil) {
			all[i] = append(all[i], now+delay)
		}
	}
	return all
}

func TestSharesAreAsGiven(t *testing.T) {
	const packets = 20_000
	s := NewShaper(Config{Loss: 0.05, Dup: 0.01, Reorder: 0.02, Delay: 50 * ms, Jitter: 10 * ms, Seed: 1}, 0)
	lost, doubled, overtaken := 0, 0, 0
	all := arrivals(s, packets, 100, 10*ms)
	for i, at := range all {
		switch len(at) {
		case 0:
			lost++
			continue
		case 2:
			doubled++
		}
		if slices.ContainsFunc(all[i+1:min(i+5, packets)], func(later []time.Duration) bool {
			return len(later) > 0 && later[0] < at[0]
		}) {
			overtaken++
		}
		if delay := at[0] - time.Duration(i)*10*ms; delay < 40*ms || delay > 60*ms+30*ms {
			t.Fatalf("packet %d takes %v", i, delay)
		}
	}
	for name, share := range map[string][2]float64{
		"lost": {float64(lost), 0.05}, "doubled": {float64(doubled), 0.01 * 0.95}, "overtaken": {float64(overtaken), 0.02 * 0.95},
	} {
		if got := share[0] / packets; math.Abs(got-share[1]) > share[1]/5 {
			t.Errorf("%s: a share of %.4f, want %.4f", name, got, share[1])
		}
	}
	if c := s.Counts(); c.Packets != packets || c.Bytes != packets*100 || int(c.Lost) != lost || int(c.Doubled) != doubled {
		t.Errorf("counts %+v; lost %d, doubled %d", c, lost, doubled)
	}
}

func TestShaperKeepsOrderAndRepeatsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := Config{
			Loss:   rapid.Float64Range(0, 1).Draw(t, "loss"),
			Delay:  time.Duration(rapid.IntRange(0, 200).Draw(t, "delay")) * ms,
			Jitter: time.Duration(rapid.IntRange(0, 300).Draw(t, "jitter")) * ms,
			Rate:   rapid.SampledFrom([]int{0, 1000, 1_000_000}).Draw(t, "rate"),
			Seed:   rapid.Uint64().Draw(t, "seed"),
		}
		gap := time.Duration(rapid.IntRange(0, 30).Draw(t, "gap")) * ms
		all := arrivals(NewShaper(cfg, 3), 200, 500, gap)
		newest := time.Duration(0)
		for i, at := range all {
			if len(at) == 0 {
				continue
			}
			if at[0] < newest || at[0] < time.Duration(i)*gap {
				t.Fatalf("packet %d overtakes another, or arrives before it is sent", i)
			}
			newest = at[0]
		}
		if again := arrivals(NewShaper(cfg, 3), 200, 500, gap); !slices.EqualFunc(all, again, slices.Equal) {
			t.Fatal("the same seed gives another network")
		}
	})
}

// TestOneShareLeavesTheOthers: a change of loss does not change which packets
// are doubled.
func TestOneShareLeavesTheOthers(t *testing.T) {
	quiet := arrivals(NewShaper(Config{Dup: 0.3, Seed: 5}, 0), 100, 1, ms)
	lossy := arrivals(NewShaper(Config{Dup: 0.3, Loss: 0.2, Seed: 5}, 0), 100, 1, ms)
	for i := range quiet {
		if len(lossy[i]) != 0 && len(lossy[i]) != len(quiet[i]) {
			t.Errorf("packet %d comes %d times, without loss %d times", i, len(lossy[i]), len(quiet[i]))
		}
	}
}

func TestRate(t *testing.T) {
	// 1 Mbit/s takes a packet of 1,250 bytes every 10 ms.
	s := NewShaper(Config{Rate: 1_000_000}, 0)
	for i, at := range arrivals(s, 20, 1250, 0) {
		if want := time.Duration(i+1) * 10 * ms; len(at) != 1 || at[0] != want {
			t.Errorf("packet %d arrives at %v, want %v", i, at, want)
		}
	}
	// A quarter of a second fits in the buffer, and the rest is lost.
	s = NewShaper(Config{Rate: 1_000_000}, 0)
	arrivals(s, 100, 1250, 0)
	if c := s.Counts(); c.Full != 100-26 {
		t.Errorf("%d of 100 packets at once are lost, want 74", c.Full)
	}
	if got := s.Plan(1250, time.Second, nil); len(got) != 1 || got[0] != 10*ms {
		t.Errorf("a packet takes %v when the line is free again", got)
	}
}

func TestCheck(t *testing.T) {
	for _, bad := range []Config{
		{Loss: -0.1}, {Loss: 1.1}, {Dup: math.NaN()}, {Reorder: 2}, {Delay: -1}, {Jitter: -1}, {Rate: -1}, {Buffer: -1},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	if err := (Config{Loss: 1, Dup: 1, Reorder: 1}).Check(); err != nil {
		t.Error(err)
	}
}
