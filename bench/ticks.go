//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// ticksPlan tells the rooms process what to do. It travels as JSON.
type ticksPlan struct {
	Rooms, Players, Hz int
	Warm, Window       time.Duration
	Recordings         string // folder; "": nothing is recorded
	Profile            string // file for a CPU profile of the window; "": none
}

// ticksReport is what the rooms process found out.
type ticksReport struct {
	Rooms      int     `json:"rooms"`
	Players    int     `json:"players"` // of each room
	Recording  bool    `json:"recording"`
	CPU        float64 `json:"cpu"` // cores
	HzMin      float64 `json:"tick_hz_min"`
	HzMean     float64 `json:"tick_hz_mean"`
	LateP50    float64 `json:"tick_late_ms_p50"`
	LateP99    float64 `json:"tick_late_ms_p99"`
	TickMicros float64 `json:"tick_us"` // CPU of one room's tick
	Allocs     float64 `json:"allocs_per_tick"`
	RSS        float64 `json:"rss_mb"`
	RecordedMB float64 `json:"recorded_mb_s"`
	Gaps       uint64  `json:"recording_gaps"`
	Stalled    int     `json:"stalled_rooms"` // that did not tick at all
	OtherCPU   float64 `json:"other_cpu"`
}

// runTicks measures rooms without sockets, not recorded and recorded.
func runTicks(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ticks", flag.ContinueOnError)
	p := ticksPlan{}
	flags.IntVar(&p.Rooms, "rooms", 2000, "rooms")
	flags.IntVar(&p.Players, "room-size", 20, "players of a room, all moving")
	flags.IntVar(&p.Hz, "hz", 30, "ticks a second")
	flags.DurationVar(&p.Warm, "warm", 3*time.Second, "how long rooms run before the window")
	flags.DurationVar(&p.Window, "window", 10*time.Second, "how long a run measures")
	flags.StringVar(&p.Profile, "pprof", "", "write a CPU profile of the window, and of that with recording to FILE.recording")
	asJSON := flags.Bool("json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if p.Rooms < 1 || p.Players < 1 {
		return errors.New("there must be a room and a player at least")
	}
	folder, err := os.MkdirTemp("", "parlor-bench-")
	if err != nil {
		return fmt.Errorf("failed to make a folder for recordings: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()

	plain, err := measureTicks(ctx, p)
	if err != nil {
		return err
	}
	p.Recordings = filepath.Join(folder, "recordings")
	if p.Profile != "" {
		p.Profile += ".recording"
	}
	recorded, err := measureTicks(ctx, p)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(struct {
			ticksReport
			Recorded ticksReport `json:"recorded"`
		}{plain, recorded})
	}
	return printTicks(plain, recorded)
}

// measureTicks runs a plan in a process of its own.
func measureTicks(ctx context.Context, p ticksPlan) (rep ticksReport, err error) {
	self, err := os.Executable()
	if err != nil {
		return rep, fmt.Errorf("failed to find this program: %w", err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return rep, fmt.Errorf("failed to write the plan: %w", err)
	}
	child, err := start(ctx, serverCore, self, "-rooms", string(text))
	if err != nil {
		return rep, err
	}
	defer child.end()
	line, err := child.line()
	if err != nil {
		return rep, err
	}
	if err := json.Unmarshal([]byte(line), &rep); err != nil {
		return rep, fmt.Errorf("failed to read what the rooms measured: %w", err)
	}
	return rep, nil
}

func printTicks(plain, recorded ticksReport) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d rooms of %d moving players\tnot recorded\trecorded\tgoal\n", plain.Rooms, plain.Players)
	row := func(what, goal string, value func(ticksReport) float64) {
		fmt.Fprintf(t, "%s\t%.6g\t%.6g\t%s\n", what, value(plain), value(recorded), goal)
	}
	row("CPU, cores", "0.3", func(r ticksReport) float64 { return r.CPU })
	row("tick rate of the slowest room, Hz", "29.9", func(r ticksReport) float64 { return r.HzMin })
	row("tick lateness, p50, ms", "", func(r ticksReport) float64 { return r.LateP50 })
	row("tick lateness, p99, ms", "5", func(r ticksReport) float64 { return r.LateP99 })
	row("CPU of one room's tick, µs", "", func(r ticksReport) float64 { return r.TickMicros })
	row("allocations per tick", "0", func(r ticksReport) float64 { return r.Allocs })
	row("memory, MB", "", func(r ticksReport) float64 { return r.RSS })
	row("recorded, MB/s", "", func(r ticksReport) float64 { return r.RecordedMB })
	row("gaps in recordings", "0", func(r ticksReport) float64 { return float64(r.Gaps) })
	row("CPU of other processes, cores", "", func(r ticksReport) float64 { return r.OtherCPU })
	return t.Flush()
}
