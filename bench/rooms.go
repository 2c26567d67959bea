//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/tick"
)

// house is many rooms on one loop, without sockets.
type house struct {
	plan      ticksPlan
	scheduler *tick.Scheduler
	recorder  *record.Recorder
	registry  *rooms.Registry
	epoch     time.Time
	open      atomic.Bool // the window
	late      delays      // the loop's until the scheduler has been closed
	watches   []*watch
}

// serveRooms is the rooms process: it is given a plan and prints a report.
func serveRooms(ctx context.Context, args []string) error {
	var p ticksPlan
	if len(args) != 1 {
		return errors.New("the rooms want one plan")
	}
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return fmt.Errorf("failed to read the plan: %w", err)
	}
	h, err := newHouse(p)
	if err != nil {
		return err
	}
	if err := h.fill(ctx); err != nil {
		return err
	}
	rep, err := h.measure()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(rep)
}

func newHouse(p ticksPlan) (*house, error) {
	h := &house{plan: p, epoch: time.Now(), scheduler: tick.NewScheduler(tick.SchedulerConfig{Loops: 1})}
	var err error
	if p.Recordings != "" {
		if h.recorder, err = record.New(p.Recordings, record.Options{}); err != nil {
			return nil, err
		}
	}
	game := walkers.Game()
	game.Hz = p.Hz
	h.registry, err = rooms.NewRegistry(rooms.Config{
		Kinds: []rooms.Kind{rooms.Define(kindWalkers, game)}, Scheduler: h.scheduler, Recorder: h.recorder,
		MaxRooms: p.Rooms, OnTick: h.onTick,
	})
	return h, err
}

// onTick is called on the loop.
func (h *house) onTick(_, late time.Duration) {
	if h.open.Load() {
		h.late.add(late)
	}
}

// fill makes the rooms and lets the players in.
func (h *house) fill(ctx context.Context) error {
	ways := ways()
	for i := range h.plan.Rooms {
		info, err := h.registry.Create(ctx, rooms.CreateRequest{Kind: kindWalkers})
		if err != nil {
			return err
		}
		for n := range h.plan.Players {
			seat, err := h.registry.Reserve(ctx, rooms.JoinRequest{
				Mode: rooms.JoinByID, Room: info.ID, User: auth.User{ID: fmt.Sprint(i, "-", n), Guest: true},
			})
			if err != nil {
				return err
			}
			conn := &nullConn{seat: seat, ways: ways, hz: uint32(h.plan.Hz)}
			if n == 0 {
				conn.watch = &watch{open: &h.open, epoch: h.epoch}
				h.watches = append(h.watches, conn.watch)
			}
			if err := seat.Enter(conn); err != nil {
				return err
			}
		}
	}
	return nil
}

// measure waits for the warm-up and the window, then ends the rooms' loop.
func (h *house) measure() (rep ticksReport, err error) {
	time.Sleep(h.plan.Warm)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	stop, err := h.profile()
	if err != nil {
		return rep, err
	}
	recorded := h.recorder.Stats()
	pid := os.Getpid()
	from, cpu, busy := time.Now(), cpuOf(pid), cpuOfAll()
	h.open.Store(true)
	time.Sleep(h.plan.Window)
	h.open.Store(false)
	seconds := time.Since(from).Seconds()
	cpu, busy = cpuOf(pid)-cpu, cpuOfAll()-busy
	if err := stop(); err != nil {
		return rep, err
	}
	runtime.ReadMemStats(&after)
	now := h.recorder.Stats()
	h.scheduler.Close()

	rep = ticksReport{
		Rooms: h.plan.Rooms, Players: h.plan.Players, Recording: h.recorder != nil,
		CPU: round3(cpu / seconds), OtherCPU: round3((busy - cpu) / seconds),
		LateP50: h.late.quantile(0.5), LateP99: h.late.quantile(0.99),
		TickMicros: round3(cpu / float64(max(1, h.late.count)) * 1e6),
		Allocs:     round3(float64(after.Mallocs-before.Mallocs) / float64(max(1, h.late.count))),
		RSS:        round3(rssOf(pid) / 1e6),
		RecordedMB: round3(float64(now.Bytes-recorded.Bytes) / 1e6 / seconds), Gaps: now.Gaps,
	}
	for i, w := range h.watches {
		hz := w.seen.hz()
		if hz == 0 {
			rep.Stalled++
		}
		if i == 0 || hz < rep.HzMin {
			rep.HzMin = round3(hz)
		}
		rep.HzMean += hz / float64(len(h.watches))
	}
	rep.HzMean = round3(rep.HzMean)
	return rep, nil
}

// profile begins a CPU profile, if one is wanted, and returns what ends it.
func (h *house) profile() (stop func() error, err error) {
	if h.plan.Profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(h.plan.Profile)
	if err != nil {
		return nil, fmt.Errorf("failed to write a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, fmt.Errorf("failed to profile: %w", err)
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
