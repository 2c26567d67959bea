//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"
)

// bankOptions are the flags of the bank benchmark.
type bankOptions struct {
	clients, inFlight, accounts, repetitions int
	warm, window                             time.Duration
	folder, profile, only                    string
	json                                     bool
}

func parseBank(args []string) (o bankOptions, err error) {
	flags := flag.NewFlagSet("bank", flag.ContinueOnError)
	flags.IntVar(&o.clients, "clients", 64, "connections")
	flags.IntVar(&o.inFlight, "in-flight", 40, "calls under way on each connection, where they are pipelined")
	flags.IntVar(&o.accounts, "accounts", 100_000, "accounts")
	flags.IntVar(&o.repetitions, "repetitions", 3, "runs of each system, of which medians are taken")
	flags.DurationVar(&o.warm, "warm", time.Second, "how long clients call before a run measures")
	flags.DurationVar(&o.window, "window", 3*time.Second, "how long a run measures")
	flags.StringVar(&o.folder, "folder", "", "where all systems keep their data, on the disk that is to be measured (default: the system's folder for temporary files)")
	flags.StringVar(&o.profile, "pprof", "", "write the CPU profile of Parlor's first pipelined run to this file")
	flags.StringVar(&o.only, "only", "", "parlor: leave the databases out")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.clients < 1 || o.inFlight < 1 || o.accounts < 200 || o.repetitions < 1 {
		return o, fmt.Errorf("there must be a client, a call, a run and 200 accounts at least")
	}
	return o, nil
}

// bankWork is one way of calling.
type bankWork struct {
	name      string
	inFlight  int
	contended bool // four of five calls on one of a hundred accounts
}

const (
	workClosed             = "closed"
	workPipelined          = "pipelined"
	workClosedContended    = "closed, contended"
	workPipelinedContended = "pipelined, contended"
)

// works are those of a run, in their order: what is compared stands side by
// side, before the checkpoints that follow many transfers.
func (o bankOptions) works() []bankWork {
	return []bankWork{
		{workClosed, 1, false}, {workClosedContended, 1, true},
		{workPipelined, o.inFlight, false}, {workPipelinedContended, o.inFlight, true},
	}
}

// bankResult is what a load measured.
type bankResult struct {
	TPS    float64 `json:"tps"`
	P50    float64 `json:"ms_p50"`
	P99    float64 `json:"ms_p99"`
	Calls  int     `json:"calls"`
	Error  string  `json:"error"`
	Server float64 `json:"server_cpu"` // cores
	Other  float64 `json:"other_cpu"`
}

// bankRun is a running system that transfers money durably.
type bankRun interface {
	// run lets clients call and measures.
	run(ctx context.Context, o bankOptions, w bankWork) (bankResult, error)
	end()
}

// bankRound has each system's results, by system and work.
type bankRound map[string]map[string]bankResult

// The systems of the bank benchmark beside Parlor.
const (
	systemPostgres = "postgres"
	systemSQLite   = "sqlite"
)

