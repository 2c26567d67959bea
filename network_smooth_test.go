package parlor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
)

// smoothness is what a player sees of an entity at constant speed, sampled at
// 60 Hz.
type smoothness struct {
	samples, off, back int
	gap                time.Duration // the longest time that it stood still
}

const sampleTime = time.Second / 60

// watchRunner samples the runner for a while. A step is off when it differs
// from the speed by more than a tenth.
func watchRunner(i *client.Interpolator[runner], during time.Duration) (s smoothness) {
	perSample := lineSpeed * lineHz * sampleTime.Seconds()
	last, moved := math.NaN(), time.Now()
	for end := time.Now().Add(during); time.Now().Before(end); time.Sleep(sampleTime) {
		for _, r := range i.All(time.Now()) {
			x := float64(r.X)
			if !math.IsNaN(last) {
				step := x - last
				s.samples++
				if math.Abs(step-perSample) > perSample/10+0.011 { // the column has steps of 0.01
					s.off++
				}
				if step < 0 {
					s.back++
				}
				if step > 0 {
					moved = time.Now()
				}
				s.gap = max(s.gap, time.Since(moved))
			}
			last = x
		}
	}
	return s
}

func TestNetworkSmoothness(t *testing.T) {
	for _, rtt := range []time.Duration{0, 50, 150, 300} {
		for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
			rtt := rtt * time.Millisecond
			t.Run(fmt.Sprintf("%v and %g%% loss", rtt, 100*loss), func(t *testing.T) {
				t.Parallel()
				cfg := netsim.Config{Loss: loss, Delay: rtt / 2, Seed: uint64(rtt) + uint64(1000*loss)}
				if loss > 0 {
					cfg.Dup, cfg.Reorder, cfg.Jitter = 0.01, 0.02, rtt/20
				}
				virtually(t, cfg, func(t *testing.T, l *lineNet) {
					p := l.join(t.Context())
					i, err := client.NewInterpolator[runner](p.room, "Runners")
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(5 * time.Second)
					s := watchRunner(i, time.Minute)
					share := float64(s.off) / float64(s.samples)
					t.Logf("%d samples, %.2f%% off, %d back, longest gap %v", s.samples, 100*share, s.back, s.gap)
					if s.back > 0 {
						t.Errorf("%d steps went back", s.back)
					}
					if loss <= 0.05 && rtt <= 150*time.Millisecond && share >= 0.01 {
						t.Errorf("%.2f%% of the samples are off by more than a tenth", 100*share)
					}
				})
			})
		}
	}
}
