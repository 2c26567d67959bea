//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// recordsOptions are the flags of the records benchmark.
type recordsOptions struct {
	subscribers, items, bytes, joined, rooms, repetitions int
	window                                                time.Duration
	folder, only                                          string
	json                                                  bool
}

func parseRecords(args []string) (o recordsOptions, err error) {
	flags := flag.NewFlagSet("records", flag.ContinueOnError)
	flags.IntVar(&o.subscribers, "subscribers", 1000, "of one query, or of queries that no write matches")
	flags.IntVar(&o.items, "items", 1_000_000, "records of the room that is opened")
	flags.IntVar(&o.bytes, "bytes", 200, "of a record")
	flags.IntVar(&o.joined, "joined", 100_000, "records that a late joiner gets")
	flags.IntVar(&o.rooms, "rooms", 20, "game rooms of 20 players on the late joiner's server")
	flags.IntVar(&o.repetitions, "repetitions", 5, "pairs of runs with and without subscriptions")
	flags.DurationVar(&o.window, "window", 3*time.Second, "how long a part measures")
	flags.StringVar(&o.folder, "folder", "", "where the data lies, on the disk that is to be measured (default: the system's folder for temporary files)")
	flags.StringVar(&o.only, "only", "", "fanout, unmatched, open or late: only this part")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.subscribers < 100 || o.items < 1 || o.joined < 1 || o.repetitions < 1 {
		return o, errors.New("there must be 100 subscribers, a record and a run at least")
	}
	return o, nil
}

// recordsReport is what the benchmark found out; times are in milliseconds
// where the name does not say seconds.
type recordsReport struct {
	FanOutP50 float64 `json:"fanout_ms_p50"`
	FanOut    float64 `json:"fanout_ms_p99"`
	FanFirst  float64 `json:"fanout_first_ms_p50"`
	Writes    int     `json:"fanout_writes"`

	Unmatched   float64 `json:"unmatched_ratio"` // of the server's CPU for a write
	WriteMicros float64 `json:"write_us"`        // CPU, with no subscription
	TPSRatio    float64 `json:"unmatched_tps_ratio"`

	OpenKill  float64 `json:"open_kill_s"`
	OpenClean float64 `json:"open_clean_s"`
	KillCPU   float64 `json:"open_kill_cpu_s"`
	CleanCPU  float64 `json:"open_clean_cpu_s"`
	FillRate  float64 `json:"fill_per_s"`

	LateFirst   float64 `json:"late_first_ms"`
	LateAll     float64 `json:"late_all_ms"`
	LateAllMax  float64 `json:"late_all_ms_max"`
	LateTick    float64 `json:"late_tick_ms"`
	LateWithout float64 `json:"late_tick_without_ms"`

	OtherCPU float64 `json:"other_cpu"`
}

// recordsBench is one run of the benchmark.
type recordsBench struct {
	o            recordsOptions
	self, folder string
	report       recordsReport
}

func runRecords(ctx context.Context, args []string) error {
	o, err := parseRecords(args)
	if err != nil {
		return err
	}
	b := &recordsBench{o: o}
	if b.self, err = os.Executable(); err != nil {
		return fmt.Errorf("failed to find this program: %w", err)
	}
	if b.folder, err = os.MkdirTemp(o.folder, "parlor-records-"); err != nil {
		return fmt.Errorf("failed to make a folder for the data: %w", err)
	}
	defer func() { _ = os.RemoveAll(b.folder) }()
	parts := []struct {
		name string
		run  func(context.Context) error
	}{{"fanout", b.fanOut}, {"unmatched", b.unmatched}, {"open", b.open}, {"late", b.late}}
	for _, part := range parts {
		if o.only != "" && o.only != part.name {
			continue
		}
		began, all := time.Now(), cpuOfAll()
		if err := part.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		fmt.Fprintf(os.Stderr, "%-9s took %.1f s, the machine used %.2f cores\n", part.name,
			time.Since(began).Seconds(), (cpuOfAll()-all)/time.Since(began).Seconds())
	}
	return b.print(os.Stdout)
}

