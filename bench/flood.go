//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// floodReport is the result of the flood benchmark: medians of rounds, the
// worst of what must be 0.
type floodReport struct {
	Players int `json:"players"`
	Rounds  int `json:"rounds"`
	Rate    int `json:"packets_per_s"`

	Sent        float64 `json:"packets_sent_per_s"`
	Seen        float64 `json:"packets_seen_per_s"` // by the server
	Answers     float64 `json:"answers_per_s"`
	AnswerBytes float64 `json:"answer_bytes"` // the mean
	Sessions    float64 `json:"sessions_made"`
	Dropped     int     `json:"players_dropped"`

	QuietP99  float64 `json:"ack_ms_p99_quiet"`
	FloodP99  float64 `json:"ack_ms_p99_flood"`
	Ratio     float64 `json:"ack_p99_ratio"` // median of the rounds' ratios
	QuietHz   float64 `json:"tick_hz_min_quiet"`
	FloodHz   float64 `json:"tick_hz_min_flood"`
	QuietCPU  float64 `json:"server_cpu_quiet"`
	FloodCPU  float64 `json:"server_cpu_flood"`
	Micros    float64 `json:"cpu_us_per_packet"` // that the server took for a flood's packet
	PlayerCPU float64 `json:"cpu_us_per_player_packet"`
	Desyncs   int64   `json:"desyncs"`
	Errors    int64   `json:"errors"`
	OtherCPU  float64 `json:"other_cpu"`
}

// floodRound is a quiet run and one beside a flood.
type floodRound struct {
	quiet, flood measurement
	sent         flooded
	made, seen   float64
}

// runFlood measures players over UDP beside forged first packets.
func runFlood(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("flood", flag.ContinueOnError)
	players := flags.Int("players", 200, "players over UDP, in rooms of 20")
	rate := flags.Int("rate", 100_000, "forged first packets a second, of 1,200 bytes, each from another address of 127.0.0.0/8")
	window := flags.Duration("window", 3*time.Second, "how long a run measures")
	repetitions := flags.Int("repetitions", 3, "rounds, of which medians are taken")
	server := flags.String("server", "", "the server's binary, instead of building it")
	asJSON := flags.Bool("json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := newPrograms(ctx, *server, "all")
	if err != nil {
		return err
	}
	defer p.close()
	const roomSize = 20
	plan := plan{System: systemParlor, UDP: true, Rooms: *players / roomSize, Players: roomSize, Warm: ringTime, Window: *window}
	var rounds []floodRound
	for range *repetitions {
		r, err := p.floodRound(ctx, plan, *rate)
		if err != nil {
			return err
		}
		rounds = append(rounds, r)
		fmt.Fprintf(os.Stderr, "quiet: %.3f cores, acknowledged in %.1f ms (p99); flood of %.0f a second: %.3f cores, %.1f ms\n",
			r.quiet.ServerCPU, r.quiet.AckP99, r.seen/r.sent.Seconds, r.flood.ServerCPU, r.flood.AckP99)
	}
	rep := newFloodReport(plan, *rate, rounds)
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(rep)
	}
	return printFlood(os.Stdout, rep)
}

// floodRound measures the two runs. The flood lasts as long as the window; the
// server is asked what it counted before and after.
func (p *programs) floodRound(ctx context.Context, plan plan, rate int) (r floodRound, err error) {
	if r.quiet, err = p.measure(ctx, plan, 0, nil); err != nil {
		return r, err
	}
	r.flood, err = p.measure(ctx, plan, 0, func(s *server) error { return p.flood(ctx, s, plan, rate, &r) })
	return r, err
}

func (p *programs) flood(ctx context.Context, s *server, plan plan, rate int, r *floodRound) error {
	span := plan.Window - 300*time.Millisecond // the process has to start, and its token to come
	f, err := start(ctx, loadCore, p.self, "-flood", "--addr="+s.addr, fmt.Sprint("--rate=", rate), fmt.Sprint("--span=", span))
	if err != nil {
		return err
	}
	defer f.end()
	counts := newCounts(s.admin)
	before, err := counts.metrics()
	if err != nil {
		return err
	}
	for range 2 { // "ready", then what was sent
		var line string
		if line, err = f.line(); err != nil {
			return fmt.Errorf("the flood: %w", err)
		}
		if line == "ready" {
			continue
		}
		if err := json.Unmarshal([]byte(line), &r.sent); err != nil {
			return fmt.Errorf("failed to read what the flood did: %w", err)
		}
	}
	after, err := counts.metrics()
	if err != nil {
		return err
	}
	d := after.minus(before)
	r.made = d.values["parlor_udp_accepted_total"]
	players := float64(plan.Rooms*plan.Players) * 1000 / usualBeat
	r.seen = d.values["parlor_udp_packets_in_total"] - players*r.sent.Seconds
	return nil
}

