package record

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// record writes a recording of so many segments of 20 ticks and returns its folder.
func record(t *testing.T, segments int, h Header) string {
	t.Helper()
	dir := t.TempDir()
	r := open(t, dir, Options{})
	w := r.Open(h)
	for range segments {
		w.BeginSegment(w.last, []byte("snapshot"))
		run(w, w.last+20)
	}
	w.Close("empty", false)
	closed(t, r)
	return filepath.Join(dir, "arena", "r00m")
}

// change reads a segment's file, lets f change its blocks and seals it again.
func change(t *testing.T, path string, f func(h *Header, blocks []block) []block) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := blockReader{data: data}
	if f := r.start(); f != nil {
		t.Fatal(f)
	}
	var blocks []block
	for r.off < len(data) {
		kind, payload, f := r.next()
		if f != nil {
			t.Fatal(f)
		}
		blocks = append(blocks, block{kind, payload})
	}
	h, err := parseHeader(blocks[0].payload)
	if err != nil {
		t.Fatal(err)
	}
	blocks = f(&h, blocks)
	blocks[0] = sealedHeader(h)
	if err := os.WriteFile(path, seal(blocks...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func header(f func(h *Header)) func(*Header, []block) []block {
	return func(h *Header, blocks []block) []block { f(h); return blocks }
}

// TestChain (R11): segments that do not follow each other are refused by the
// name of the file where the chain breaks.
func TestChain(t *testing.T) {
	edit := func(number int, f func(*Header, []block) []block) func(*testing.T, string) {
		return func(t *testing.T, dir string) { change(t, filepath.Join(dir, segmentName(number)), f) }
	}
	for _, c := range []struct {
		name       string
		damage     func(t *testing.T, dir string)
		file, want string
	}{
		{"missing", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, segmentName(2))) },
			segmentName(2), "the segment is missing"},
		{"swapped", func(t *testing.T, dir string) {
			a, b := filepath.Join(dir, segmentName(1)), filepath.Join(dir, segmentName(2))
			os.Rename(a, a+"x")
			os.Rename(b, a)
			os.Rename(a+"x", b)
		}, segmentName(1), "the file holds segment 2"},
		{"other room", edit(3, header(func(h *Header) { h.Room = "other" })), segmentName(3), "another room"},
		{"other build", edit(3, header(func(h *Header) { h.Revision = "other" })), segmentName(3), "another build"},
		{"other start", edit(2, header(func(h *Header) { h.Started = h.Started.Add(time.Second) })), segmentName(2), "another start"},
		{"tick", edit(3, header(func(h *Header) { h.FirstTick++ })), segmentName(3), "it starts at tick 42, but the segment before ended with tick 40"},
		{"content", edit(2, func(h *Header, b []block) []block { b[1].payload = []byte("other"); return b }),
			segmentName(3), "its checksum differs"},
		{"back in time", edit(2, header(func(h *Header) { h.Continues, h.FirstTick = false, 20 })), segmentName(2), "it starts at tick 20"},
		{"after a gap", edit(2, func(h *Header, b []block) []block { b[len(b)-1] = mark(EndGap, 20); return b }),
			segmentName(3), `continues a segment whose end is "gap"`},
		{"after the end", edit(2, func(h *Header, b []block) []block {
			end := len(b) - 1
			return append(b[:end:end], block{blockEntries, appendClose(nil, Close{})}, mark(EndClosed, 20))
		}), segmentName(3), "the segment before closed the room"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := record(t, 3, testHeader())
			c.damage(t, dir)
			_, _, err := readAll(dir, ReadOptions{AllowTruncated: true})
			var d *Damage
			if !errors.As(err, &d) || d.Truncated || filepath.Base(d.File) != c.file || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s: %s", err, c.file, c.want)
			}
		})
	}
}

