package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

func testHeader() Header {
	return Header{
		Room: "r00m", Kind: "arena", Rules: "3", Hz: 20, Seed: 1 << 60, Build: BuildInfo(),
		SchemaHash: 0xfeedfacecafebeef, Schema: json.RawMessage(`{"tables":[]}`), Options: []byte{0, 1, 255},
		Started: time.Date(2026, 11, 22, 1, 2, 3, 4, time.UTC),
	}
}

// open starts a Recorder that the test's end closes.
func open(t testing.TB, dir string, opts Options) *Recorder {
	t.Helper()
	r, err := New(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// closed closes a Recorder before the test's end.
func closed(t interface{ Fatal(...any) }, r *Recorder) {
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads a whole recording. Payloads are cloned.
func readAll(path string, opts ReadOptions) (segments []*Segment, entries [][]Entry, err error) {
	r, err := Open(path, opts)
	if err != nil {
		return nil, nil, err
	}
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			return segments, entries, nil
		}
		if err != nil {
			return segments, entries, err
		}
		segments = append(segments, s)
		entries = append(entries, slices.Collect(s.Entries()))
	}
}

// script is what a room did, segment by segment.
type script struct {
	Snapshots [][]byte
	Entries   [][]Entry
}

func drawScript(t *rapid.T) script {
	payload := rapid.SliceOfN(rapid.Byte(), 0, 40)
	number := rapid.OneOf(rapid.Uint32(), rapid.Uint32Range(1<<20, 1<<20+40))
	var s script
	now := tick.Tick(rapid.Uint32Range(0, 1<<31).Draw(t, "after")) + 1
	segments := rapid.IntRange(1, 4).Draw(t, "segments")
	for i := range segments {
		var entries []Entry
		inputs := func() {
			for range rapid.IntRange(0, 5).Draw(t, "inputs") {
				entries = append(entries, Entry{Kind: EntryInput, Tick: now, Input: Input{
					Kind: rapid.Byte().Draw(t, "kind"), Index: rapid.Byte().Draw(t, "index"),
					Player: number.Draw(t, "player"), Payload: payload.Draw(t, "payload"),
				}})
			}
		}
		for range rapid.IntRange(0, 50).Draw(t, "ticks") {
			inputs()
			h := Hash{A: rapid.Uint32().Draw(t, "a"), B: rapid.Uint32().Draw(t, "b")}
			entries = append(entries, Entry{Kind: EntryTickEnd, Tick: now, Hash: h})
			now++
		}
		if i == segments-1 {
			inputs()
			c := Close{Reason: rapid.String().Draw(t, "reason"), Faulted: rapid.Bool().Draw(t, "faulted")}
			entries = append(entries, Entry{Kind: EntryClose, Tick: now, Close: c})
		}
		s.Snapshots = append(s.Snapshots, rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "snapshot"))
		s.Entries = append(s.Entries, entries)
	}
	return s
}

func (s script) play(w *Writer) {
	for i, entries := range s.Entries {
		if i == 0 {
			w.BeginSegment(firstTick(s)-1, s.Snapshots[0])
		} else {
			w.BeginSegment(w.last, s.Snapshots[i])
		}
		for _, e := range entries {
			switch e.Kind {
			case EntryInput:
				w.Input(e.Input)
			case EntryTickEnd:
				w.TickEnd(e.Tick, e.Hash)
			case EntryClose:
				w.Close(e.Close.Reason, e.Close.Faulted)
			}
		}
	}
}

func firstTick(s script) tick.Tick {
	for _, entries := range s.Entries {
		if len(entries) > 0 {
			return entries[0].Tick
		}
	}
	panic("every script ends with a close")
}

// TestRoundTrip covers R1 to R9 and R11: whatever a room does comes back as it was.
func TestRoundTrip(t *testing.T) {
	root := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		dir := filepath.Join(root, segmentName(run))
		s := drawScript(t)
		r, err := New(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s.play(r.Open(testHeader()))
		closed(t, r)

		segments, entries, err := readAll(filepath.Join(dir, "arena", "r00m"), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(segments) != len(s.Snapshots) {
			t.Fatalf("%d segments came back of %d", len(segments), len(s.Snapshots))
		}
		for i, got := range segments {
			want := testHeader()
			want.Segment, want.FirstTick = i+1, got.Header.FirstTick
			want.Continues, want.Previous = got.Header.Continues, got.Header.Previous
			if !reflect.DeepEqual(got.Header, want) || got.Header.Continues != (i > 0) || got.Gap {
				t.Fatalf("segment %d: header %+v", i, got.Header)
			}
			if !bytes.Equal(got.Snapshot, s.Snapshots[i]) {
				t.Fatalf("segment %d: another snapshot came back", i)
			}
			if !sameEntries(entries[i], s.Entries[i]) {
				t.Fatalf("segment %d:\n got %+v\nwant %+v", i, entries[i], s.Entries[i])
			}
		}
		if end := segments[len(segments)-1].End; end != EndClosed {
			t.Fatalf("the recording ends with %v", end)
		}
	})
}

func sameEntries(a, b []Entry) bool {
	return slices.EqualFunc(a, b, func(a, b Entry) bool {
		same := bytes.Equal(a.Input.Payload, b.Input.Payload)
		a.Input.Payload, b.Input.Payload = nil, nil
		return same && reflect.DeepEqual(a, b)
	})
}

// TestSize holds the promise about walkers: 20 players who send a command of
// four bytes each tick cost less than 10 bytes a player and tick.
func TestSize(t *testing.T) {
	dir := t.TempDir()
	r := open(t, dir, Options{})
	w := r.Open(testHeader())
	w.BeginSegment(0, nil)
	const players, ticks = 20, 200
	for now := tick.Tick(1); now <= ticks; now++ {
		for p := range uint32(players) {
			w.Input(Input{Kind: 3, Index: 0, Player: 1<<20 | p, Payload: []byte{1, 2, 3, byte(now)}})
		}
		w.TickEnd(now, Hash{A: uint32(now), B: 7})
	}
	w.Close("", false)
	closed(t, r)
	perInput := float64(r.Stats().Bytes) / (players * ticks)
	t.Logf("%.2f bytes a player and tick", perInput)
	if perInput >= 10 {
		t.Errorf("%.2f bytes a player and tick, want less than 10", perInput)
	}
}
