//go:build linux

package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// coreRates are how many a second a core can do of the board's elementary work:
// what peers/yjs/core.mjs does, too.
type coreRates struct {
	Creates float64 `json:"creates"` // a shape with its seven keys, and the update of that
	Moves   float64 `json:"moves"`   // one key of a shape, and the update of that
	Applied float64 `json:"applied"` // those updates on another document, and what was new in each
}

// serveCanvasCore does that work and prints the rates.
func serveCanvasCore(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("canvas core", flag.ContinueOnError)
	shapes := flags.Int("shapes", 10_000, "shapes")
	moves := flags.Int("moves", 100_000, "moves")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rates, err := runCanvasCore(*shapes, *moves)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(rates)
}

func runCanvasCore(shapes, moves int) (rates coreRates, err error) {
	doc := yjs.New(1, yjs.Limits{})
	root := doc.Map("shapes")
	updates := make([][]byte, 0, shapes+moves)
	change := func(f func(tx *yjs.Tx) error) error {
		update, err := doc.Transact(f)
		updates = append(updates, update)
		return err
	}
	rates.Creates, err = perSecond(shapes, func(i int) error {
		return change(func(tx *yjs.Tx) error {
			return root.Set(tx, shapeName(i), yjs.MapOf{
				"geo": geoOf(i, 0), "index": fmt.Sprint("a", i), "kind": "rect", "parent": "",
				"props": map[string]any{"radius": 4}, "style": map[string]any{"color": "blue", "size": "m"}, "text": yjs.TextOf(""),
			})
		})
	})
	if err != nil {
		return rates, err
	}
	rates.Moves, err = perSecond(moves, func(i int) error {
		return change(func(tx *yjs.Tx) error {
			shape, _ := root.Get(shapeName(i * 7919 % shapes))
			return shape.(*yjs.Map).Set(tx, "geo", geoOf(i%shapes, i))
		})
	})
	if err != nil {
		return rates, err
	}
	other := yjs.New(2, yjs.Limits{})
	rates.Applied, err = perSecond(len(updates), func(i int) error {
		diff, err := other.Apply(updates[i])
		if err == nil && len(diff) == 0 {
			err = fmt.Errorf("update %d has changed nothing", i)
		}
		return err
	})
	return rates, err
}

func shapeName(i int) string { return fmt.Sprint("shape-", i) }

func geoOf(i, n int) map[string]any {
	return map[string]any{"x": (i*37 + n) % 4000, "y": (i*91 + n) % 4000, "w": 120, "h": 80, "r": 0}
}

func perSecond(count int, f func(i int) error) (float64, error) {
	began := time.Now()
	for i := range count {
		if err := f(i); err != nil {
			return 0, err
		}
	}
	return float64(count) / time.Since(began).Seconds(), nil
}
