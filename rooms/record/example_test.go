package record_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/tick"
)

// A room's loop writes, and a replay reads.
func Example() {
	dir, err := os.MkdirTemp("", "recordings")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	recorder, err := record.New(dir, record.Options{MaxBytes: 10 << 30})
	if err != nil {
		log.Fatal(err)
	}
	w := recorder.Open(record.Header{Room: "r1", Kind: "arena", Rules: "7", Hz: 30, Build: record.BuildInfo()})
	w.BeginSegment(0, []byte("the state of a new room"))
	for now := tick.Tick(1); now <= 3; now++ {
		w.Input(record.Input{Kind: 4, Player: 1, Payload: []byte{byte(now)}})
		w.TickEnd(now, record.Hash{A: 0xaaaa, B: 0xbbbb})
		if w.NeedSegment(now) {
			w.BeginSegment(now, []byte("the state of the room"))
		}
	}
	w.Close("empty", false)
	if err := recorder.Close(); err != nil {
		log.Fatal(err)
	}

	r, err := record.Open(filepath.Join(dir, "arena", "r1"), record.ReadOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for {
		s, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("segment %d of %s %s: %s\n", s.Header.Segment, s.Header.Kind, s.Header.Room, s.Snapshot)
		for e := range s.Entries() {
			switch e.Kind {
			case record.EntryInput:
				fmt.Println("tick", e.Tick, "player", e.Input.Player, "sends", e.Input.Payload)
			case record.EntryTickEnd:
				fmt.Printf("tick %d ends with %x %x\n", e.Tick, e.Hash.A, e.Hash.B)
			case record.EntryClose:
				fmt.Println("closed:", e.Close.Reason)
			}
		}
	}
	// Output:
	// segment 1 of arena r1: the state of a new room
	// tick 1 player 1 sends [1]
	// tick 1 ends with aaaa bbbb
	// tick 2 player 1 sends [2]
	// tick 2 ends with aaaa bbbb
	// tick 3 player 1 sends [3]
	// tick 3 ends with aaaa bbbb
	// closed: empty
}

// Keep only the recordings of rooms that faulted, and of those no more than a
// gigabyte.
func ExampleNew() {
	mode, err := record.ParseMode("faulted")
	if err != nil {
		log.Fatal(err)
	}
	dir := filepath.Join(os.TempDir(), "parlor-recordings-example")
	defer os.RemoveAll(dir)
	recorder, err := record.New(dir, record.Options{Mode: mode, MaxBytes: 1 << 30})
	if err != nil {
		log.Fatal(err)
	}
	defer recorder.Close()
	fmt.Println(mode, recorder.Stats().Segments)
	// Output: faulted 0
}