// server starts a server; side is where it answers questions of its own.
func (b *recordsBench) server(ctx context.Context, data string, flags ...string) (p *process, addr, side string, err error) {
	args := append([]string{"-records", "--data=" + filepath.Join(b.folder, data)}, flags...)
	if p, err = startPinned(serverCore, exec.CommandContext(ctx, b.self, args...)); err != nil {
		return nil, "", "", err
	}
	line, err := p.line()
	if err != nil {
		p.end()
		return nil, "", "", err
	}
	addr, side, _ = strings.Cut(line, " ")
	return p, addr, side, nil
}

// load starts clients.
func (b *recordsBench) load(ctx context.Context, work, addr string, flags ...string) (*process, error) {
	args := append([]string{"-recordsload", work, "--addr=" + addr, fmt.Sprint("--window=", b.o.window)}, flags...)
	return startPinned(loadCore, exec.CommandContext(ctx, b.self, args...))
}

// result waits for what clients have measured.
func result(p *process) (r readResult, err error) {
	line, err := p.line()
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return r, fmt.Errorf("failed to read what the load measured: %w", err)
	}
	return r, nil
}

// fanOut measures one write's way to many subscribers of one query.
func (b *recordsBench) fanOut(ctx context.Context) error {
	server, addr, _, err := b.server(ctx, "fanout")
	if err != nil {
		return err
	}
	defer server.end()
	load, err := b.load(ctx, "fanout", addr, fmt.Sprint("--subscribers=", b.o.subscribers), "--writes=300")
	if err != nil {
		return err
	}
	defer load.end()
	if _, err := load.line(); err != nil {
		return err
	}
	r, err := result(load)
	b.report.FanFirst, b.report.FanOutP50, b.report.FanOut, b.report.Writes = r.FirstP50, r.LastP50, r.LastP99, r.Rows
	return err
}

