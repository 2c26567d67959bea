// Command together serves the rooms of clients/ts/test/together-e2e.test.ts,
// until its standard input ends. It prints its address first.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/presence"
)

// cursor is what members of "cursors" rooms show.
type cursor struct {
	Name   string
	X, Y   float32
	Typing bool
}

// Wave is a cast of theirs.
type Wave struct{ At float32 }

// rect is the props of a shape.
type rect struct {
	Radius float64 `json:"radius,omitempty"`
}

func (r *rect) Validate() error {
	if r.Radius < 0 {
		return errors.New("a radius is not negative")
	}
	return nil
}

func main() {
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(data string) error {
	s, err := parlor.New(parlor.Config{
		Presence: []presence.Kind{presence.Define("cursors", presence.Room[cursor]{
			Timeout:  2 * time.Second,
			Position: func(c *cursor) (x, y float32) { return c.X, c.Y },
			Group: func(_ presence.User, group string) error {
				if group == "closed" {
					return errors.New("the group closed takes nobody")
				}
				return nil
			},
			Casts: []presence.Cast[cursor]{presence.OnCast[cursor, Wave](5)},
		})},
		Canvas: []canvas.Kind{
			board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[rect]("rect")}}),
			canvas.Define("notes", canvas.Room{}),
		},
		Addr: "127.0.0.1:0", AdminAddr: "off", UDPAddr: "off", Data: data, DrainTimeout: -1,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	if err := s.Listen(); err != nil {
		return err
	}
	fmt.Println(s.URL())
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return s.Run(ctx)
}