func newFloodReport(p plan, rate int, rounds []floodRound) floodReport {
	mid := func(value func(r floodRound) float64) float64 { return medianOf(rounds, value) }
	rep := floodReport{
		Players: p.Rooms * p.Players, Rounds: len(rounds), Rate: rate,
		Sent:        mid(func(r floodRound) float64 { return float64(r.sent.Sent) / r.sent.Seconds }),
		Seen:        mid(func(r floodRound) float64 { return r.seen / r.sent.Seconds }),
		Answers:     mid(func(r floodRound) float64 { return float64(r.sent.Answers) / r.sent.Seconds }),
		AnswerBytes: mid(func(r floodRound) float64 { return float64(r.sent.AnswerBytes) / float64(max(1, r.sent.Answers)) }),
		QuietP99:    mid(func(r floodRound) float64 { return r.quiet.AckP99 }),
		FloodP99:    mid(func(r floodRound) float64 { return r.flood.AckP99 }),
		Ratio:       mid(func(r floodRound) float64 { return r.flood.AckP99 / r.quiet.AckP99 }),
		QuietHz:     mid(func(r floodRound) float64 { return r.quiet.HzMin }),
		FloodHz:     mid(func(r floodRound) float64 { return r.flood.HzMin }),
		QuietCPU:    mid(func(r floodRound) float64 { return r.quiet.ServerCPU }),
		FloodCPU:    mid(func(r floodRound) float64 { return r.flood.ServerCPU }),
		Micros: mid(func(r floodRound) float64 {
			return (r.flood.ServerCPU - r.quiet.ServerCPU) * r.flood.Seconds / max(1, r.seen) * 1e6
		}),
		PlayerCPU: mid(func(r floodRound) float64 {
			return r.quiet.ServerCPU * 1e6 / (float64(p.Rooms*p.Players) * 1000 / usualBeat)
		}),
	}
	for _, r := range rounds {
		rep.Sessions = max(rep.Sessions, r.made)
		rep.Dropped = max(rep.Dropped, r.flood.Dead)
		rep.Errors += r.quiet.Errors + r.flood.Errors
		rep.Desyncs += r.quiet.Desyncs + r.flood.Desyncs
		rep.OtherCPU = max(rep.OtherCPU, round3(r.quiet.OtherCPU))
	}
	return rep
}

// medianOf is the median of what each of some has; with an even number the
// mean of the two in the middle.
func medianOf[T any](all []T, value func(T) float64) float64 {
	values := make([]float64, len(all))
	for i, v := range all {
		values[i] = value(v)
	}
	slices.Sort(values)
	n := len(values)
	return round3((values[n/2] + values[(n-1)/2]) / 2)
}

func printFlood(w io.Writer, rep floodReport) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintf(t, "%d players beside %d forged first packets a second, medians of %d rounds\t\tgoal\n", rep.Players, rep.Rate, rep.Rounds)
	row("packets that were sent, a second", rep.Sent, "")
	row("packets that the server took, a second", rep.Seen, "")
	row("answers, a second", rep.Answers, "")
	row("bytes of an answer", rep.AnswerBytes, "300")
	row("sessions made", rep.Sessions, "0")
	row("players dropped", float64(rep.Dropped), "0")
	row("input to acknowledgement, p99, ms, quiet", rep.QuietP99, "")
	row("input to acknowledgement, p99, ms, flood", rep.FloodP99, "")
	row("the one against the other", rep.Ratio, "2")
	row("tick rate of the slowest client, Hz, flood", rep.FloodHz, "")
	row("server CPU, cores, quiet", rep.QuietCPU, "")
	row("server CPU, cores, flood", rep.FloodCPU, "")
	row("CPU of a forged packet, µs", rep.Micros, "")
	row("CPU of a player's packet and its answer, µs", rep.PlayerCPU, "")
	row("desyncs", float64(rep.Desyncs), "0")
	row("errors", float64(rep.Errors), "0")
	return t.Flush()
}
