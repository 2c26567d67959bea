//go:build linux

package main

import (
	"context"
	"time"
)

// round is one run of each system, one right after the other.
type round map[string]measurement

// other is the most CPU that other processes used in one of the runs.
func (r round) other() (most float64) {
	for _, m := range r {
		most = max(most, m.OtherCPU)
	}
	return most
}

// rounding says how often a comparison is repeated.
type rounding struct {
	repetitions int
	maxOther    float64 // CPU of other processes, in cores, that makes a round a disturbed one
	budget      time.Duration
}

// run makes as many rounds as wanted, and further ones for those in which other
// processes disturbed, while there is time. The least disturbed are kept.
func (o rounding) run(ctx context.Context, one func() (round, error)) ([]round, error) {
	var rounds []round
	for {
		began := elapsed(ctx)
		r, err := one()
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, r)
		took := elapsed(ctx) - began
		worst := 0
		for i := range rounds {
			if rounds[i].other() > rounds[worst].other() {
				worst = i
			}
		}
		if len(rounds) > o.repetitions {
			rounds = append(rounds[:worst], rounds[worst+1:]...)
		}
		undisturbed := rounds[min(worst, len(rounds)-1)].other() <= o.maxOther && len(rounds) <= o.repetitions
		if len(rounds) == o.repetitions && (undisturbed || elapsed(ctx)+took > o.budget) {
			return rounds, nil
		}
		if elapsed(ctx)+took > o.budget {
			return rounds, nil
		}
	}
}
