//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
	"text/tabwriter"
	"time"

	sdk "github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
)

const (
	drawHz    = 60
	tolerance = 0.1 // of the speed; a sample that is further off counts
)

// smoothCell is what a player sees over one network.
type smoothCell struct {
	RoundTrip float64 `json:"round_trip_ms"`
	Loss      float64 `json:"loss"`
	Samples   int     `json:"samples"`
	Off       float64 `json:"off"` // share of samples
	Backward  int     `json:"backward"`
	LongestMS float64 `json:"longest_gap_ms"`
	BehindMS  float64 `json:"behind_ms"` // what is drawn, against what the server has
	Desyncs   int64   `json:"desyncs"`
	Reconnect bool    `json:"reconnected,omitempty"`

	err error
}

// runSmooth measures how evenly a row at constant speed moves on screen.
func runSmooth(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("smooth", flag.ContinueOnError)
	hz := flags.Int("hz", 20, "ticks a second")
	window := flags.Duration("window", 15*time.Second, "how long each cell is watched")
	parallel := flags.Int("parallel", 16, "cells watched at once")
	jitter := flags.Duration("jitter", 0, "by how much the delay of each direction varies")
	seed := flags.Uint64("seed", 1, "of the networks")
	asJSON := flags.Bool("json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *parallel < 1 {
		return fmt.Errorf("there must be one cell at least")
	}
	s, err := startPaceServer(ctx, *hz)
	if err != nil {
		return err
	}
	defer s.stop()
	cells := smoothMatrix()
	var wg sync.WaitGroup
	turn := make(chan struct{}, *parallel)
	for i := range cells {
		turn <- struct{}{}
		wg.Go(func() {
			defer func() { <-turn }()
			c := &cells[i]
			c.err = c.watch(ctx, s, netsim.Config{
				Loss: c.Loss, Dup: 0.01, Reorder: 0.02, Delay: time.Duration(c.RoundTrip/2) * time.Millisecond,
				Jitter: *jitter, Seed: *seed + uint64(i),
			}, *window)
		})
	}
	wg.Wait()
	for i := range cells {
		if c := &cells[i]; c.err != nil {
			return fmt.Errorf("round trip %.0f ms, loss %.0f %%: %w", c.RoundTrip, 100*c.Loss, c.err)
		}
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"hz": *hz, "draw_hz": drawHz, "jitter_ms": jitter.Seconds() * 1e3, "cells": cells})
	}
	return printSmooth(os.Stdout, cells)
}

// smoothMatrix is the networks: round trips and losses, with some packets
// doubled and some overtaken.
func smoothMatrix() (cells []smoothCell) {
	for _, trip := range []float64{0, 50, 150, 300} {
		for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
			cells = append(cells, smoothCell{RoundTrip: trip, Loss: loss})
		}
	}
	return cells
}

// watch joins a room of its own and draws.
func (c *smoothCell) watch(ctx context.Context, s *paceServer, network netsim.Config, window time.Duration) error {
	w, err := s.watch(ctx, network, func(ctx context.Context, c *sdk.Client) (*sdk.Room, error) {
		return c.Create(ctx, kindLossy, sdk.JoinOptions{})
	})
	if err != nil {
		return err
	}
	defer w.close()
	w.room.OnReconnect(func(bool) { c.Reconnect = true })
	i, err := sdk.NewInterpolator[mover](w.room, "Movers")
	if err != nil {
		return err
	}
	defer i.Close()
	const settled = 3 * time.Second // until the clock knows the network
	start := time.Now().Add(settled)
	d := drawing{speed: moverSpeed}
	var behind float64
	for n := range int(window.Seconds() * drawHz) {
		at := start.Add(time.Duration(n) * time.Second / drawHz)
		time.Sleep(time.Until(at))
		row, ok := i.Sample(w.room.Player(), at)
		if err := context.Cause(ctx); err != nil {
			return err
		}
		d.see(float64(row.X), ok, at)
		behind += w.room.Clock().ServerTick(at)/float64(w.room.Rate()) - float64(row.X)/moverSpeed
	}
	c.Samples, c.Off, c.Backward = d.samples, round3(float64(d.off)/float64(max(1, d.samples))*100)/100, d.backward
	c.LongestMS = round3(d.gap.Seconds() * 1e3)
	c.BehindMS = math.Round(behind / float64(max(1, d.samples)) * 1e3)
	c.Desyncs = int64(w.client.Stats().Desyncs)
	return nil
}

// drawing judges the samples of a position that should move at a speed.
type drawing struct {
	speed    float64
	last     float64
	at       time.Time // of the last sample; zero: there was none
	moved    time.Time // when it last moved
	samples  int
	off      int
	backward int
	gap      time.Duration // the longest without a movement
}

// see takes a sample. One that is missing counts as a standing one.
func (d *drawing) see(x float64, ok bool, at time.Time) {
	if !ok {
		x = d.last
	}
	defer func() { d.last, d.at = x, at }()
	if d.at.IsZero() {
		d.moved = at
		return
	}
	d.samples++
	step, want := x-d.last, d.speed*at.Sub(d.at).Seconds()
	if step < 0 {
		d.backward++
	}
	if step > 0 {
		d.moved = at
	}
	d.gap = max(d.gap, at.Sub(d.moved))
	if math.Abs(step-want) > tolerance*want {
		d.off++
	}
}

func printSmooth(w io.Writer, cells []smoothCell) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "round trip, ms\tloss\toff by over 10 %\tbackward\tlongest gap, ms\tbehind, ms\tdesyncs")
	for _, c := range cells {
		fmt.Fprintf(t, "%.0f\t%.0f %%\t%.2f %%\t%d\t%.0f\t%.0f\t%d\n", c.RoundTrip, 100*c.Loss, 100*c.Off, c.Backward, c.LongestMS, c.BehindMS, c.Desyncs)
	}
	return t.Flush()
}
