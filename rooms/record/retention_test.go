package record

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// files lists what is below a folder, as ROOM/NUMBER.
func files(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range paths {
		name := filepath.Base(filepath.Dir(p)) + "/" + strings.TrimSuffix(strings.TrimLeft(filepath.Base(p), "0"), segmentSuffix)
		names = append(names, name)
	}
	return names
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := files(t, dir); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
}

// bytesBelow adds up the sizes of all files.
func bytesBelow(t *testing.T, dir string) (n int64) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(dir, "*", "*", "*"))
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

func room(id string) Header {
	h := testHeader()
	h.Room = id
	return h
}

// segment lets a room begin a segment and play a second of it.
func segment(w *Writer) {
	w.BeginSegment(w.last, make([]byte, 10_000))
	run(w, w.last+tick.Tick(20))
	w.Flush()
	synctest.Wait()
}

// TestSizeLimit (R14): the oldest segments of all rooms go first, never an open
// one, and an empty folder goes with its last segment.
func TestSizeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{MaxBytes: 50_000})
		a, b := r.Open(room("a")), r.Open(room("b"))
		segment(a)
		segment(b) // idle from here on: open, never deleted
		segment(a)
		segment(a)
		wantFiles(t, dir, "a/1", "a/2", "a/3", "b/1")
		segment(a)
		wantFiles(t, dir, "a/2", "a/3", "a/4", "b/1")
		a.Close("", false)
		synctest.Wait()
		for range 10 {
			segment(b)
		}
		wantFiles(t, dir, "b/8", "b/9", "b/10", "b/11")
		if _, err := os.Stat(filepath.Join(dir, "arena", "a")); !os.IsNotExist(err) {
			t.Errorf("the folder of a room without segments is still there: %v", err)
		}
		if s := r.Stats(); s.OnDisk != bytesBelow(t, dir) || s.OnDisk > 50_000 || s.Deleted != 11 || s.Segments != 15 {
			t.Errorf("%+v, %d bytes on the disk", s, bytesBelow(t, dir))
		}
		if _, _, err := readAll(filepath.Join(dir, "arena", "b"), ReadOptions{AllowTruncated: true}); err != nil {
			t.Errorf("what is left does not read: %v", err)
		}
		b.Close("", false)
	})
}

// TestAgeLimit (R14): old segments go, within a minute, without anybody doing anything.
func TestAgeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{MaxAge: time.Hour})
		a, b := r.Open(room("a")), r.Open(room("b"))
		segment(a)
		segment(a)
		segment(b)
		a.Close("", false)
		time.Sleep(30 * time.Minute)
		segment(b)
		wantFiles(t, dir, "a/1", "a/2", "b/1", "b/2")
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		wantFiles(t, dir, "b/1", "b/2")
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		wantFiles(t, dir, "b/2") // open, however old
		b.Close("", false)
	})
}

// TestRestart (R13, R14): the limits cover what earlier servers left; unfinished
// beginnings are removed, and a room ID that comes back gets a folder of its own.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{})
		a := r.Open(room("a"))
		for range 3 {
			segment(a)
		}
		closed(t, r) // with the room still running

		old := filepath.Join(dir, "arena", "a")
		for i := range 3 {
			at := time.Now().Add(time.Duration(i-3) * time.Hour)
			if err := os.Chtimes(filepath.Join(old, segmentName(i+1)), at, at); err != nil {
				t.Fatal(err)
			}
		}
		part := filepath.Join(old, segmentName(4)+partSuffix)
		other := filepath.Join(old, "notes.txt")
		for _, path := range []string{part, other} {
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}

		r = open(t, dir, Options{MaxAge: 150 * time.Minute})
		again := r.Open(room("a"))
		segment(again)
		wantFiles(t, dir, "a/2", "a/3", "a/notes.txt", "a~2/1")
		if segments, _, err := readAll(old, ReadOptions{}); err != nil || segments[1].End != EndGap {
			t.Errorf("%v: a room that ran when the recorder closed", err)
		}
		again.Close("", false)
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		wantFiles(t, dir, "a/notes.txt")
		closed(t, r)
	})
}

