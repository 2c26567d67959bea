//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// presenceOptions are the flags of the presence benchmark.
type presenceOptions struct {
	members, roomSize, repetitions int
	window, warm, budget           time.Duration
	maxOther                       float64
	profile                        string
	json                           bool
}

func parsePresence(args []string) (o presenceOptions, err error) {
	flags := flag.NewFlagSet("presence", flag.ContinueOnError)
	flags.IntVar(&o.members, "members", 1000, "connections that move a cursor")
	flags.IntVar(&o.roomSize, "room-size", 20, "of them in a room")
	flags.IntVar(&o.repetitions, "repetitions", 3, "runs of each system, of which medians are taken")
	flags.DurationVar(&o.window, "window", 3*time.Second, "how long a run measures")
	flags.DurationVar(&o.warm, "warm", time.Second, "how long they move before that")
	flags.DurationVar(&o.budget, "budget", 48*time.Second, "begin no run beyond this time")
	flags.Float64Var(&o.maxOther, "max-other", 0.25, "repeat runs in which other processes used more CPU, in cores")
	flags.StringVar(&o.profile, "pprof", "", "one more run writes the server's CPU profile to this file, and the floor's to FILE.floor")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.roomSize < 1 || o.members < o.roomSize || o.repetitions < 1 {
		return o, errors.New("there must be a member, a room and a run at least")
	}
	return o, nil
}

func (o presenceOptions) plan(system string, up int) plan {
	return plan{System: system, Rooms: o.members / o.roomSize, Players: o.roomSize, Warm: o.warm, Window: o.window, Up: up}
}

// runPresence measures presence rooms and the floor of the walkers by turns:
// as many messages of as many bytes, both ways.
func runPresence(ctx context.Context, args []string) error {
	o, err := parsePresence(args)
	if err != nil {
		return err
	}
	p, err := ownPrograms()
	if err != nil {
		return err
	}
	defer p.close()
	rounds, err := rounding{o.repetitions, o.maxOther, o.budget}.run(ctx, func() (round, error) { return o.round(ctx, p) })
	if err != nil {
		return err
	}
	if o.profile != "" {
		if err := o.profiles(ctx, p, rounds[0][systemPresence]); err != nil {
			return err
		}
	}
	return o.print(os.Stdout, rounds)
}

func (o presenceOptions) round(ctx context.Context, p *programs) (round, error) {
	r := make(round)
	for _, system := range []string{systemPresence, systemFloor} {
		ours := r[systemPresence]
		m, err := p.measure(ctx, o.plan(system, sizeUp(ours)), walkersOptions{}.sizeDown(ours), nil)
		if err != nil {
			return nil, err
		}
		r[system] = m
		fmt.Fprintf(os.Stderr, "%-8s server %.3f cores, load %.3f, others %.2f; seen after %.1f ms (p99); %.2f Hz\n",
			system, m.ServerCPU, m.LoadCPU, m.OtherCPU, m.AckP99, m.HzMin)
	}
	return r, nil
}

// profiles makes one more run of each system, so that profiling costs nothing
// in the others.
func (o presenceOptions) profiles(ctx context.Context, p *programs, ours measurement) error {
	for system, name := range map[string]string{systemPresence: o.profile, systemFloor: o.profile + ".floor"} {
		plan := o.plan(system, sizeUp(ours))
		if err := p.profile(ctx, plan, walkersOptions{}.sizeDown(ours), name); err != nil {
			return err
		}
	}
	return nil
}

// profile makes a run and writes the server's CPU profile to a file.
func (p *programs) profile(ctx context.Context, plan plan, down int, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("failed to write a profile: %w", err)
	}
	_, err = p.measure(ctx, plan, down, func(s *server) error { return fetchProfile(ctx, s.profile, plan.Window, f) })
	return errors.Join(err, f.Close())
}

// presenceReport is the result: medians of the rounds. CPU is in cores.
type presenceReport struct {
	Members  int `json:"members"`
	Rooms    int `json:"rooms"`
	RoomSize int `json:"room_size"`
	Rounds   int `json:"rounds"`

	ServerCPU float64 `json:"server_cpu"`
	FloorCPU  float64 `json:"floor_cpu"`
	CPURatio  float64 `json:"cpu_ratio"` // median of the rounds' ratios
	CursorP50 float64 `json:"cursor_ms_p50"`
	CursorP99 float64 `json:"cursor_ms_p99"`
	HzMin     float64 `json:"hz_min"`
	Bytes     float64 `json:"bytes_per_member_tick"`
	Allocs    float64 `json:"allocs_per_frame"`
	RSS       float64 `json:"rss_mb"`

	Checked  int64   `json:"checked"`
	Errors   int64   `json:"errors"`
	OtherCPU float64 `json:"other_cpu"` // the worst of the rounds
}

func (o presenceOptions) print(w io.Writer, rounds []round) error {
	ours := func(value func(m measurement) float64) float64 {
		return round3(median(rounds, func(r round) float64 { return value(r[systemPresence]) }))
	}
	rooms := o.members / o.roomSize
	rep := presenceReport{
		Members: rooms * o.roomSize, Rooms: rooms, RoomSize: o.roomSize, Rounds: len(rounds),
		ServerCPU: ours(func(m measurement) float64 { return m.ServerCPU }),
		FloorCPU:  round3(median(rounds, func(r round) float64 { return r[systemFloor].ServerCPU })),
		CPURatio:  round3(median(rounds, func(r round) float64 { return r[systemPresence].ServerCPU / r[systemFloor].ServerCPU })),
		CursorP50: ours(func(m measurement) float64 { return m.AckP50 }),
		CursorP99: ours(func(m measurement) float64 { return m.AckP99 }),
		HzMin:     ours(func(m measurement) float64 { return m.HzMin }),
		Bytes:     ours(func(m measurement) float64 { return m.FrameBytes / float64(o.roomSize) }),
		Allocs:    ours(func(m measurement) float64 { return m.Server.Mallocs / float64(max(1, m.Frames)) }),
		RSS:       ours(func(m measurement) float64 { return m.RSS / 1e6 }),
	}
	for _, r := range rounds {
		for _, m := range r {
			rep.Errors += m.Errors
		}
		rep.Checked += r[systemPresence].Checked
		rep.OtherCPU = max(rep.OtherCPU, round3(r.other()))
	}
	if o.json {
		return json.NewEncoder(w).Encode(rep)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintf(t, "%d members in %d rooms, %d Hz, medians of %d rounds\t\tgoal\n", rep.Members, rep.Rooms, presenceHz, rep.Rounds)
	row("server CPU, cores", rep.ServerCPU, "")
	row("floor CPU, cores", rep.FloorCPU, "")
	row("CPU against the floor", rep.CPURatio, "1.2")
	row("cursor moved to cursor seen, p50, ms", rep.CursorP50, "")
	row("cursor moved to cursor seen, p99, ms", rep.CursorP99, "")
	row("rate of the slowest client, Hz", rep.HzMin, "")
	row("bytes per member and tick", rep.Bytes, "")
	row("allocations per frame", rep.Allocs, "0")
	row("server memory, MB", rep.RSS, "")
	row("cursors that clients checked", float64(rep.Checked), "")
	row("errors", float64(rep.Errors), "0")
	row("CPU of other processes, worst round", rep.OtherCPU, fmt.Sprint(o.maxOther))
	return t.Flush()
}