// TestOldestGone (R11): the size limit takes from the front, and what is left reads.
func TestOldestGone(t *testing.T) {
	dir := record(t, 4, testHeader())
	os.Remove(filepath.Join(dir, segmentName(1)))
	os.Remove(filepath.Join(dir, segmentName(2)))
	segments, _, err := readAll(dir, ReadOptions{})
	if err != nil || len(segments) != 2 || segments[0].Header.FirstTick != 41 {
		t.Errorf("%d segments, %v", len(segments), err)
	}
	if segments[0].Gap {
		t.Error("the first segment there is has a gap before it")
	}
}

// TestLastMissing (R10): a recording whose last segment says that it continues
// lacks something.
func TestLastMissing(t *testing.T) {
	dir := record(t, 3, testHeader())
	os.Remove(filepath.Join(dir, segmentName(3)))
	if _, _, err := readAll(dir, ReadOptions{}); !errors.Is(err, ErrTruncated) || !strings.Contains(err.Error(), segmentName(3)) {
		t.Errorf("error %v", err)
	}
	if segments, _, err := readAll(dir, ReadOptions{AllowTruncated: true}); err != nil || len(segments) != 2 {
		t.Errorf("%d segments, %v", len(segments), err)
	}
	if segments, _, err := readAll(filepath.Join(dir, segmentName(2)), ReadOptions{}); err != nil || segments[0].Header.FirstTick != 21 {
		t.Errorf("a single file does not read by itself: %v", err)
	}
}

// TestCrash (R10): what a killed server leaves reads up to its last flush, on request.
func TestCrash(t *testing.T) {
	dir := record(t, 3, testHeader())
	last := filepath.Join(dir, segmentName(3))
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-3); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the error stays
		if _, err := r.Next(); !errors.Is(err, ErrTruncated) {
			t.Errorf("error %v", err)
		}
	}
	segments, _, err := readAll(dir, ReadOptions{AllowTruncated: true})
	if err != nil || len(segments) != 3 || segments[2].End != EndTruncated || segments[2].LastTick() != 60 {
		t.Errorf("%d segments, %v", len(segments), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	empty := t.TempDir()
	for _, path := range []string{filepath.Join(empty, "none"), empty} {
		if _, err := Open(path, ReadOptions{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	r, err := Open(os.DevNull, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a device reads as a segment: %v", err)
	}
}

// TestDiskFails: a failing file costs its segment and nothing else.
func TestDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{})
		w := r.Open(testHeader())
		segment(w)
		w.lane.rec.file.Close() // the goroutine is idle: every later operation fails
		run(w, w.last+20)
		w.Flush()
		run(w, w.last+20)
		w.Flush()
		synctest.Wait()
		segment(w)
		w.Close("", false)
		if err := r.Close(); err == nil {
			t.Error("the recorder closes as if nothing had failed")
		}
		if s := r.Stats(); s.Gaps != 1 || s.Failures == 0 || s.Segments != 2 || s.OnDisk != bytesBelow(t, dir) {
			t.Errorf("%+v", s)
		}
		segments, _, err := readAll(filepath.Join(dir, "arena", "r00m"), ReadOptions{AllowTruncated: true})
		if err != nil || len(segments) != 2 || segments[0].Ticks != 20 || segments[0].End != EndTruncated || !segments[1].Gap {
			t.Errorf("%+v, %v", segments, err)
		}
	})
}

// TestFolderFails: a room whose folder cannot be made is not recorded; the next
// segment tries again.
func TestFolderFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		blocked := filepath.Join(dir, "arena")
		if err := os.WriteFile(blocked, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		r := open(t, dir, Options{})
		w := r.Open(testHeader())
		segment(w)
		if s := r.Stats(); s.Gaps != 1 || s.Failures != 1 || s.Segments != 0 {
			t.Errorf("%+v", s)
		}
		os.Remove(blocked)
		segment(w)
		w.Close("", false)
		if err := r.Close(); err == nil {
			t.Error("the recorder closes as if nothing had failed")
		}
		segments, _, err := readAll(filepath.Join(blocked, "r00m"), ReadOptions{})
		if err != nil || len(segments) != 1 || segments[0].LastTick() != tick.Tick(40) {
			t.Errorf("%+v, %v", segments, err)
		}
	})
}