// TestModeFaulted (R15): two segments while the room runs, none after a good
// end, both after a fault.
func TestModeFaulted(t *testing.T) {
	mode, err := ParseMode("faulted")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		r := open(t, dir, Options{Mode: mode})
		good, bad := r.Open(room("good")), r.Open(room("bad"))
		segment(good)
		segment(bad)
		wantFiles(t, dir, "bad/1", "good/1")
		for range 4 {
			segment(good)
			segment(bad)
		}
		wantFiles(t, dir, "bad/4", "bad/5", "good/4", "good/5")
		bad.Input(Input{Kind: 1, Payload: []byte("the fatal one")})
		bad.Close("three failed ticks", true)
		good.Close("empty", false)
		synctest.Wait()
		wantFiles(t, dir, "bad/4", "bad/5")
		if _, err := os.Stat(filepath.Join(dir, "arena", "good")); !os.IsNotExist(err) {
			t.Errorf("the folder of the good room is still there: %v", err)
		}
		_, entries, err := readAll(filepath.Join(dir, "arena", "bad"), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		last := entries[1][len(entries[1])-2:]
		if string(last[0].Input.Payload) != "the fatal one" || !last[1].Close.Faulted || last[0].Tick != last[1].Tick {
			t.Errorf("the recording ends with %+v", last)
		}
		if s := r.Stats(); s.OnDisk != bytesBelow(t, dir) {
			t.Errorf("%+v, %d bytes on the disk", s, bytesBelow(t, dir))
		}
	})
}

func TestModeSample(t *testing.T) {
	mode, err := ParseMode("sample=25%")
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder(t.TempDir(), Options{Mode: mode})
	const rooms = 4000
	recorded := 0
	for i := range rooms {
		id := fmt.Sprintf("room-%d", i)
		w := r.Open(room(id))
		if w != nil {
			recorded++
		}
		if again := r.Open(room(id)); (again != nil) != (w != nil) {
			t.Fatalf("%s is chosen once and not again", id)
		}
	}
	if share := float64(recorded) / rooms; share < 0.22 || share > 0.28 {
		t.Errorf("%.1f %% of the rooms are recorded, want about 25", share*100)
	}
}

func TestParseMode(t *testing.T) {
	for _, c := range []struct {
		in string
		ok bool
	}{
		{"all", true}, {"faulted", true}, {"sample=0%", true}, {"sample=12.5%", true}, {"sample=1e-3%", true},
		{"", false}, {"none", false}, {"sample=10", false}, {"sample=%", false}, {"sample=101%", false},
		{"sample=-1%", false}, {"sample=NaN%", false}, {"sample=ten%", false}, {"ALL", false},
	} {
		var m Mode
		err := m.UnmarshalText([]byte(c.in))
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.in, err)
		}
		if text, _ := m.MarshalText(); c.ok && string(text) != c.in && c.in != "sample=1e-3%" {
			t.Errorf("%q comes back as %q", c.in, text)
		}
	}
	for _, in := range []string{"sample=0%", "sample=100%"} {
		m, _ := ParseMode(in)
		for i := range uint64(10_000) {
			if m.records(i) != (in == "sample=100%") {
				t.Fatalf("%s and hash %d", in, i)
			}
		}
	}
}

func TestFolderNames(t *testing.T) {
	long := strings.Repeat("x", 500)
	seen := map[string]string{}
	for _, id := range []string{"", "%", ".", "..", "a/b", `a\b`, "a~2", "Ünïcode", "a b", "con:1", long, long + "y", "plain-Name_1", "\x00"} {
		name := folderName(id)
		if other, taken := seen[name]; taken {
			t.Errorf("%q and %q share the name %q", id, other, name)
		}
		seen[name] = id
		if name == "" || len(name) > longestName || strings.ContainsAny(name, `./\~ :`) {
			t.Errorf("%q has the name %q", id, name)
		}
	}
	if got := folderName("plain-Name_1"); got != "plain-Name_1" {
		t.Errorf("a plain name became %q", got)
	}
}

// TestManyRooms: the recorder's goroutine serves many rooms at once.
func TestManyRooms(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, Options{})
	const rooms = 100
	done := make(chan struct{})
	for i := range rooms {
		go func() {
			w := r.Open(room(fmt.Sprint("room", i)))
			for range 3 {
				w.BeginSegment(w.last, []byte("snapshot"))
				run(w, w.last+50)
			}
			w.Close("", false)
			done <- struct{}{}
		}()
	}
	for range rooms {
		<-done
	}
	closed(t, r)
	if s := r.Stats(); s.Gaps != 0 || s.Segments != 3*rooms || s.OnDisk != bytesBelow(t, dir) {
		t.Fatalf("%+v", s)
	}
	for i := range rooms {
		segments, _, err := readAll(filepath.Join(dir, "arena", fmt.Sprint("room", i)), ReadOptions{})
		if err != nil || len(segments) != 3 || segments[2].LastTick() != 150 {
			t.Errorf("room %d: %v", i, err)
		}
	}
}
