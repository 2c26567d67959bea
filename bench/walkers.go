//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// walkersOptions are the flags of the walkers benchmark.
type walkersOptions struct {
	players, roomSize, repetitions int
	window, warm, budget           time.Duration
	maxOther                       float64
	record, server, peer, profile  string
	transport                      string
	json, ramp, grid               bool
}

// The transports of players.
const (
	transportWebSocket = "websocket"
	transportUDP       = "udp"
)

// peers are what can be compared over each transport.
func peers() map[string]string {
	return map[string]string{transportWebSocket: systemColyseus, transportUDP: systemKCP}
}

func parseWalkers(args []string) (o walkersOptions, err error) {
	flags := flag.NewFlagSet("walkers", flag.ContinueOnError)
	flags.IntVar(&o.players, "players", 1000, "players")
	flags.IntVar(&o.roomSize, "room-size", 20, "players of a room")
	flags.IntVar(&o.repetitions, "repetitions", 3, "runs of each system, of which medians are taken")
	flags.DurationVar(&o.window, "window", 3*time.Second, "how long a run measures")
	flags.DurationVar(&o.warm, "warm", ringTime, "how long players play before that, on Parlor; on the others at most a second")
	flags.DurationVar(&o.budget, "budget", 0, "begin no run beyond this time (default 48s, 70s with a peer)")
	flags.Float64Var(&o.maxOther, "max-other", 0.25, "repeat runs in which other processes used more CPU, in cores")
	flags.StringVar(&o.record, "record", "all", "rooms that the server records, or off")
	flags.StringVar(&o.server, "server", "", "the server's binary, instead of building it")
	flags.StringVar(&o.transport, "transport", transportWebSocket, "how players connect: websocket or udp")
	flags.StringVar(&o.peer, "peer", "", "also run this system: colyseus over WebSocket, kcp (stock kcp-go) over UDP")
	flags.StringVar(&o.profile, "pprof", "", "one more run writes the server's CPU profile to this file, and the floor's to FILE.floor")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	flags.BoolVar(&o.grid, "grid", false, "let inputs leave at whole milliseconds instead of random moments")
	flags.BoolVar(&o.ramp, "ramp", false, "find out how many players one core carries")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.roomSize < 1 || o.players < o.roomSize || o.repetitions < 1 {
		return o, errors.New("there must be a player, a room and a run at least")
	}
	switch o.transport {
	case transportWebSocket, transportUDP:
	default:
		return o, fmt.Errorf("there is no transport %q: %s or %s", o.transport, transportWebSocket, transportUDP)
	}
	if peer := peers()[o.transport]; o.peer != "" && o.peer != peer {
		return o, fmt.Errorf("there is no peer %q over %s, only %s", o.peer, o.transport, peer)
	}
	if o.budget == 0 {
		if o.budget = 48 * time.Second; o.peer != "" {
			o.budget = 70 * time.Second
		}
	}
	return o, nil
}

// ringTime is how long it takes until a room of Parlor has filled its ring of
// 64 ticks, which is when it stops to allocate.
const ringTime = 3200 * time.Millisecond

func (o walkersOptions) plan(system string, players int) plan {
	warm := o.warm
	if system != systemParlor {
		warm = min(warm, time.Second)
	}
	return plan{System: system, UDP: o.transport == transportUDP, Rooms: players / o.roomSize, Players: o.roomSize, Warm: warm, Window: o.window, OnGrid: o.grid}
}

// runWalkers measures Parlor and the floor by turns.
func runWalkers(ctx context.Context, args []string) error {
	o, err := parseWalkers(args)
	if err != nil {
		return err
	}
	p, err := newPrograms(ctx, o.server, o.record)
	if err != nil {
		return err
	}
	defer p.close()
	if o.ramp {
		return runRamp(ctx, p, o)
	}
	systems := []string{systemParlor, systemFloor}
	if o.peer != "" {
		if err := p.addPeer(ctx, o.peer); err != nil {
			return err
		}
		systems = append(systems, o.peer)
	}
	rounds, err := o.rounding().run(ctx, func() (round, error) { return runRound(ctx, p, o, systems) })
	if err != nil {
		return err
	}
	if o.profile != "" {
		if err := writeProfiles(ctx, p, o, rounds[0]); err != nil {
			return err
		}
	}
	return printWalkers(os.Stdout, o, rounds)
}

func (o walkersOptions) rounding() rounding {
	return rounding{repetitions: o.repetitions, maxOther: o.maxOther, budget: o.budget}
}

func runRound(ctx context.Context, p *programs, o walkersOptions, systems []string) (round, error) {
	r := make(round)
	for _, system := range systems {
		plan := o.plan(system, o.players)
		plan.Up = sizeUp(r[systemParlor])
		m, err := p.measure(ctx, plan, o.sizeDown(r[systemParlor]), nil)
		if err != nil {
			return nil, err
		}
		r[system] = m
		fmt.Fprintf(os.Stderr, "%-8s server %.3f cores, load %.3f, others %.2f; acknowledged in %.1f ms (p99); %.2f Hz\n",
			system, m.ServerCPU, m.LoadCPU, m.OtherCPU, m.AckP99, m.HzMin)
	}
	return r, nil
}

// sizeDown is the payload of the floor's messages, with which as many bytes
// reach a client for each tick as from Parlor.
func (o walkersOptions) sizeDown(m measurement) int {
	const short, long = 2, 4 // bytes of a WebSocket header
	n := int(m.FrameBytes + 0.5)
	if o.transport == transportUDP {
		return n
	}
	if n-short < 126 {
		return max(2, n-short)
	}
	return n - long
}

func sizeUp(m measurement) int { return max(2, int(m.UpBytes+0.5)) }

// writeProfiles makes one more run of each system that has profiles, so that
// profiling costs nothing in the others.
func writeProfiles(ctx context.Context, p *programs, o walkersOptions, r round) error {
	names := map[string]string{systemParlor: o.profile, systemFloor: o.profile + ".floor"}
	if o.transport == transportUDP {
		delete(names, systemFloor) // one thread in system calls: perf shows it, Go's profiler cannot
	}
	for system, name := range names {
		f, err := os.Create(name)
		if err != nil {
			return fmt.Errorf("failed to write a profile: %w", err)
		}
		plan := o.plan(system, o.players)
		plan.Up = sizeUp(r[systemParlor])
		_, err = p.measure(ctx, plan, o.sizeDown(r[systemParlor]), func(s *server) error {
			return fetchProfile(ctx, s.profile, plan.Window, f)
		})
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}
