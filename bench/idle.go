//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
	"time"
)

// idleReport is the result of the idle benchmark: what a further player costs,
// as the growth of the server's memory from one run to another with twice as
// many.
type idleReport struct {
	Transport     string  `json:"transport"`
	Players       int     `json:"players"` // of the second run
	KBPlayer      float64 `json:"kb_per_idle_player"`
	KBSession     float64 `json:"kb_per_idle_session"`      // in no room
	HeapSession   float64 `json:"heap_kb_per_idle_session"` // of the above, what Go's heap takes
	Goroutines    float64 `json:"goroutines_per_session"`
	RSS           float64 `json:"rss_mb"`
	ServerCPU     float64 `json:"server_cpu"`
	SessionRSS    float64 `json:"sessions_rss_mb"`
	WirePerSecond float64 `json:"wire_bytes_per_player_s"`
	Errors        int64   `json:"errors"`
	RoomSize      int     `json:"room_size"`
	SessionCPU    float64 `json:"sessions_cpu"`
	SecondsWaited float64 `json:"seconds"`
}

// runIdle measures players who have joined a room and send nothing, and
// sessions that have joined none.
func runIdle(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("idle", flag.ContinueOnError)
	players := flags.Int("players", 1000, "players of the first run; the second has twice as many")
	roomSize := flags.Int("room-size", 20, "players of a room")
	window := flags.Duration("window", 3*time.Second, "how long they idle before the memory is read")
	transport := flags.String("transport", transportWebSocket, "how players connect: websocket or udp")
	server := flags.String("server", "", "the server's binary, instead of building it")
	asJSON := flags.Bool("json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *transport != transportWebSocket && *transport != transportUDP {
		return fmt.Errorf("there is no transport %q: %s or %s", *transport, transportWebSocket, transportUDP)
	}
	p, err := newPrograms(ctx, *server, "all")
	if err != nil {
		return err
	}
	defer p.close()
	var joined, lobby [2]measurement
	for i := range joined {
		plan := plan{System: systemParlor, UDP: *transport == transportUDP, Players: *roomSize, Rooms: (i + 1) * *players / *roomSize, Window: *window, Idle: true}
		if joined[i], err = p.measure(ctx, plan, 0, nil); err != nil {
			return err
		}
		plan.Lobby = true
		if lobby[i], err = p.measure(ctx, plan, 0, nil); err != nil {
			return err
		}
	}
	further := float64(*players / *roomSize * *roomSize)
	rep := idleReport{
		Transport: *transport, Players: 2 * int(further), RoomSize: *roomSize, SecondsWaited: window.Seconds(),
		KBPlayer:    round3((joined[1].RSS - joined[0].RSS) / further / 1024),
		KBSession:   round3((lobby[1].RSS - lobby[0].RSS) / further / 1024),
		HeapSession: round3((lobby[1].Server.Heap - lobby[0].Server.Heap) / further / 1024),
		Goroutines:  round3((lobby[1].Server.Goroutines - lobby[0].Server.Goroutines) / further),
		RSS:         round3(joined[1].RSS / 1e6), SessionRSS: round3(lobby[1].RSS / 1e6),
		ServerCPU: round3(joined[1].ServerCPU), SessionCPU: round3(lobby[1].ServerCPU),
		WirePerSecond: round3(joined[1].WireDown),
		Errors:        joined[0].Errors + joined[1].Errors + lobby[0].Errors + lobby[1].Errors,
	}
	if *asJSON {
		return json.NewEncoder(os.Stdout).Encode(rep)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d idle players in rooms of %d\t\tgoal\n", rep.Players, rep.RoomSize)
	fmt.Fprintf(t, "memory of one more player, KB\t%.1f\t40\n", rep.KBPlayer)
	goals := map[string][2]string{transportWebSocket: {"", ""}, transportUDP: {"32", "0"}}
	fmt.Fprintf(t, "memory of one more session in no room, KB\t%.1f\t%s\n", rep.KBSession, goals[*transport][0])
	fmt.Fprintf(t, "  of which in Go's heap, KB\t%.1f\t\n", rep.HeapSession)
	fmt.Fprintf(t, "goroutines of one more session\t%.3f\t%s\n", rep.Goroutines, goals[*transport][1])
	fmt.Fprintf(t, "server memory, MB\t%.1f\t\n", rep.RSS)
	fmt.Fprintf(t, "server CPU, cores\t%.3f\t\n", rep.ServerCPU)
	fmt.Fprintf(t, "errors\t%d\t0\n", rep.Errors)
	return t.Flush()
}
