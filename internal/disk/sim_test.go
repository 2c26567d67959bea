package disk

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func create(t *testing.T, d FS, name string) File {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, f File, off int64, b []byte) {
	t.Helper()
	n, err := f.WriteAt(b, off)
	must(t, err)
	if n != len(b) {
		t.Fatalf("%d bytes of %d were written", n, len(b))
	}
}

func read(t *testing.T, d FS, name string) []byte {
	t.Helper()
	f, err := d.OpenFile(name, os.O_RDONLY, 0)
	must(t, err)
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	if _, err := f.ReadAt(b, 0); err != nil && !(size == 0 && errors.Is(err, io.EOF)) {
		t.Fatal(err)
	}
	return b
}

// Both disks are the same to who does not crash.
func TestFilesAndNames(t *testing.T) {
	for name, d := range map[string]FS{"simulated": NewSim(1), "real": OS()} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a", "b")
			if _, err := d.OpenFile(filepath.Join(dir, "x"), os.O_RDONLY, 0); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("a file in a folder that is not there: %v", err)
			}
			if _, err := d.ReadDir(dir); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("a folder that is not there: %v", err)
			}
			must(t, d.MkdirAll(dir, 0o700))
			must(t, d.MkdirAll(dir, 0o700))
			x := filepath.Join(dir, "x")
			f := create(t, d, x)
			write(t, f, 3, []byte("abc"))
			must(t, f.Truncate(5))
			write(t, f, 6, []byte("z"))
			must(t, f.Sync())
			if got := read(t, d, x); string(got) != "\x00\x00\x00ab\x00z" {
				t.Fatalf("the file is %q", got)
			}
			if n, err := f.ReadAt(make([]byte, 10), 4); n != 3 || !errors.Is(err, io.EOF) {
				t.Fatalf("reading over the end: %d, %v", n, err)
			}
			if _, err := d.OpenFile(x, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); !errors.Is(err, fs.ErrExist) {
				t.Fatalf("creating what exists: %v", err)
			}
			must(t, f.Close())
			if _, err := f.WriteAt([]byte("late"), 0); !errors.Is(err, fs.ErrClosed) {
				t.Fatalf("writing to a closed file: %v", err)
			}
			create(t, d, filepath.Join(dir, "y"))
			must(t, d.Rename(x, filepath.Join(dir, "a")))
			names, err := d.ReadDir(dir)
			must(t, err)
			if len(names) != 2 || names[0] != "a" || names[1] != "y" {
				t.Fatalf("names: %v", names)
			}
			must(t, d.Remove(filepath.Join(dir, "y")))
			must(t, d.SyncDir(dir))
			if err := d.Remove(filepath.Join(dir, "y")); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("removing what is not there: %v", err)
			}
			r, err := d.OpenFile(filepath.Join(dir, "a"), os.O_RDONLY, 0)
			must(t, err)
			if _, err := r.WriteAt([]byte("x"), 0); err == nil {
				t.Fatal("a file that was opened for reading was written")
			}
		})
	}
}

// crashes runs a case on disks of many seeds and counts what is left.
func crashes(t *testing.T, seeds int, prepare func(*Sim), outcome func(*Sim) string) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for seed := range seeds {
		d := NewSim(uint64(seed))
		must(t, d.MkdirAll("/d", 0o700))
		prepare(d)
		d.Crash()
		seen[outcome(d)]++
	}
	return seen
}

func TestACrashLosesTearsAndReordersWhatIsNotSynced(t *testing.T) {
	seen := crashes(t, 300, func(d *Sim) {
		f := create(t, d, "/d/x")
		write(t, f, 0, bytes.Repeat([]byte("s"), 4*sector))
		must(t, f.Sync())
		must(t, d.SyncDir("/d"))
		write(t, f, 0, bytes.Repeat([]byte("1"), 2*sector))
		write(t, f, 2*sector, bytes.Repeat([]byte("2"), 2*sector))
	}, func(d *Sim) string {
		b := read(t, d, "/d/x")
		if len(b) != 4*sector {
			t.Fatalf("%d bytes are left", len(b))
		}
		what := ""
		for i := 0; i < len(b); i += sector {
			if !bytes.Equal(b[i:i+sector], bytes.Repeat(b[i:i+1], sector)) {
				t.Fatal("a sector is there by half")
			}
			what += string(b[i])
		}
		return what
	})
	for _, want := range []string{"ssss", "1122", "11ss", "ss22", "s1ss", "1s22"} {
		if seen[want] == 0 {
			t.Errorf("never seen: %s; seen: %v", want, seen)
		}
	}
}

