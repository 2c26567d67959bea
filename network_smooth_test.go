package parlor

import (
	"math"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
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
	overNetworks(t, func(t *testing.T, l *lineNet) {
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
		if l.cfg.Loss <= 0.05 && l.cfg.Delay <= 75*time.Millisecond && share >= 0.01 {
			t.Errorf("%.2f%% of the samples are off by more than a tenth", 100*share)
		}
	})
}