func runBank(ctx context.Context, args []string) error {
	o, err := parseBank(args)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp(o.folder, "parlor-bank-")
	if err != nil {
		return fmt.Errorf("failed to make a folder for the data: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	systems, err := bankSystems(ctx, folder, o)
	if err != nil {
		return err
	}
	var rounds []bankRound
	for range o.repetitions {
		r := make(bankRound)
		for _, s := range systems {
			if r[s.name], err = s.measure(ctx, o); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		o.profile = ""
		rounds = append(rounds, r)
	}
	return printBank(os.Stdout, o, rounds)
}

// bankSystem starts a system anew for each round, with fresh data.
type bankSystem struct {
	name  string
	start func(ctx context.Context) (bankRun, error)
	works func(w bankWork) bool
}

func (s bankSystem) measure(ctx context.Context, o bankOptions) (map[string]bankResult, error) {
	b, err := s.start(ctx)
	if err != nil {
		return nil, err
	}
	defer b.end()
	results := make(map[string]bankResult)
	for _, w := range o.works() {
		if s.works != nil && !s.works(w) {
			continue
		}
		res, err := b.run(ctx, o, w)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		if res.Error != "" {
			return nil, fmt.Errorf("%s: %s", w.name, res.Error)
		}
		fmt.Fprintf(os.Stderr, "%-8s %-21s %7.0f transfers/s, confirmed in %.2f ms (p50), %.2f ms (p99), %.2f cores\n", s.name, w.name, res.TPS, res.P50, res.P99, res.Server)
		results[w.name] = res
	}
	return results, nil
}

// bankReport is the result: medians of the rounds, ratios of medians within a round.
type bankReport struct {
	Clients   int     `json:"clients"`
	InFlight  int     `json:"in_flight"`
	Accounts  int     `json:"accounts"`
	Rounds    int     `json:"rounds"`
	Closed    float64 `json:"closed_tps"`
	Pipelined float64 `json:"pipelined_tps"`

	ClosedPostgres    float64 `json:"closed_tps_postgres,omitempty"`
	PipelinedPostgres float64 `json:"pipelined_tps_postgres,omitempty"`
	ClosedSQLite      float64 `json:"closed_tps_sqlite,omitempty"`

	RatioClosed    float64 `json:"closed_ratio_postgres,omitempty"`
	RatioPipelined float64 `json:"pipelined_ratio_postgres,omitempty"`
	RatioSQLite    float64 `json:"closed_ratio_sqlite,omitempty"`
	Contended      float64 `json:"contended_ratio"`        // pipelined
	ContendedLoop  float64 `json:"contended_ratio_closed"` // closed loop

	ConfirmP50         float64 `json:"confirm_ms_p50"`
	ConfirmP99         float64 `json:"confirm_ms_p99"`
	ConfirmP99Postgres float64 `json:"confirm_ms_p99_postgres,omitempty"`
	RatioConfirm       float64 `json:"confirm_ratio_postgres,omitempty"`
	PipelinedP99       float64 `json:"pipelined_ms_p99"`

	OtherCPU float64 `json:"other_cpu"` // the worst of Parlor's runs
}

func newBankReport(o bankOptions, rounds []bankRound) bankReport {
	of := func(system, work string, value func(bankResult) float64) float64 {
		return medianOf(rounds, func(r bankRound) float64 { return value(r[system][work]) })
	}
	tps := func(r bankResult) float64 { return r.TPS }
	p99 := func(r bankResult) float64 { return r.P99 }
	ratio := func(system, work, to string, value func(bankResult) float64) float64 {
		return round3(medianOf(rounds, func(r bankRound) float64 {
			return value(r[systemParlor][work]) / value(r[system][to])
		}))
	}
	rep := bankReport{
		Clients: o.clients, InFlight: o.inFlight, Accounts: o.accounts, Rounds: len(rounds),
		Closed: of(systemParlor, workClosed, tps), Pipelined: of(systemParlor, workPipelined, tps),
		Contended: round3(medianOf(rounds, func(r bankRound) float64 {
			return r[systemParlor][workPipelinedContended].TPS / r[systemParlor][workPipelined].TPS
		})),
		ContendedLoop: round3(medianOf(rounds, func(r bankRound) float64 {
			return r[systemParlor][workClosedContended].TPS / r[systemParlor][workClosed].TPS
		})),
		ConfirmP50: of(systemParlor, workClosed, func(r bankResult) float64 { return r.P50 }),
		ConfirmP99: of(systemParlor, workClosed, p99), PipelinedP99: of(systemParlor, workPipelined, p99),
	}
	if _, ok := rounds[0][systemPostgres]; ok {
		rep.ClosedPostgres, rep.PipelinedPostgres = of(systemPostgres, workClosed, tps), of(systemPostgres, workPipelined, tps)
		rep.RatioClosed = ratio(systemPostgres, workClosed, workClosed, tps)
		rep.RatioPipelined = ratio(systemPostgres, workPipelined, workPipelined, tps)
		rep.ConfirmP99Postgres, rep.RatioConfirm = of(systemPostgres, workClosed, p99), ratio(systemPostgres, workClosed, workClosed, p99)
	}
	if _, ok := rounds[0][systemSQLite]; ok {
		rep.ClosedSQLite, rep.RatioSQLite = of(systemSQLite, workClosed, tps), ratio(systemSQLite, workClosed, workClosed, tps)
	}
	for _, r := range rounds {
		for _, res := range r[systemParlor] {
			rep.OtherCPU = max(rep.OtherCPU, round3(res.Other))
		}
	}
	return rep
}

func printBank(w io.Writer, o bankOptions, rounds []bankRound) error {
	rep := newBankReport(o, rounds)
	if o.json {
		return json.NewEncoder(w).Encode(rep)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintf(t, "%d clients, %d accounts, medians of %d rounds\t\tgoal\n", rep.Clients, rep.Accounts, rep.Rounds)
	row("durable transfers a second, one call at a time", rep.Closed, "")
	row("PostgreSQL's", rep.ClosedPostgres, "")
	row("against PostgreSQL's", rep.RatioClosed, "5")
	row("SQLite's", rep.ClosedSQLite, "")
	row("against SQLite's", rep.RatioSQLite, "")
	row(fmt.Sprintf("durable transfers a second, %d calls in flight", rep.InFlight), rep.Pipelined, "")
	row("PostgreSQL's", rep.PipelinedPostgres, "")
	row("against PostgreSQL's", rep.RatioPipelined, "10")
	row("contended against uniform, in flight", rep.Contended, "0.9")
	row("contended against uniform, one at a time", rep.ContendedLoop, "0.9")
	row("confirmed in, p99, one call at a time, ms", rep.ConfirmP99, "")
	row("against PostgreSQL's", rep.RatioConfirm, "0.5")
	row("CPU of other processes, worst run", rep.OtherCPU, "")
	return t.Flush()
}