func TestACrashKeepsWhatIsSynced(t *testing.T) {
	seen := crashes(t, 100, func(d *Sim) {
		f := create(t, d, "/d/x")
		must(t, d.SyncDir("/d"))
		write(t, f, 0, []byte("hello"))
		must(t, f.Truncate(4))
		must(t, f.Sync())
	}, func(d *Sim) string { return string(read(t, d, "/d/x")) })
	if seen["hell"] != 100 {
		t.Fatalf("seen: %v", seen)
	}
}

func TestACrashLosesNamesThatAreNotSynced(t *testing.T) {
	seen := crashes(t, 100, func(d *Sim) {
		f := create(t, d, "/d/a")
		write(t, f, 0, []byte("x"))
		must(t, f.Sync())
		must(t, d.Rename("/d/a", "/d/b"))
		must(t, d.Remove("/d/b"))
	}, func(d *Sim) string {
		names, err := d.ReadDir("/d")
		must(t, err)
		what := ""
		for _, n := range names {
			what += n
		}
		return what
	})
	if seen[""] == 0 || seen["a"] == 0 || seen["b"] == 0 || len(seen) != 3 {
		t.Fatalf("seen: %v", seen)
	}
}

func TestAFailedSyncLosesWhatItShouldHaveKept(t *testing.T) {
	d := NewSim(1)
	must(t, d.MkdirAll("/d", 0o700))
	f := create(t, d, "/d/x")
	must(t, d.SyncDir("/d"))
	d.FailSync(1)
	write(t, f, 0, []byte("kept "))
	must(t, f.Sync())
	write(t, f, 5, []byte("lost "))
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the second sync: %v", err)
	}
	write(t, f, 10, []byte("kept"))
	must(t, f.Sync())
	if got := read(t, d, "/d/x"); string(got) != "kept lost kept" {
		t.Fatalf("before the crash: %q", got)
	}
	d.Crash()
	if got := read(t, d, "/d/x"); string(got) != "kept \x00\x00\x00\x00\x00kept" {
		t.Fatalf("after it: %q", got)
	}
	if _, err := f.WriteAt([]byte("x"), 0); !errors.Is(err, ErrCrashed) {
		t.Fatalf("a file of before the crash: %v", err)
	}
}

func TestAFullDiskTakesWhatFits(t *testing.T) {
	d := NewSim(1)
	must(t, d.MkdirAll("/d", 0o700))
	f := create(t, d, "/d/x")
	d.Limit(10)
	write(t, f, 0, []byte("12345678"))
	if n, err := f.WriteAt([]byte("abcd"), 8); n != 2 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("two bytes fit: %d, %v", n, err)
	}
	write(t, f, 0, []byte("over"))
	if err := f.Truncate(11); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("truncating to more: %v", err)
	}
	must(t, f.Truncate(4))
	write(t, f, 4, []byte("freed"))
	if d.Used() != 9 {
		t.Fatalf("%d bytes are used", d.Used())
	}
}

func TestAPlannedCrashInterruptsOneOperation(t *testing.T) {
	lengths := map[int]bool{}
	for seed := range 50 {
		d := NewSim(uint64(seed))
		must(t, d.MkdirAll("/d", 0o700))
		f := create(t, d, "/d/x")
		must(t, d.SyncDir("/d"))
		d.CrashAfter(1)
		write(t, f, 0, []byte("a"))
		n, err := f.WriteAt([]byte("bcdef"), 1)
		if !errors.Is(err, ErrCrashed) {
			t.Fatalf("the second write: %v", err)
		}
		lengths[n] = true
		if err := f.Sync(); !errors.Is(err, ErrCrashed) {
			t.Fatalf("a sync after it: %v", err)
		}
		if _, err := d.OpenFile("/d/x", os.O_RDONLY, 0); !errors.Is(err, ErrCrashed) {
			t.Fatalf("opening after it: %v", err)
		}
		d.Kill()
		if got := read(t, d, "/d/x"); string(got) != "abcdef"[:1+n] {
			t.Fatalf("%d bytes were written, then a kill: %q", n, got)
		}
	}
	if len(lengths) < 4 {
		t.Fatalf("interrupted at %v only", lengths)
	}
}

func TestFlippedBitsAreOnTheDisk(t *testing.T) {
	d := NewSim(1)
	must(t, d.MkdirAll("/d", 0o700))
	f := create(t, d, "/d/x")
	must(t, d.SyncDir("/d"))
	write(t, f, 0, []byte("abc"))
	must(t, f.Sync())
	must(t, d.Flip("/d/x", 1, 1))
	d.Crash()
	if got := read(t, d, "/d/x"); string(got) != "acc" {
		t.Fatalf("%q", got)
	}
	if err := d.Flip("/d/x", 3, 1); err == nil {
		t.Fatal("a byte behind the end was flipped")
	}
}
