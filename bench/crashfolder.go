//go:build linux

package main

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/persistence/journal"
	"github.com/parlor-server/parlor/persistence/store"
)

// crashPatience is how long a child may take to open its store, and to end.
const crashPatience = 20 * time.Second

// crashFolder is a data folder and what it must hold. It goes through some
// lives, each of which ends badly.
type crashFolder struct {
	self, path string // the program; the folder, its diary and graves are in it
	seed       uint64
	index      int
	random     *rand.Rand
	models     []*crashModel
	life       int
	damaged    bool // rooms may be refused

	*crashReport
	found crashFindings
}

func newCrashFolder(self, path string, seed uint64, index int, report *crashReport) *crashFolder {
	f := &crashFolder{
		self: self, path: path, index: index, crashReport: report,
		seed: seed ^ uint64(index)<<40, random: rand.New(rand.NewPCG(seed, uint64(index))),
	}
	for room := range 3 + f.random.IntN(6) {
		f.models = append(f.models, &crashModel{seed: f.seed, room: room, records: map[crashPlace]crashRecord{}})
	}
	return f
}

func (f *crashFolder) data() string  { return filepath.Join(f.path, "data") }
func (f *crashFolder) diary() string { return filepath.Join(f.path, "diary") }
func (f *crashFolder) grave() string { return filepath.Join(f.path, "grave") }

// plan draws the next life.
func (f *crashFolder) plan() (p crashPlan, killAfter time.Duration) {
	r := f.random
	f.life++
	p = crashPlan{
		Folder: f.data(), Diary: f.diary(), Grave: f.grave(),
		Seed: f.seed, Life: f.life, Rooms: len(f.models), Writers: 1 + r.IntN(min(4, len(f.models))),
		Window: time.Minute, Quota: -1, BadSync: -1,
		SegmentBytes: 16<<10 + r.Int64N(512<<10), CheckpointBytes: 32<<10 + r.Int64N(1<<20),
		CheckpointEvery: time.Duration(20+r.IntN(300)) * time.Millisecond,
		Retention:       []time.Duration{-1, time.Hour, 50 * time.Millisecond}[r.IntN(3)],
	}
	killAfter = time.Duration(r.Int64N(int64(500 * time.Millisecond)))
	switch dice := r.IntN(100); {
	case dice < 60: // at a point; all have their turn
		points := store.FaultPoints()
		p.Point = points[(f.index*5+f.life)%len(points)]
		p.Hit = 1 + r.IntN(hitsOf(p.Point))
		killAfter = time.Second
	case dice < 70:
		p.Quota = r.Int64N(1 << 20)
	case dice < 80:
		p.BadSync = r.IntN(300)
	case dice < 87:
		p.Window, p.Close = killAfter, true
	}
	return p, killAfter
}

// hitsOf is how often a point may be passed before it is the end: those of an
// append come a thousand times a second, those of a start once.
func hitsOf(point string) int {
	switch {
	case strings.Contains(point, "append"):
		return 120
	case strings.Contains(point, "chunk"):
		return 8
	case strings.Contains(point, "recover"), strings.Contains(point, "segment"):
		return 1
	}
	return 3
}

// round is one life, its end, and what a power failure makes of it.
func (f *crashFolder) round(ctx context.Context) error {
	plan, killAfter := f.plan()
	if err := f.run(ctx, plan, killAfter); err != nil || f.found.bad() {
		return err
	}
	if f.random.IntN(100) < 60 {
		lost, err := f.loseCache()
		if err != nil {
			return err
		}
		f.WritesLost += lost
	}
	return f.check()
}

// loseCache does to the journal what the loss of a write cache would.
func (f *crashFolder) loseCache() (int, error) {
	ops, err := readDiary(f.diary())
	if err != nil {
		return 0, err
	}
	lost, err := newWriteCache(ops).lose(f.random)
	if err != nil {
		return 0, fmt.Errorf("failed to lose the write cache: %w", err)
	}
	return lost, errors.Join(os.Remove(f.diary()), os.RemoveAll(f.grave()))
}

// check wants a folder without damage, before anything is recovered.
func (f *crashFolder) check() error {
	report, err := store.Check(f.data(), nil)
	if err != nil {
		return fmt.Errorf("failed to check the folder: %w", err)
	}
	for _, d := range report.Damage {
		f.found.note("check: %s", d)
	}
	return nil
}

// last is the life that only reads, and closes.
func (f *crashFolder) last(ctx context.Context) error {
	plan, _ := f.plan()
	plan.Window, plan.Close, plan.Point, plan.Quota, plan.BadSync = 0, true, "", -1, -1
	if err := f.run(ctx, plan, crashPatience); err != nil || f.damaged || f.found.bad() {
		return err
	}
	return f.check()
}

