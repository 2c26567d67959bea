package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parlor-server/parlor/internal/disk"
)

func TestR3_4_AfterAFailedSyncNothingIsConfirmed(t *testing.T) {
	dir := t.TempDir()
	sim := disk.NewSim(1)
	o := quiet()
	o.FS = sim
	s := open(t, dir, o)
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1")
	sim.FailSync(0)
	var b Batch
	b.Begin(2)
	b.Put(300, "a", []byte("2"))
	if err := commitAndWait(r, &b); !errors.Is(err, ErrFailed) {
		t.Fatal(err)
	}
	<-s.Failed()
	b.Begin(3)
	if err := commitAndWait(r, &b); !errors.Is(err, ErrFailed) {
		t.Error("a commit after the failure:", err)
	}
	if _, err := s.Room("tasks/other"); !errors.Is(err, ErrFailed) {
		t.Error("a room after the failure:", err)
	}
	if err := r.Each(300, nil); !errors.Is(err, ErrFailed) {
		t.Error("a read after the failure:", err)
	}
	for what, err := range map[string]error{"a checkpoint": s.Checkpoint(), "a drop": s.Drop("tasks/main"), "a backup": s.Backup(nil), "closing": s.Close()} {
		if !errors.Is(err, ErrFailed) {
			t.Errorf("%s after the failure: %v", what, err)
		}
	}
	sim.Crash()
	again := open(t, dir, o)
	want(t, "after a restart", dump(t, room(t, again, "tasks/main"), 300), "a=1@1 ")
	put(t, room(t, again, "tasks/main"), 300, "a", "3")
}

func TestAFullDiskIsNamed(t *testing.T) {
	sim := disk.NewSim(1)
	o := quiet()
	o.FS = sim
	s := open(t, t.TempDir(), o)
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1")
	sim.Limit(sim.Used() + 4096)
	var err error
	for seq := r.Seq() + 1; err == nil; seq++ {
		var b Batch
		b.Begin(seq)
		b.Put(300, "a", make([]byte, 1<<20))
		err = commitAndWait(r, &b)
	}
	if !errors.Is(err, syscall.ENOSPC) || !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), "make room") {
		t.Error(err)
	}
}

func TestAFailedCheckpointFailsTheStore(t *testing.T) {
	dir := t.TempDir()
	o := quiet()
	broken := errors.New("no such page")
	fail := false
	o.Fault = func(point string) {
		if fail && point == pointChunk {
			panic(broken)
		}
	}
	s := open(t, dir, o)
	r := room(t, s, "tasks/main")
	put(t, r, 300, "a", "1")
	fail = true
	if err := s.Checkpoint(); !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), broken.Error()) {
		t.Fatal(err)
	}
	var b Batch
	b.Begin(2)
	if err := commitAndWait(r, &b); !errors.Is(err, ErrFailed) {
		t.Error(err)
	}
	s.Close()
	fail = false
	want(t, "after a restart", dump(t, room(t, open(t, dir, o), "tasks/main"), 300), "a=1@1 ")
}

func TestASecondProcessIsKeptOut(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	if _, err := Open(dir, quiet()); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Error(err)
	}
	s.Close()
	open(t, dir, quiet())
}

func TestANewerFormatIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, quiet()).Close()
	if err := os.WriteFile(filepath.Join(dir, formatName), []byte("parlor store 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir, quiet())
	if !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "format 2") {
		t.Error(err)
	}
	if _, err := Check(dir, nil); !errors.Is(err, ErrNewerFormat) {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, formatName), []byte("#!/bin/sh"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet()); err == nil {
		t.Error("a foreign format is read")
	}
}

func TestAForeignFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "holiday.jpg"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet()); !errors.Is(err, ErrNotEmpty) {
		t.Error(err)
	}
	// So is one whose restoring was interrupted.
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, restoringName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, quiet()); !errors.Is(err, ErrNotEmpty) {
		t.Error(err)
	}
}

func TestADamagedRoomIsInQuarantineAndOthersAreServed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, quiet())
	victim, other := room(t, s, "tasks/main"), room(t, s, "tasks/other")
	put(t, victim, 300, "a", "first value")
	put(t, other, 300, "a", "0")
	put(t, victim, 300, "b", "damaged value")
	for range 20 { // what is synced after it proves that it was whole once
		put(t, other, 300, "a", "1")
		put(t, victim, 300, "c", "later value")
	}
	s.crash()
	damageJournal(t, dir, "damaged value")

	if report, err := Check(dir, nil); err != nil || !strings.Contains(strings.Join(report.Damage, "\n"), "room tasks/main:") {
		t.Errorf("%+v %v", report, err)
	}
	reasons := make(map[string]string)
	for range 2 { // the reason stays with the folder
		again := open(t, dir, quiet())
		var quarantine *QuarantineError
		if _, err := again.Room("tasks/main"); !errors.As(err, &quarantine) || quarantine.Reason == "" {
			t.Fatal("a damaged room is served", err)
		}
		reasons[quarantine.Reason] = ""
		for _, info := range again.Rooms() {
			if (info.Quarantined != "") != (info.Name == "tasks/main") {
				t.Errorf("%+v", info)
			}
		}
		r := room(t, again, "tasks/other")
		want(t, "the other room", dump(t, r, 300), "a=1@21 ")
		again.crash()
	}
	if len(reasons) != 1 {
		t.Error(reasons)
	}

	again := open(t, dir, quiet())
	if err := again.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	if err := again.Drop("tasks/main"); err != nil {
		t.Fatal(err)
	}
	r := room(t, again, "tasks/main")
	put(t, r, 300, "n", "new")
	want(t, "dropped and made again", dump(t, r, 300), "n=new@"+decimal(r.Seq())+" ")
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, "and reopened", dump(t, room(t, open(t, dir, quiet()), "tasks/main"), 300), "n=new@"+decimal(r.Seq())+" ")
}

// damageJournal changes a bit in the first segment that has text.
func damageJournal(t *testing.T, dir, text string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, journalName, "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(string(data), text); at >= 0 {
			if err := os.WriteFile(name, flip(data, at), 0o600); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("no journal has %q", text)
}
