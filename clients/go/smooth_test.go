package client

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// smoothness is how the motion of an entity at constant speed looks, sampled
// at 60 Hz.
type smoothness struct {
	off      float64       // share of the samples off by more than a tenth of its speed
	backward int           // samples behind the one before
	gap      time.Duration // the longest time without a movement
	behind   time.Duration // what is drawn against what the server has, on average
}

func (s smoothness) String() string {
	return fmt.Sprintf("off %5.2f %%  backward %d  longest gap %3d ms  behind %3d ms", 100*s.off, s.backward, s.gap.Milliseconds(), s.behind.Milliseconds())
}

// line is a way through a bad network.
type line struct {
	loss        float64
	rtt, jitter time.Duration
}

type arrival struct {
	tick tick.Tick
	at   time.Time
}

// arrivals are the frames of a room that reach the client, in the order of
// their arrival.
func (l line) arrivals(r *rand.Rand, start time.Time, rate tick.Rate, ticks int) []arrival {
	var come []arrival
	for n := 1; n <= ticks; n++ {
		if r.Float64() < l.loss {
			continue
		}
		late := l.rtt/2 + time.Duration(r.Float64()*float64(l.jitter))
		come = append(come, arrival{tick.Tick(n), start.Add(time.Duration(n)*rate.Period() + late)})
	}
	slices.SortStableFunc(come, func(a, b arrival) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	return come
}

const smoothSpeed = 20 // units a second, which are sent in steps of 0.01

// watchWalker draws an entity that walks at constant speed, as frames show it
// that came over the line; the first two seconds do not count.
func watchWalker(l line, seed uint64, rate tick.Rate, span time.Duration) (s smoothness) {
	r := rand.New(rand.NewPCG(seed, 1))
	i := detachedInterpolator()
	i.room.member.Store(&membership{rate: rate})
	i.lossy = true
	start := time.Unix(1000, 0)
	i.room.clock.reset(rate, 0, l.rtt, start)
	at := func(n tick.Tick) float64 { return smoothSpeed * float64(n) * rate.Period().Seconds() }
	come := l.arrivals(r, start, rate, int(span/rate.Period()))
	last, moved, samples := -1.0, start, 0
	var behind float64
	for now := start; now.Before(start.Add(span)); now = now.Add(time.Second / 60) {
		for len(come) > 0 && !come[0].at.After(now) {
			f := come[0]
			come = come[1:]
			if f.tick <= i.frame {
				continue
			}
			i.room.clock.framedLossy(f.tick, f.at, 0)
			i.saw(1, walker{X: float32(math.Round(at(f.tick)*100) / 100)}, f.tick)
			i.frame = f.tick
		}
		row, ok := i.Sample(1, now)
		if !ok || now.Sub(start) < 2*time.Second {
			last, moved = float64(row.X), now
			continue
		}
		step := float64(row.X) - last
		last = float64(row.X)
		samples++
		behind += now.Sub(start).Seconds() - last/smoothSpeed
		if step > 0 {
			moved = now
		}
		s.gap = max(s.gap, now.Sub(moved))
		if step < 0 {
			s.backward++
		}
		if math.Abs(step-smoothSpeed/60.0) > 0.1*smoothSpeed/60.0 {
			s.off++
		}
	}
	s.off /= float64(samples)
	s.behind = seconds(behind / float64(samples))
	return s
}

// What a player sees through the interpolation, by round trip and loss, with
// frames that come up to 10 ms late.
func TestSmoothness(t *testing.T) {
	for _, rate := range []tick.Rate{20, 60} {
		for _, rtt := range []time.Duration{0, 50, 150, 300} {
			for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
				got := watchWalker(line{loss, rtt * time.Millisecond, 10 * time.Millisecond}, 7, rate, 5*time.Minute)
				t.Logf("%2d Hz  round trip %3d ms  loss %2.0f %%: %v", rate, rtt, 100*loss, got)
				limit := 0.01
				if loss > 0.1 {
					limit = 0.05
				}
				if got.backward > 0 || got.off > limit {
					t.Errorf("%d Hz, round trip %d ms, loss %.0f %%: %v", rate, rtt, 100*loss, got)
				}
			}
		}
	}
}

// A row that was carried on while a frame was surely under way does not go back
// when the round trip turns out a little shorter than a tick.
func TestNoStepBackWhenTheRoundTripShrinks(t *testing.T) {
	const rate = tick.Rate(20)
	i := detachedInterpolator()
	i.room.member.Store(&membership{rate: rate})
	i.lossy = true
	start := time.Unix(1000, 0)
	i.room.clock.reset(rate, 0, 51*time.Millisecond, start)
	now := start
	for n := tick.Tick(1); n <= 40; n++ {
		now = start.Add(time.Duration(n) * rate.Period())
		i.room.clock.framedLossy(n, now, 0)
		i.saw(1, walker{X: float32(n)}, n)
		i.frame = n
		i.Sample(1, now)
	}
	last, carried := float32(0), false
	for range 40 { // no frame comes any more
		now = now.Add(10 * time.Millisecond)
		row, _ := i.Sample(1, now)
		if row.X < last {
			t.Fatalf("the row went back from %v to %v", last, row.X)
		}
		if last = row.X; last > 40.5 && !carried {
			carried = true
			i.room.clock.setRTT(49 * time.Millisecond)
		}
	}
	if !carried {
		t.Errorf("the row was drawn up to %v only: nothing was tested", last)
	}
}

// Nor does one when frames come again after a pause: it goes on from where it
// was drawn.
func TestNoStepBackAfterAPause(t *testing.T) {
	const rate = tick.Rate(20)
	i := detachedInterpolator()
	i.room.member.Store(&membership{rate: rate})
	i.lossy = true
	start := time.Unix(1000, 0)
	i.room.clock.reset(rate, 0, 150*time.Millisecond, start)
	last, furthest := float32(0), float32(0)
	for now := start; now.Before(start.Add(4 * time.Second)); now = now.Add(10 * time.Millisecond) {
		n := tick.Tick(now.Sub(start) / rate.Period())
		if n > i.frame && (n <= 40 || n >= 55) { // those between are lost
			i.room.clock.framedLossy(n, now, 0)
			i.saw(1, walker{X: float32(n)}, n)
			i.frame = n
		}
		row, _ := i.Sample(1, now)
		if row.X < last {
			t.Fatalf("at tick %d the row went back from %v to %v", n, last, row.X)
		}
		if last = row.X; n < 55 {
			furthest = last
		}
	}
	if furthest <= 40 {
		t.Errorf("before the pause was over the row was drawn up to %v only: nothing was tested", furthest)
	}
}
