//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parlor-server/parlor/persistence/journal"
)

// hurt damages what was durable, in the middle of the journal or in the
// B+tree. From then on rooms may be refused; those that are served must be
// right.
func (f *crashFolder) hurt() error {
	f.Damages++
	f.damaged = true
	if f.random.IntN(3) == 0 {
		return f.hurtTree()
	}
	return f.hurtJournal()
}

// hurtJournal damages entries that are durable beyond doubt, and wants that to
// be noticed.
func (f *crashFolder) hurtJournal() error {
	before, ends, _, err := f.read()
	if err != nil {
		return err
	}
	if len(ends) < 2 {
		return nil // nothing that may not be taken for a torn end
	}
	names, err := filepath.Glob(filepath.Join(f.journalFolder(), "*.journal"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for range 1 + f.random.IntN(3) {
		name := names[f.random.IntN(len(names))]
		if err := f.hurtSegment(name, ends[len(ends)-2]); err != nil {
			return err
		}
	}
	after, _, report, err := f.read()
	if err != nil {
		return fmt.Errorf("failed to read the journal that was hurt: %w", err)
	}
	if len(report.Damage) > 0 {
		return nil
	}
	same := slices.EqualFunc(before, after, func(a, b journal.Entry) bool {
		return a.Room == b.Room && a.First == b.First && a.Last == b.Last && bytes.Equal(a.Data, b.Data)
	})
	if !same {
		f.found.note("the journal lost entries to damage and does not say so")
	}
	return nil
}

// hurtSegment flips bits or clears a sector of a segment, before a position.
func (f *crashFolder) hurtSegment(name string, before journal.Position) error {
	var at uint64
	if _, err := fmt.Sscanf(filepath.Base(name), "%d.journal", &at); err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	size := min(len(b), int(int64(before)-int64(at)))
	if size <= 0 {
		return nil
	}
	f.hurtBytes(b[:size])
	return os.WriteFile(name, b, 0o600)
}

func (f *crashFolder) hurtBytes(b []byte) {
	p := f.random.IntN(len(b))
	if f.random.IntN(3) == 0 {
		clear(b[p:min(len(b), p+512)])
	} else {
		b[p] ^= 1 << f.random.IntN(8)
	}
}

// hurtTree damages some pages in use of the B+tree.
func (f *crashFolder) hurtTree() error {
	name := f.treeFile()
	if name == "" {
		return nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	const page = 4096
	var used []int
	for off := 0; off+page <= len(b); off += page {
		if strings.Trim(string(b[off:off+page]), "\x00") != "" {
			used = append(used, off)
		}
	}
	if len(used) == 0 {
		return nil
	}
	for range 1 + f.random.IntN(3) {
		off := used[f.random.IntN(len(used))]
		f.hurtBytes(b[off : off+page])
	}
	return os.WriteFile(name, b, 0o600)
}
