//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/parlor-server/parlor/persistence/store"
)

// crashReport is the result of the crash harness.
type crashReport struct {
	Rounds     int `json:"rounds"`
	Lost       int `json:"lost"`       // confirmed transactions that were not there after a restart
	Duplicated int `json:"duplicated"` // that took effect more than once
	Torn       int `json:"torn"`       // that were there by half

	Broken     int            `json:"broken"` // folders in which a promise was not kept
	Confirmed  int            `json:"confirmed"`
	WritesLost int            `json:"writes_lost"` // that the cache had and the disk did not
	Damages    int            `json:"damages"`     // folders that were damaged on purpose
	Reported   int            `json:"reported"`    // rooms that were refused for that
	Kills      map[string]int `json:"ends"`        // by fault point, or how else a life ended
	Unreached  []string       `json:"unreached"`   // fault points at which no life ended
	Seconds    float64        `json:"seconds"`
}

// crashOptions say what is run.
type crashOptions struct {
	rounds int
	seed   uint64
	folder int // only this one; negative: all
	json   bool
	keep   string // folder for folders that failed
}

// runCrash kills processes and looks at what is left.
func runCrash(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	var o crashOptions
	flags.IntVar(&o.rounds, "rounds", 100, "lives of a process, each ended in some way")
	flags.Uint64Var(&o.seed, "seed", 1, "of all choices but the scheduler's")
	flags.IntVar(&o.folder, "folder", -1, "run only the data folder of this number again")
	flags.StringVar(&o.keep, "keep", os.TempDir(), "where data folders are, and those stay that failed")
	flags.BoolVar(&o.json, "json", false, "print one JSON object on the last line")
	if err := flags.Parse(args); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("failed to find this program: %w", err)
	}
	report, err := crashRounds(ctx, self, o, os.Stderr)
	if err != nil {
		return err
	}
	if err := printCrash(os.Stdout, o, report); err != nil {
		return err
	}
	if report.Broken > 0 {
		return errors.New("promises were broken")
	}
	return nil
}

// crashRounds takes one data folder after the other through some lives.
func crashRounds(ctx context.Context, self string, o crashOptions, log io.Writer) (*crashReport, error) {
	report := &crashReport{Kills: map[string]int{}}
	started := time.Now()
	for index := max(0, o.folder); report.Rounds < o.rounds; index++ {
		path, err := os.MkdirTemp(o.keep, fmt.Sprintf("parlor-crash-%d-%d-", o.seed, index))
		if err != nil {
			return nil, fmt.Errorf("failed to make a data folder: %w", err)
		}
		f := newCrashFolder(self, path, o.seed, index, report)
		if err := f.lives(ctx, o.rounds); err != nil {
			return nil, fmt.Errorf("folder %s: %w", path, err)
		}
		report.Lost, report.Duplicated, report.Torn = report.Lost+f.found.Lost, report.Duplicated+f.found.Duplicated, report.Torn+f.found.Torn
		if f.found.bad() {
			report.Broken++
			fmt.Fprintf(log, "FAILED in life %d of folder %d, kept as %s\nrun it again: go run ./bench crash --seed %d --folder %d --rounds %d\n",
				f.life, index, path, o.seed, index, f.life)
			for _, text := range f.found.Texts {
				fmt.Fprintln(log, "   ", text)
			}
		} else if err := os.RemoveAll(path); err != nil {
			return nil, fmt.Errorf("failed to remove a data folder: %w", err)
		}
		if o.folder >= 0 {
			break
		}
	}
	for _, point := range store.FaultPoints() {
		if report.Kills[point] == 0 {
			report.Unreached = append(report.Unreached, point)
		}
	}
	report.Seconds = round3(time.Since(started).Seconds())
	return report, nil
}

// lives takes a folder to its end: so many rounds that checkpoints, cuts and
// restarts add up, then a clean stop, at times damage.
func (f *crashFolder) lives(ctx context.Context, most int) error {
	for range 4 + f.random.IntN(10) {
		if f.Rounds >= most && most > 0 {
			break
		}
		f.Rounds++
		if err := f.round(ctx); err != nil || f.found.bad() {
			return err
		}
	}
	if f.random.IntN(3) == 0 {
		if err := f.hurt(); err != nil || f.found.bad() {
			return err
		}
	}
	return f.last(ctx)
}

func printCrash(w io.Writer, o crashOptions, r *crashReport) error {
	if o.json {
		return json.NewEncoder(w).Encode(r)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(what string, value any) { fmt.Fprintf(t, "%s\t%v\n", what, value) }
	row("rounds", r.Rounds)
	row("seconds", r.Seconds)
	row("transactions confirmed, in commits", r.Confirmed)
	row("writes that the cache lost", r.WritesLost)
	row("lost", r.Lost)
	row("duplicated", r.Duplicated)
	row("torn", r.Torn)
	row("folders with broken promises", r.Broken)
	row("folders damaged on purpose", r.Damages)
	row("rooms refused for it", r.Reported)
	for _, how := range slices.Sorted(maps.Keys(r.Kills)) {
		row("ended: "+how, r.Kills[how])
	}
	for _, point := range r.Unreached {
		row("never ended: "+point, 0)
	}
	return t.Flush()
}

// treeFile is where the store has its B+tree.
func (f *crashFolder) treeFile() string {
	names, _ := filepath.Glob(filepath.Join(f.data(), "*.db"))
	if len(names) == 0 {
		return ""
	}
	return names[0]
}