// unmatched measures what writes cost beside subscriptions that they do not
// concern. Runs with and without take turns.
func (b *recordsBench) unmatched(ctx context.Context) error {
	const accounts = 10_000
	server, addr, _, err := b.server(ctx, "unmatched", fmt.Sprint("--accounts=", accounts))
	if err != nil {
		return err
	}
	defer server.end()
	o := bankOptions{clients: 16, accounts: accounts, warm: 200 * time.Millisecond, window: b.o.window / 3}
	bank := &parlorBank{server: server, self: b.self, addr: addr}
	work := bankWork{name: workPipelined, inFlight: 20}
	if _, err := bank.run(ctx, o, work); err != nil { // the room opens, memory grows
		return err
	}
	var without, with, cost []float64
	for range b.o.repetitions {
		alone, err := bank.run(ctx, o, work)
		if err != nil {
			return err
		}
		const each = 100
		readers, err := b.load(ctx, "hold", addr, fmt.Sprint("--subscribers=", b.o.subscribers/each), fmt.Sprint("--subscriptions=", each))
		if err != nil {
			return err
		}
		if _, err := readers.line(); err != nil {
			readers.end()
			return err
		}
		beside, err := bank.run(ctx, o, work)
		readers.end()
		if err != nil {
			return err
		}
		cost = append(cost, alone.Server/alone.TPS*1e6)
		without, with = append(without, beside.Server/beside.TPS/(alone.Server/alone.TPS)), append(with, beside.TPS/alone.TPS)
		b.report.OtherCPU = max(b.report.OtherCPU, round3(alone.Other), round3(beside.Other))
	}
	b.report.Unmatched, b.report.TPSRatio, b.report.WriteMicros = round3(middle(without)), round3(middle(with)), round3(middle(cost))
	return nil
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// open fills a room, kills its server when the last write is confirmed, opens
// it, ends that server cleanly, and opens it again.
func (b *recordsBench) open(ctx context.Context) error {
	filled, _, err := b.shelf(ctx, true, fmt.Sprint("--items=", b.o.items), fmt.Sprint("--bytes=", b.o.bytes))
	if err != nil {
		return err
	}
	b.report.FillRate = round3(float64(b.o.items) / filled)
	if b.report.OpenKill, b.report.KillCPU, err = b.shelf(ctx, false); err != nil {
		return err
	}
	b.report.OpenClean, b.report.CleanCPU, err = b.shelf(ctx, false)
	return err
}

// shelf runs a process that opens the room and returns how long that took, and
// how much CPU. It is killed, or asked to end.
func (b *recordsBench) shelf(ctx context.Context, kill bool, flags ...string) (seconds, cpu float64, err error) {
	cmd := exec.CommandContext(ctx, b.self, append([]string{"-shelf", "--data=" + filepath.Join(b.folder, "shelf")}, flags...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, 0, fmt.Errorf("failed to start %s: %w", b.self, err)
	}
	p, err := startPinned(serverCore, cmd)
	if err != nil {
		return 0, 0, err
	}
	line, err := p.line()
	if err != nil {
		p.end()
		return 0, 0, err
	}
	if _, err := fmt.Sscan(line, &seconds, &cpu); err != nil {
		p.end()
		return 0, 0, fmt.Errorf("failed to read what the server said: %w", err)
	}
	if kill {
		p.end()
		return round3(seconds), round3(cpu), nil
	}
	_ = in.Close()
	return round3(seconds), round3(cpu), p.cmd.Wait()
}

// late measures clients that come to a room of many records, and the ticks of
// game rooms on the same server meanwhile.
func (b *recordsBench) late(ctx context.Context) error {
	server, addr, side, err := b.server(ctx, "late", fmt.Sprint("--items=", b.o.joined), fmt.Sprint("--bytes=", b.o.bytes), fmt.Sprint("--rooms=", b.o.rooms))
	if err != nil {
		return err
	}
	defer server.end()
	time.Sleep(time.Second) // the rooms' histories fill
	if _, err := ticksLate(side); err != nil {
		return err
	}
	time.Sleep(b.o.window)
	if b.report.LateWithout, err = ticksLate(side); err != nil {
		return err
	}
	load, err := b.load(ctx, "late", addr)
	if err != nil {
		return err
	}
	defer load.end()
	r, err := result(load)
	if err != nil {
		return err
	}
	b.report.LateFirst, b.report.LateAll, b.report.LateAllMax = r.FirstP50, r.LastP50, r.LastMax
	b.report.LateTick, err = ticksLate(side)
	return err
}

// ticksLate asks a server how late ticks were since the last question.
func ticksLate(side string) (ms float64, err error) {
	r, err := http.Get("http://" + side + "/late")
	if err != nil {
		return 0, fmt.Errorf("failed to ask the server: %w", err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, fmt.Errorf("failed to ask the server: %w", err)
	}
	_, err = fmt.Sscan(string(body), &ms)
	return ms, err
}

func (b *recordsBench) print(w io.Writer) error {
	r := &b.report
	if b.o.json {
		return json.NewEncoder(w).Encode(r)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintln(t, "record rooms\t\tgoal")
	row(fmt.Sprintf("one write to %d subscribers of a query, last delivery, p99, ms", b.o.subscribers), r.FanOut, "30")
	row(fmt.Sprintf("CPU of a write with %d subscriptions that it does not match, against none", b.o.subscribers), r.Unmatched, "1.2")
	row("CPU of a write, pipelined, µs", r.WriteMicros, "")
	row(fmt.Sprintf("%d records of %d bytes: open after a clean stop, s", b.o.items, b.o.bytes), r.OpenClean, "3")
	row("open after a kill, s", r.OpenKill, "6")
	row(fmt.Sprintf("late joiner of %d records: first row, ms", b.o.joined), r.LateFirst, "50")
	row("all rows, ms", r.LateAll, "1000")
	row("tick lateness of other rooms meanwhile, p99, ms", r.LateTick, "5")
	row("without the joiner", r.LateWithout, "")
	row("CPU of other processes, worst run, cores", r.OtherCPU, "")
	return t.Flush()
}
