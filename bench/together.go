//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/presence"
)

// spot is what a connection shows in the benchmark's presence rooms.
type spot struct{ X, Y float32 }

const presenceHz = 20 // of the benchmark's presence rooms

// rect is the benchmark's only kind of shape.
type rect struct {
	Radius float64 `json:"radius,omitempty"`
}

// newTogetherServer is Parlor with presence rooms and boards.
func newTogetherServer(data string) (*parlor.Server, error) {
	return parlor.New(parlor.Config{
		Presence: []presence.Kind{presence.Define("cursors", presence.Room[spot]{Hz: presenceHz})},
		Canvas:   []canvas.Kind{board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[rect]("rect")}})},
		Addr:     "127.0.0.1:0", AdminAddr: "127.0.0.1:0", UDPAddr: "off", Record: "off", Data: data,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
}

// serveTogether is that server as a process. It prints where players and where
// operators connect.
func serveTogether(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("together", flag.ContinueOnError)
	data := flags.String("data", "", "folder")
	fill := flags.Int("fill", 0, "put so many shapes on board/full, and end")
	full := flags.Bool("full", false, "open board/full before anybody is let in, and say what it takes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s, err := newTogetherServer(*data)
	if err != nil {
		return err
	}
	if *fill > 0 {
		return errors.Join(fillBoard(ctx, s, *fill), s.Close())
	}
	var heap float64
	if *full {
		before := heapMB()
		if err := s.Canvas().View(ctx, fullBoard, func(canvas.Machine) error { return nil }); err != nil {
			return err
		}
		heap = round3(heapMB() - before)
	}
	if err := s.Listen(); err != nil {
		return err
	}
	fmt.Println(strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http://"), "/"), strings.TrimSuffix(s.AdminURL(), "/")+"/", heap)
	return s.Run(ctx)
}

const fullBoard = "board/full"

// fillBoard puts shapes on a board.
func fillBoard(ctx context.Context, s *parlor.Server, shapes int) error {
	var text strings.Builder
	text.WriteString(`{"shapes":[`)
	for i := range shapes {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"id":"shape-%d","kind":"rect","geo":{"x":%d,"y":%d,"w":120,"h":80,"r":0},"style":{"color":"blue","size":"m"},`+
			`"props":{"radius":4},"text":"Shape %d"}`, i, i%100*150, i/100*100, i)
	}
	text.WriteString(`]}`)
	return s.Canvas().Do(ctx, fullBoard, func(m canvas.Machine, now time.Time, out *canvas.Outbox) error {
		_, err := m.(*board.Board).Import(now, out, "bench", []byte(text.String()), true)
		return err
	})
}

// heapMB is what lives on the heap now.
func heapMB() float64 {
	var m runtime.MemStats
	for range 2 { // what a finalizer frees
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / 1e6
}
