//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
)

// A step of the ramp holds while inputs are acknowledged and clients served as
// well as this.
const (
	rampAck = 60.0 // milliseconds, p99
	rampHz  = 19.9

	rampStep = 500 // players
)

// rampPoint is one step of the ramp.
type rampPoint struct {
	Players   int     `json:"players"`
	ServerCPU float64 `json:"server_cpu"`
	LoadCPU   float64 `json:"load_cpu"`
	OtherCPU  float64 `json:"other_cpu"`
	AckP99    float64 `json:"ack_ms_p99"`
	LateP99   float64 `json:"tick_late_ms_p99"`
	HzMin     float64 `json:"tick_hz_min"`
	Errors    int64   `json:"errors"`
	Holds     bool    `json:"holds"`
}

// runRamp steps the players up until the server cannot serve them any more,
// then looks once in the middle of the last step. A step that fails gets a
// second chance: neighbours may have disturbed it. The load runs on one core
// too: where that is full, the limit is the load's.
func runRamp(ctx context.Context, p *programs, o walkersOptions) error {
	r := ramp{programs: p, options: o}
	for players := o.players; ; players += rampStep {
		holds, err := r.try(ctx, players)
		if err != nil {
			return err
		}
		if !holds {
			if _, err := r.try(ctx, players-rampStep/2); err != nil {
				return err
			}
			break
		}
	}
	if o.json {
		return json.NewEncoder(os.Stdout).Encode(map[string]any{"players_per_core": r.limit, "room_size": o.roomSize, "steps": r.points})
	}
	fmt.Printf("One core carries %d players in rooms of %d: inputs are acknowledged within %.0f ms (p99) at %.1f Hz at least.\n",
		r.limit, o.roomSize, rampAck, rampHz)
	return nil
}

// ramp is the steps so far.
type ramp struct {
	programs *programs
	options  walkersOptions
	points   []rampPoint
	limit    int // the most players of a step that held
}

// try measures a step, at most twice, and reports whether it holds.
func (r *ramp) try(ctx context.Context, players int) (bool, error) {
	for range 2 {
		m, err := r.programs.measure(ctx, r.options.plan(systemParlor, players), 0, nil)
		if err != nil {
			return false, err
		}
		at := rampPoint{
			Players: players, ServerCPU: round3(m.ServerCPU), LoadCPU: round3(m.LoadCPU), OtherCPU: round3(m.OtherCPU),
			AckP99: m.AckP99, LateP99: round3(m.Server.LateP99), HzMin: round3(m.HzMin), Errors: m.Errors,
			Holds: m.AckP99 <= rampAck && m.HzMin >= rampHz && m.Errors == 0,
		}
		r.points = append(r.points, at)
		fmt.Fprintf(os.Stderr, "%5d players: server %.2f cores, load %.2f, others %.2f; acknowledged in %.1f ms (p99); %.2f Hz\n",
			players, m.ServerCPU, m.LoadCPU, m.OtherCPU, m.AckP99, m.HzMin)
		if at.Holds {
			r.limit = max(r.limit, players)
			return true, nil
		}
	}
	return false, nil
}
