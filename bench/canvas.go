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
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// canvasOptions are the flags of the canvas benchmark.
type canvasOptions struct {
	shapes, moves, people, repetitions int
	window, warm, budget               time.Duration
	maxOther                           float64
	only, profile                      string
	json                               bool
}

func parseCanvas(args []string) (o canvasOptions, err error) {
	flags := flag.NewFlagSet("canvas", flag.ContinueOnError)
	flags.IntVar(&o.shapes, "shapes", 10_000, "shapes on the board")
	flags.IntVar(&o.moves, "moves", 50_000, "moves of shapes in the core")
	flags.IntVar(&o.people, "people", 50, "who move a cursor and drag a shape, 30 times a second each")
	flags.IntVar(&o.repetitions, "repetitions", 3, "runs of each part, of which medians are taken")
	flags.DurationVar(&o.window, "window", 5*time.Second, "how long people are measured")
	flags.DurationVar(&o.warm, "warm", 2*time.Second, "how long they draw before that")
	flags.DurationVar(&o.budget, "budget", 3*time.Minute, "begin no run of people beyond this time")
	flags.Float64Var(&o.maxOther, "max-other", 0.25, "repeat runs in which other processes used more CPU, in cores")
	flags.StringVar(&o.only, "only", "", "core, join or people: only this part")
	flags.StringVar(&o.profile, "pprof", "", "one more run of people writes the server's CPU profile to this file")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.shapes < 1 || o.moves < 1 || o.people < 1 || o.repetitions < 1 {
		return o, errors.New("there must be a shape, a move, a person and a run at least")
	}
	return o, nil
}

// canvasReport is the result: medians. CPU is in cores, a ratio to yjs is how many
// times as much is done for the same computing.
type canvasReport struct {
	Shapes        int     `json:"shapes"`
	Create        float64 `json:"create_us"`
	Move          float64 `json:"move_us"`
	Load          float64 `json:"load_ms"`
	CreatesRatio  float64 `json:"creates_ratio_yjs"`
	MovesRatio    float64 `json:"moves_ratio_yjs"`
	AppliedRatio  float64 `json:"applied_ratio_yjs"` // updates of moves
	LoadRatio     float64 `json:"load_ratio_yjs"`
	TypingRatio   float64 `json:"typing_ratio_yjs"` // updates of somebody who types
	InsertRatio   float64 `json:"insert_ratio_yjs"` // at random places of a long text
	HeapMB        float64 `json:"heap_mb"`
	LateJoin      float64 `json:"late_join_ms"`
	LateJoinMax   float64 `json:"late_join_ms_max"`
	LateJoinYjs   float64 `json:"late_join_yjs_ms"`
	LateYjsMax    float64 `json:"late_join_yjs_ms_max"`
	LateApplied   float64 `json:"late_join_yjs_applied_ms"`
	SnapshotBytes int     `json:"snapshot_bytes"`
	YjsBytes      int     `json:"yjs_bytes"`

	People    int     `json:"people"`
	CPU       float64 `json:"cpu"`
	CursorP50 float64 `json:"cursor_ms_p50"`
	CursorP99 float64 `json:"cursor_ms_p99"`
	HzMin     float64 `json:"frames_hz_min"` // a client gets a Crowd, counted alone
	Wire      float64 `json:"wire_bytes_per_person_s"`
	Checked   int64   `json:"checked"`
	Errors    int64   `json:"errors"`
	OtherCPU  float64 `json:"other_cpu"` // the worst run of people
}

type canvasBench struct {
	o canvasOptions
	p *programs
	r canvasReport
}

