//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/store"
)

// TestMain lets the crash harness start this program as its child.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "-crash" {
		if err := serveCrash(context.Background(), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What was confirmed survives, wholly and once (records R3.1, R3.2): the short
// form of `go run ./bench crash`.
func TestR3_2_CrashesLoseNothing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := crashOptions{rounds: 30, seed: 20, folder: -1, keep: t.TempDir()}
	if testing.Short() {
		o.rounds = 6
	}
	var log strings.Builder
	report, err := crashRounds(t.Context(), self, o, &log)
	if err != nil {
		t.Fatal(err)
	}
	if report.Broken > 0 || report.Lost+report.Duplicated+report.Torn > 0 {
		t.Fatalf("%+v\n%s", report, log.String())
	}
	if report.Confirmed == 0 {
		t.Fatal("no life confirmed anything")
	}
}

// The harness must be able to find something: each change to what a restart
// reads is noticed as what it is.
func TestCrashModelNotices(t *testing.T) {
	read := func(last uint64) crashMessage {
		writer := crashModel{seed: 1, writer: 1, records: map[crashPlace]crashRecord{}}
		var f crashFindings
		writer.compare(crashMessage{Seq: last, Floor: 1}, &f)
		m := crashMessage{Seq: last, Floor: 1}
		for seq := uint64(1); seq <= last; seq++ { // in the order of sequences, as the change log is
			for place, r := range writer.records {
				if r.Seq != seq {
					continue
				}
				if place.space >= store.FirstLogged {
					m.Changes = append(m.Changes, crashRecord{Space: r.Space, Key: r.Key, Seq: r.Seq, Removed: r.Removed})
				}
				if !r.Removed {
					m.Records = append(m.Records, r)
				}
			}
		}
		return m
	}
	for name, c := range map[string]struct {
		change                 func(*crashMessage)
		lost, duplicated, torn bool
	}{
		"nothing":             {change: func(*crashMessage) {}},
		"a lost transaction":  {change: func(m *crashMessage) { *m = read(29) }, lost: true},
		"an unconfirmed more": {change: func(m *crashMessage) { *m = read(31) }},
		"a missing record":    {change: func(m *crashMessage) { m.Records = m.Records[1:] }, torn: true},
		"other bytes":         {change: func(m *crashMessage) { m.Records[0].Value = []byte("x") }, torn: true},
		"a missing change":    {change: func(m *crashMessage) { m.Changes = m.Changes[1:] }, torn: true},
		"a counter ahead": {change: func(m *crashMessage) {
			for i, r := range m.Records {
				if r.Space == crashCounter {
					m.Records[i].Value = []byte{31}
				}
			}
		}, duplicated: true, torn: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := crashModel{seed: 1, writer: 1, confirmed: 30, records: map[crashPlace]crashRecord{}}
			got := read(30)
			c.change(&got)
			var f crashFindings
			m.compare(got, &f)
			if f.Lost > 0 != c.lost || f.Duplicated > 0 != c.duplicated || f.Torn > 0 != c.torn || f.bad() != (c.lost || c.duplicated || c.torn) {
				t.Fatalf("%+v", f)
			}
		})
	}
}

// What is synced is never lost by the cache, what is not may be, and what a
// failed sync lost no later one brings back.
func TestCrashDiskLosesOnlyWhatIsNotSynced(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(60) {
		dir := t.TempDir()
		d, err := newCrashDisk(filepath.Join(dir, "diary"), filepath.Join(dir, "grave"), -1, 2)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "data", "x")
		write := func(f disk.File, off int64, b string) {
			if _, err := f.WriteAt([]byte(b), off); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		write(f, 0, "synced")
		for _, sync := range []func() error{f.Sync, func() error { return d.SyncDir(filepath.Dir(name)) }} {
			if err := sync(); err != nil {
				t.Fatal(err)
			}
		}
		write(f, 0, "SYNCED")
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		write(f, 6, " failed")
		if err := f.Sync(); err == nil {
			t.Fatal("the third sync did not fail")
		}
		write(f, 13, " late")
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		ops, err := readDiary(filepath.Join(dir, "diary"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := newWriteCache(ops).lose(rand.New(rand.NewPCG(seed, 1))); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seen[string(bytes.ReplaceAll(b, []byte{0}, []byte("_")))]++
	}
	if len(seen) != 2 || seen["SYNCED failed late"] == 0 || seen["SYNCED_______ late"] == 0 {
		t.Fatalf("seen: %v", seen)
	}
}