// run runs a child until it ends, one way or another.
func (f *crashFolder) run(ctx context.Context, plan crashPlan, killAfter time.Duration) error {
	text, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("failed to write the plan: %w", err)
	}
	cmd := exec.CommandContext(ctx, f.self, "-crash", string(text))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("failed to start a child: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("failed to start a child: %w", err)
	}
	h := crashHearing{folder: f, plan: plan, kill: cmd.Process.Kill, killAfter: killAfter}
	h.listen(gob.NewDecoder(out))
	_ = cmd.Wait() // how it ended is looked at below
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case h.late:
		f.found.note("the process did not open its store, or did not end, within %v\n%s", crashPatience, stderr.String())
	case !status.Signaled() && status.ExitStatus() != 0:
		f.found.note("the process ended with status %d\n%s", status.ExitStatus(), stderr.String())
	}
	return nil
}

// crashHearing is what the parent makes of a child's messages.
type crashHearing struct {
	folder    *crashFolder
	plan      crashPlan
	kill      func() error
	killAfter time.Duration // it opened its store
	late      bool
}

// listen returns when the child has ended.
func (h *crashHearing) listen(in *gob.Decoder) {
	messages := make(chan crashMessage, 64)
	go func() { // ends with the child
		defer close(messages)
		for {
			var m crashMessage
			if in.Decode(&m) != nil {
				return
			}
			messages <- m
		}
	}()
	deadline := time.NewTimer(crashPatience)
	defer deadline.Stop()
	opened := false
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				return
			}
			h.take(m)
			if m.Kind == crashSaysOpened {
				opened = true
				deadline.Reset(h.killAfter)
			}
			if m.Kind == crashSaysFailed && !h.plan.Close {
				deadline.Reset(10 * time.Millisecond) // nothing may be confirmed in it
			}
		case <-deadline.C:
			h.late = !opened && h.plan.Quota < 0 && h.plan.BadSync < 0 || h.plan.Close && h.killAfter == crashPatience
			_ = h.kill()
			deadline.Reset(crashPatience)
			if h.plan.Close && !h.late {
				h.folder.Kills["while closing"]++
			} else if !h.late {
				h.folder.Kills["at any moment"]++
			}
		}
	}
}

func (h *crashHearing) take(m crashMessage) {
	f := h.folder
	switch m.Kind {
	case crashSaysRoom:
		f.hear(m)
	case crashSaysOpened:
		for _, model := range f.models {
			model.writer = h.plan.Life
		}
	case crashSaysConfirmed:
		f.models[m.Room].confirmed = max(f.models[m.Room].confirmed, m.Seq)
		f.Confirmed++
	case crashSaysKilled:
		f.Kills[m.Text]++
	case crashSaysBroken:
		f.found.note("%s", m.Text)
	case crashSaysFailed:
		switch {
		case f.damaged:
			f.Reported++
		case h.plan.Quota >= 0:
			f.Kills["disk full"]++
		case h.plan.BadSync >= 0:
			f.Kills["failed sync"]++
		default:
			f.found.note("the store failed: %s", m.Text)
		}
	}
}

// hear compares what a life found with what must be there.
func (f *crashFolder) hear(m crashMessage) {
	switch model := f.models[m.Room]; {
	case m.Text == "":
		model.compare(m, &f.found)
	case f.damaged:
		f.Reported++
	default:
		f.found.note("%s is not served: %s", crashRoom(m.Room), m.Text)
	}
}

// journalFolder is where the store has its journal.
func (f *crashFolder) journalFolder() string { return filepath.Join(f.data(), "journal") }

// read collects all entries of the journal, and where its last appends end.
func (f *crashFolder) read() (entries []journal.Entry, ends []journal.Position, report journal.Report, err error) {
	names, err := filepath.Glob(filepath.Join(f.journalFolder(), "*.journal"))
	if err != nil || len(names) == 0 {
		return nil, nil, report, err
	}
	var first uint64
	if _, err := fmt.Sscanf(filepath.Base(names[0]), "%d.journal", &first); err != nil {
		return nil, nil, report, err
	}
	report, err = journal.Read(f.journalFolder(), nil, journal.Position(first), func(at journal.Position, e journal.Entry) error {
		e.Data = append([]byte(nil), e.Data...)
		entries = append(entries, e)
		if len(ends) == 0 || ends[len(ends)-1] != at {
			ends = append(ends, at)
		}
		return nil
	})
	return entries, ends, report, err
}