func runCanvas(ctx context.Context, args []string) error {
	o, err := parseCanvas(args)
	if err != nil {
		return err
	}
	p, err := ownPrograms()
	if err != nil {
		return err
	}
	defer p.close()
	b := &canvasBench{o: o, p: p, r: canvasReport{Shapes: o.shapes, People: o.people}}
	for _, part := range []struct {
		name string
		run  func(context.Context) error
	}{{"core", b.core}, {"join", b.join}, {"people", b.people}} {
		if o.only != "" && o.only != part.name {
			continue
		}
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return b.print(os.Stdout)
}

// core measures our core and yjs by turns, on the same core of the machine.
func (b *canvasBench) core(ctx context.Context) error {
	peer, err := peerFolder(ctx, "yjs")
	if err != nil {
		return err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return fmt.Errorf("failed to find Node.js: %w", err)
	}
	if _, err := os.Stat(filepath.Join(peer, "..", "..", "..", "node_modules", "yjs")); err != nil {
		return errors.New("yjs is not installed: run npm ci first")
	}
	trace := filepath.Join(b.p.folder, "typing.bin")
	var runs []coreRun
	for range b.o.repetitions {
		var r coreRun
		if r.theirs, err = times(ctx, node, filepath.Join(peer, "core.mjs"), "--shapes", strconv.Itoa(b.o.shapes), "--moves", strconv.Itoa(b.o.moves), "--trace", trace); err != nil {
			return err
		}
		if r.ours, err = times(ctx, b.p.self, "-canvascore", fmt.Sprint("--shapes=", b.o.shapes), fmt.Sprint("--moves=", b.o.moves), "--trace="+trace); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "core     a shape %.1f µs, a move %.1f µs; yjs %.1f, %.1f\n",
			r.ours["create_cpu_us"], r.ours["move_cpu_us"], r.theirs["create_cpu_us"], r.theirs["move_cpu_us"])
		runs = append(runs, r)
	}
	r := &b.r
	r.Create, r.Move, r.Load = ours(runs, "create"), ours(runs, "move"), round3(ours(runs, "load")/1000)
	r.CreatesRatio, r.MovesRatio = ratioTo(runs, "create"), ratioTo(runs, "move")
	r.AppliedRatio, r.LoadRatio = ratioTo(runs, "apply_move"), ratioTo(runs, "load")
	r.TypingRatio, r.InsertRatio = ratioTo(runs, "apply_typing"), ratioTo(runs, "random_insert")
	return nil
}

// coreRun is one run of our core and of yjs.
type coreRun struct{ ours, theirs coreTimes }

// ours is the median of the microseconds that our core computes for something.
func ours(runs []coreRun, what string) float64 {
	return round3(medianOf(runs, func(r coreRun) float64 { return r.ours[what+"_cpu_us"] }))
}

// ratioTo is the median of how many times as much of something we do, compared
// with yjs, for the same computing.
func ratioTo(runs []coreRun, what string) float64 {
	return round3(medianOf(runs, func(r coreRun) float64 { return r.theirs[what+"_cpu_us"] / r.ours[what+"_cpu_us"] }))
}

func times(ctx context.Context, path string, args ...string) (t coreTimes, err error) {
	p, err := start(ctx, serverCore, path, args...)
	if err != nil {
		return nil, err
	}
	defer p.end()
	line, err := p.line()
	if err != nil {
		return nil, err
	}
	return t, json.Unmarshal([]byte(line), &t)
}

// join measures a full board's memory, and how long one waits for it.
func (b *canvasBench) join(ctx context.Context) error {
	data := "--data=" + filepath.Join(b.p.folder, "full")
	fill := exec.CommandContext(ctx, b.p.self, "-together", data, fmt.Sprint("--fill=", b.o.shapes))
	if out, err := fill.CombinedOutput(); err != nil {
		return fmt.Errorf("failed to fill the board: %w\n%s", err, out)
	}
	s, err := startServer(ctx, b.p.self, "-together", data, "--full")
	if err != nil {
		return err
	}
	defer s.end()
	line, err := s.line()
	if err != nil {
		return err
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return fmt.Errorf("the server says %q", line)
	}
	if b.r.HeapMB, err = strconv.ParseFloat(fields[2], 64); err != nil {
		return err
	}
	load, err := start(ctx, loadCore, b.p.self, "-latejoin", "--addr="+fields[0])
	if err != nil {
		return err
	}
	defer load.end()
	if line, err = load.line(); err != nil {
		return err
	}
	var t joinTimes
	if err := json.Unmarshal([]byte(line), &t); err != nil {
		return err
	}
	r := &b.r
	r.LateJoin, r.LateJoinMax, r.LateJoinYjs, r.LateYjsMax = t.Typed, t.TypedMax, t.Yjs, t.YjsMax
	r.LateApplied, r.SnapshotBytes, r.YjsBytes = t.Applied, t.Bytes, t.YjsBytes
	fmt.Fprintf(os.Stderr, "join     %.1f MB heap; typed %.1f ms (most %.1f), yjs %.1f ms (most %.1f)\n", r.HeapMB, t.Typed, t.TypedMax, t.Yjs, t.YjsMax)
	return nil
}

