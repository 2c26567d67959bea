//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"text/tabwriter"
)

// walkersReport is the result of the walkers benchmark: medians of the rounds.
// CPU is in cores.
type walkersReport struct {
	Transport string `json:"transport"`
	Players   int    `json:"players"`
	Rooms     int    `json:"rooms"`
	RoomSize  int    `json:"room_size"`
	Rounds    int    `json:"rounds"`

	ServerCPU   float64 `json:"server_cpu"`
	FloorCPU    float64 `json:"floor_cpu"`
	CPURatio    float64 `json:"cpu_ratio"` // median of the rounds' ratios
	ColyseusCPU float64 `json:"colyseus_cpu,omitempty"`
	ColyseusHz  float64 `json:"colyseus_hz_min,omitempty"`
	ColyseusAck float64 `json:"colyseus_ack_ms_p99,omitempty"`
	ColyseusB   float64 `json:"colyseus_bytes_per_entity_tick,omitempty"`
	RatioToPeer float64 `json:"cpu_ratio_colyseus,omitempty"`
	KCPCPU      float64 `json:"kcp_cpu,omitempty"`
	KCPHz       float64 `json:"kcp_hz_min,omitempty"`
	KCPAck      float64 `json:"kcp_ack_ms_p99,omitempty"`
	RatioToKCP  float64 `json:"cpu_ratio_kcp,omitempty"`

	AckP50     float64 `json:"ack_ms_p50"`
	AckP99     float64 `json:"ack_ms_p99"`
	LateP99    float64 `json:"tick_late_ms_p99"`
	TickMicros float64 `json:"tick_us_mean"`
	HzMin      float64 `json:"tick_hz_min"`

	BytesPerEntity float64 `json:"bytes_per_entity_tick"`
	WirePerSecond  float64 `json:"wire_bytes_per_player_s"`
	WireUp         float64 `json:"wire_bytes_up_per_player_s"`
	AllocsPerTick  float64 `json:"allocs_per_tick"`
	RSS            float64 `json:"rss_mb"`

	Checked  int64   `json:"hashes_checked"`
	Desyncs  int64   `json:"desyncs"`
	Errors   int64   `json:"errors"`
	OtherCPU float64 `json:"other_cpu"` // the worst of the rounds
	LoadCPU  float64 `json:"load_cpu"`
}

func newWalkersReport(o walkersOptions, rounds []round) walkersReport {
	of := func(system string, value func(measurement) float64) float64 {
		return median(rounds, func(r round) float64 { return value(r[system]) })
	}
	ours := func(value func(measurement) float64) float64 { return of(systemParlor, value) }
	cpu := func(m measurement) float64 { return m.ServerCPU }
	n := o.players / o.roomSize
	rep := walkersReport{
		Transport: o.transport,
		Players:   n * o.roomSize, Rooms: n, RoomSize: o.roomSize, Rounds: len(rounds),
		ServerCPU:  ours(cpu),
		FloorCPU:   of(systemFloor, cpu),
		CPURatio:   median(rounds, func(r round) float64 { return r[systemParlor].ServerCPU / r[systemFloor].ServerCPU }),
		AckP50:     ours(func(m measurement) float64 { return m.AckP50 }),
		AckP99:     ours(func(m measurement) float64 { return m.AckP99 }),
		LateP99:    ours(func(m measurement) float64 { return m.Server.LateP99 }),
		TickMicros: ours(func(m measurement) float64 { return m.Server.DurationMean }),
		HzMin:      ours(func(m measurement) float64 { return m.HzMin }),

		BytesPerEntity: ours(func(m measurement) float64 { return m.FrameBytes / float64(o.roomSize) }),
		WirePerSecond:  ours(func(m measurement) float64 { return m.WireDown }),
		WireUp:         ours(func(m measurement) float64 { return m.WireUp }),
		AllocsPerTick:  ours(func(m measurement) float64 { return m.Server.Mallocs / math.Max(1, m.Server.Ticks) }),
		RSS:            ours(func(m measurement) float64 { return m.RSS / 1e6 }),
		LoadCPU:        ours(func(m measurement) float64 { return m.LoadCPU }),
	}
	ratio := func(to string) float64 {
		return median(rounds, func(r round) float64 { return r[systemParlor].ServerCPU / r[to].ServerCPU })
	}
	switch o.peer {
	case systemKCP:
		rep.KCPCPU = of(systemKCP, cpu)
		rep.KCPHz = of(systemKCP, func(m measurement) float64 { return m.HzMin })
		rep.KCPAck = of(systemKCP, func(m measurement) float64 { return m.AckP99 })
		rep.RatioToKCP = ratio(systemKCP)
	case systemColyseus:
		rep.ColyseusCPU = of(systemColyseus, cpu)
		rep.ColyseusHz = of(systemColyseus, func(m measurement) float64 { return m.HzMin })
		rep.ColyseusAck = of(systemColyseus, func(m measurement) float64 { return m.AckP99 })
		rep.ColyseusB = of(systemColyseus, func(m measurement) float64 { return m.FrameBytes / float64(o.roomSize) })
		rep.RatioToPeer = ratio(systemColyseus)
	}
	for _, r := range rounds {
		for _, m := range r {
			rep.Errors += m.Errors
		}
		rep.Checked += r[systemParlor].Checked
		rep.Desyncs += r[systemParlor].Desyncs
		rep.OtherCPU = max(rep.OtherCPU, round3(r.other()))
	}
	return rep
}

func median(rounds []round, value func(round) float64) float64 { return medianOf(rounds, value) }

func round3(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return math.Round(v*1000) / 1000
}

func printWalkers(w io.Writer, o walkersOptions, rounds []round) error {
	rep := newWalkersReport(o, rounds)
	if o.json {
		return json.NewEncoder(w).Encode(rep)
	}
	goals := map[string]string{transportWebSocket: "1.2", transportUDP: "1.5"}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value float64, goal string) { fmt.Fprintf(t, "%s\t%.6g\t%s\n", what, value, goal) }
	fmt.Fprintf(t, "%d players in %d rooms, medians of %d rounds\t\tgoal\n", rep.Players, rep.Rooms, rep.Rounds)
	row("server CPU, cores", rep.ServerCPU, "")
	row("floor CPU, cores", rep.FloorCPU, "")
	row("CPU against the floor", rep.CPURatio, goals[o.transport])
	if o.peer == systemKCP {
		row("kcp-go CPU, cores", rep.KCPCPU, "")
		row("CPU against kcp-go", rep.RatioToKCP, "0.5")
	}
	if o.peer == systemColyseus {
		row("Colyseus CPU, cores", rep.ColyseusCPU, "")
		row("CPU against Colyseus", rep.RatioToPeer, "0.85")
	}
	row("input to acknowledgement, p50, ms", rep.AckP50, "")
	row("input to acknowledgement, p99, ms", rep.AckP99, "60")
	row("tick lateness, p99, ms", rep.LateP99, "2")
	row("tick rate of the slowest client, Hz", rep.HzMin, "19.9")
	row("bytes per moving entity and tick", rep.BytesPerEntity, "5")
	row("bytes to a player on the wire, per second", rep.WirePerSecond, "3200")
	row("bytes from a player on the wire, per second", rep.WireUp, "")
	row("allocations per tick", rep.AllocsPerTick, "0")
	row("server memory, MB", rep.RSS, "")
	row("hashes that clients compared", float64(rep.Checked), "")
	row("desyncs", float64(rep.Desyncs), "0")
	row("errors", float64(rep.Errors), "0")
	row("CPU of other processes, worst round", rep.OtherCPU, fmt.Sprint(o.maxOther))
	return t.Flush()
}
