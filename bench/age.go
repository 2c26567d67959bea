//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	sdk "github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
)

// ageReport is the result of the age benchmark: medians of rounds.
type ageReport struct {
	Loss      float64 `json:"loss"`
	RoundTrip float64 `json:"round_trip_ms"`
	Hz        int     `json:"hz"`
	Watchers  int     `json:"watchers"` // in each of the two rooms
	Rounds    int     `json:"rounds"`

	UnreliableP50 float64 `json:"unreliable_age_ms_p50"`
	UnreliableP99 float64 `json:"unreliable_age_ms_p99"`
	ReliableP50   float64 `json:"reliable_age_ms_p50"`
	ReliableP99   float64 `json:"reliable_age_ms_p99"`
	RatioP50      float64 `json:"age_ratio_p50"`
	RatioP99      float64 `json:"age_ratio_p99"` // median of the rounds' ratios
}

// ageRound is how old the newest state was in the two rooms at the same time.
type ageRound struct{ unreliable, reliable *delays }

// runAge measures how old the newest state is that a client has.
func runAge(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("age", flag.ContinueOnError)
	loss := flags.Float64("loss", 0.1, "share of packets lost in each direction")
	trip := flags.Duration("round-trip", 100*time.Millisecond, "delay of both directions together")
	hz := flags.Int("hz", 20, "ticks a second")
	watchers := flags.Int("watchers", 8, "clients in each of the two rooms, each behind a network of its own")
	window := flags.Duration("window", 15*time.Second, "how long a round measures")
	repetitions := flags.Int("repetitions", 3, "rounds, of which medians are taken")
	asJSON := flags.Bool("json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *watchers < 1 || *watchers > maxMovers || *repetitions < 1 {
		return fmt.Errorf("there must be 1 to %d watchers and a round at least", maxMovers)
	}
	network := netsim.Config{Loss: *loss, Delay: *trip / 2}
	var rounds []ageRound
	for n := range *repetitions {
		network.Seed = uint64(n) + 1
		r, err := measureAge(ctx, network, *hz, *watchers, *window)
		if err != nil {
			return err
		}
		rounds = append(rounds, r)
		fmt.Fprintf(os.Stderr, "newest state, ms old: unreliable %.0f (p50), %.0f (p99); reliable %.0f, %.0f\n",
			r.unreliable.quantile(0.5), r.unreliable.quantile(0.99), r.reliable.quantile(0.5), r.reliable.quantile(0.99))
	}
	of := func(q float64, of func(ageRound) *delays) float64 {
		return medianOf(rounds, func(r ageRound) float64 { return of(r).quantile(q) })
	}
	ratio := func(q float64) float64 {
		return medianOf(rounds, func(r ageRound) float64 { return r.unreliable.quantile(q) / r.reliable.quantile(q) })
	}
	unreliable, reliable := func(r ageRound) *delays { return r.unreliable }, func(r ageRound) *delays { return r.reliable }
	rep := ageReport{
		Loss: *loss, RoundTrip: trip.Seconds() * 1e3, Hz: *hz, Watchers: *watchers, Rounds: len(rounds),
		UnreliableP50: of(0.5, unreliable), UnreliableP99: of(0.99, unreliable),
		ReliableP50: of(0.5, reliable), ReliableP99: of(0.99, reliable),
		RatioP50: ratio(0.5), RatioP99: ratio(0.99),
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(rep)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "age of the newest state, ms, %g %% loss, %v round trip, %d Hz\tp50\tp99\tgoal\n", 100**loss, *trip, *hz)
	fmt.Fprintf(t, "unreliable lane\t%.1f\t%.1f\t\n", rep.UnreliableP50, rep.UnreliableP99)
	fmt.Fprintf(t, "reliable lane\t%.1f\t%.1f\t\n", rep.ReliableP50, rep.ReliableP99)
	fmt.Fprintf(t, "the one against the other\t%.2f\t%.2f\t0.6\n", rep.RatioP50, rep.RatioP99)
	return t.Flush()
}

// measureAge watches two rooms at once, over networks of the same kind.
func measureAge(ctx context.Context, network netsim.Config, hz, watchers int, window time.Duration) (r ageRound, err error) {
	s, err := startPaceServer(ctx, hz)
	if err != nil {
		return r, err
	}
	defer s.stop()
	var all [2][]*watcher
	for n := range 2 * watchers {
		kind := [...]string{kindLossy, kindReliable}[n%2]
		network.Seed = network.Seed*1000 + uint64(n/2) // both lanes meet the same fate
		w, err := s.watch(ctx, network, func(ctx context.Context, c *sdk.Client) (*sdk.Room, error) {
			return c.JoinOrCreate(ctx, kind, sdk.JoinOptions{})
		})
		network.Seed /= 1000
		if err != nil {
			return r, err
		}
		defer w.close()
		all[n%2] = append(all[n%2], w)
	}
	const settled = 3 * time.Second // joins are over, and their keyframes have come
	from := time.Now().Add(settled)
	var wg sync.WaitGroup
	r = ageRound{new(delays), new(delays)}
	wg.Go(func() { sampleAges(all[0], &s.lossy, r.unreliable, from, window) })
	wg.Go(func() { sampleAges(all[1], &s.reliable, r.reliable, from, window) })
	wg.Wait()
	return r, ctx.Err()
}

// sampleAges looks at random moments.
func sampleAges(watchers []*watcher, born *births, to *delays, from time.Time, window time.Duration) {
	const mean = 2 * time.Millisecond
	random := rand.New(rand.NewPCG(1, 2))
	for at := from; at.Before(from.Add(window)); at = at.Add(time.Duration(random.ExpFloat64() * float64(mean))) {
		time.Sleep(time.Until(at))
		for _, w := range watchers {
			to.add(born.age(uint32(w.room.Tick()), time.Now()))
		}
	}
}