// people measures a board with many cursors and drags.
func (b *canvasBench) people(ctx context.Context) error {
	const hz = 30
	plan := plan{System: systemBoard, Rooms: 1, Players: b.o.people, Hz: hz, Warm: b.o.warm, Window: b.o.window}
	rounds, err := rounding{b.o.repetitions, b.o.maxOther, b.o.budget}.run(ctx, func() (round, error) {
		m, err := b.p.measure(ctx, plan, 0, nil)
		fmt.Fprintf(os.Stderr, "people   server %.3f cores, load %.3f, others %.2f; cursors seen after %.1f ms (p99); %.1f Crowds a second\n",
			m.ServerCPU, m.LoadCPU, m.OtherCPU, m.AckP99, m.HzMin)
		return round{systemBoard: m}, err
	})
	if err != nil {
		return err
	}
	if b.o.profile != "" {
		if err := b.p.profile(ctx, plan, 0, b.o.profile); err != nil {
			return err
		}
	}
	of := func(value func(m measurement) float64) float64 {
		return round3(median(rounds, func(r round) float64 { return value(r[systemBoard]) }))
	}
	r := &b.r
	r.CPU, r.CursorP50 = of(func(m measurement) float64 { return m.ServerCPU }), of(func(m measurement) float64 { return m.AckP50 })
	r.CursorP99, r.HzMin = of(func(m measurement) float64 { return m.AckP99 }), of(func(m measurement) float64 { return m.HzMin })
	r.Wire = of(func(m measurement) float64 { return m.WireDown })
	for _, one := range rounds {
		r.Errors += one[systemBoard].Errors
		r.Checked += one[systemBoard].Checked
		r.OtherCPU = max(r.OtherCPU, round3(one.other()))
	}
	return nil
}

func (b *canvasBench) print(w io.Writer) error {
	r := b.r
	if b.o.json {
		return json.NewEncoder(w).Encode(r)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintf(t, "boards, medians of %d runs\t\tgoal\n", b.o.repetitions)
	row("shapes made a second, against yjs", r.CreatesRatio, "2")
	row("shapes moved a second, against yjs", r.MovesRatio, "2")
	row("clients' moves applied a second, against yjs", r.AppliedRatio, "")
	row("clients' typing applied a second, against yjs", r.TypingRatio, "")
	row("random inserts into a long text a second, against yjs", r.InsertRatio, "")
	row("a whole board loaded, against yjs", r.LoadRatio, "")
	row(fmt.Sprintf("%d shapes: heap, MB", r.Shapes), r.HeapMB, "30")
	row("late join, typed messages, ms", r.LateJoin, "150")
	row("late join, Yjs, ms", r.LateJoinYjs, "150")
	row("late join, Yjs, until a Go client has applied it, ms", r.LateApplied, "")
	row(fmt.Sprintf("%d people at 30 Hz: server CPU, cores", r.People), r.CPU, "0.15")
	row("cursor moved to cursor seen, p50, ms", r.CursorP50, "")
	row("cursor moved to cursor seen, p99, ms", r.CursorP99, "60")
	row("Crowds a second of the slowest client", r.HzMin, "")
	row("bytes to a person on the wire, per second", r.Wire, "")
	row("errors", float64(r.Errors), "0")
	row("CPU of other processes, worst run", r.OtherCPU, fmt.Sprint(b.o.maxOther))
	return t.Flush()
}
