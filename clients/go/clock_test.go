package client

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

func runClock(c *Clock, from, to int, arrive func(n int) time.Time) {
	for n := from; n <= to; n++ {
		c.framed(tick.Tick(n), arrive(n))
	}
}

func TestClockEstimates(t *testing.T) {
	start := time.Unix(1000, 0)
	every := func(period time.Duration) func(int) time.Time {
		return func(n int) time.Time { return start.Add(time.Duration(n) * period) }
	}
	for _, c := range []struct {
		name     string
		rtt      time.Duration
		arrive   func(n int) time.Time
		server   float64 // at the arrival of frame 1000
		command  float64 // likewise
		dilation float64
	}{
		{"on one machine", 0, every(50 * time.Millisecond), 1000, 1001, 1},
		{"far away", 100 * time.Millisecond, every(50 * time.Millisecond), 1001, 1003, 1},
		{"a server that runs at 80 %", 0, every(62500 * time.Microsecond), 1000, 1001, 0.8},
	} {
		clock := newClock()
		clock.reset(20, 0, c.rtt, start)
		runClock(clock, 1, 1000, c.arrive)
		now := c.arrive(1000)
		if got := clock.ServerTick(now); math.Abs(got-c.server) > 0.1 {
			t.Errorf("%s: server tick %.2f, want %.2f", c.name, got, c.server)
		}
		if got := clock.CommandTick(now); math.Abs(float64(got)-c.command) > 0.5 {
			t.Errorf("%s: command tick %d, want %.0f", c.name, got, c.command)
		}
		if got := clock.Dilation(); math.Abs(got-c.dilation) > 0.02 {
			t.Errorf("%s: dilation %.3f, want %.2f", c.name, got, c.dilation)
		}
	}
}

func TestClockFollowsAJump(t *testing.T) {
	start := time.Unix(1000, 0)
	clock := newClock()
	clock.reset(20, 0, 0, start)
	arrive := func(n int) time.Time { return start.Add(time.Duration(n) * 50 * time.Millisecond) }
	runClock(clock, 1, 100, arrive)
	late := func(n int) time.Time { return arrive(n).Add(3 * time.Second) }
	runClock(clock, 101, 103, late)
	if got := clock.ArrivedTick(late(103)); math.Abs(got-103) > 0.1 {
		t.Fatalf("arrived tick %.2f after a stall, want 103", got)
	}
}

// Commands are named one after the other, and each is sent in time to be there
// before the server runs its tick, as long as the network keeps within four
// times its mean jitter.
func TestNextNamesTicksInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		start := time.Unix(1000, 0)
		period := 50 * time.Millisecond
		oneWay := time.Duration(rapid.IntRange(0, 150).Draw(t, "one way ms")) * time.Millisecond
		phase := time.Duration(rapid.IntRange(0, 49).Draw(t, "phase ms")) * time.Millisecond
		clock := newClock()
		clock.reset(20, 0, 2*oneWay, start)
		var last tick.Tick
		for n := 1; n < 200; n++ {
			ran := start.Add(time.Duration(n) * period) // when the server ran tick n
			clock.framed(tick.Tick(n), ran.Add(oneWay))
			now := ran.Add(oneWay + phase)
			for at, due := clock.Next(now); due; at, due = clock.Next(now) {
				if last != 0 && at != last+1 {
					t.Fatalf("named %d after %d", at, last)
				}
				last = at
				if there, runs := now.Add(oneWay), start.Add(time.Duration(at)*period); n > 5 && there.After(runs) {
					t.Fatalf("command %d arrives %v too late", at, there.Sub(runs))
				}
			}
		}
		if ahead := int(last) - 199; ahead < 1 || ahead > 10 {
			t.Fatalf("the last command is %d ticks ahead", ahead)
		}
	})
}

func TestNextAfterAPause(t *testing.T) {
	start := time.Unix(1000, 0)
	clock := newClock()
	clock.reset(20, 0, 0, start)
	arrive := func(n int) time.Time { return start.Add(time.Duration(n) * 50 * time.Millisecond) }
	runClock(clock, 1, 10, arrive)
	first, _ := clock.Next(arrive(10))
	runClock(clock, 11, 60, arrive)
	if after, ok := clock.Next(arrive(60)); !ok || after != first+50 {
		t.Fatalf("named %d after a pause of 50 ticks, before it %d", after, first)
	}
	if _, ok := clock.Next(arrive(60)); ok {
		t.Fatal("two ticks were due at once")
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		r       Reconnect
		attempt int
		outage  time.Duration
		random  float64
		want    time.Duration
	}{
		{Reconnect{}, 0, 0, 1, 250 * time.Millisecond},
		{Reconnect{}, 0, 0, 0, 0},
		{Reconnect{}, 2, time.Second, 0.5, 500 * time.Millisecond},
		{Reconnect{}, 9, 29 * time.Second, 1, time.Second},
		{Reconnect{}, 60, time.Minute, 1, 30 * time.Second},
		{Reconnect{Max: time.Second}, 9, time.Second, 1, time.Second},
		{Reconnect{Base: time.Second, Max: 3 * time.Second}, 1, time.Minute, 1, 2 * time.Second},
		{Reconnect{Base: time.Second, Max: 3 * time.Second}, 2, time.Minute, 1, 3 * time.Second},
	} {
		if got := c.r.wait(c.attempt, c.outage, c.random); got != c.want {
			t.Errorf("%+v attempt %d after %v: %v, want %v", c.r, c.attempt, c.outage, got, c.want)
		}
	}
}
