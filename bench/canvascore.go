//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// coreBench measures the Yjs core: what peers/yjs/core.mjs measures with yjs, by
// the same keys. They are microseconds, by the clock and of computing, for each
// thing done.
type coreBench struct {
	shapes, moves int
	results       coreTimes
}

type coreTimes map[string]float64

// serveCanvasCore does that and prints the times.
func serveCanvasCore(_ context.Context, args []string) error {
	b := coreBench{results: make(coreTimes)}
	flags := flag.NewFlagSet("canvas core", flag.ContinueOnError)
	flags.IntVar(&b.shapes, "shapes", 10_000, "shapes to create")
	flags.IntVar(&b.moves, "moves", 50_000, "moves of them")
	trace := flags.String("trace", "", "file of updates, as core.mjs writes it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := b.drawing(); err != nil {
		return err
	}
	if err := b.inserting(); err != nil {
		return err
	}
	if *trace != "" {
		if err := b.typing(*trace); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(b.results)
}

// timed measures f, which does n things.
func (b *coreBench) timed(name string, n int, f func() error) error {
	runtime.GC()
	from, cpu := time.Now(), computed()
	if err := f(); err != nil {
		return fmt.Errorf("failed to measure %s: %w", name, err)
	}
	b.results[name+"_us"] = float64(time.Since(from).Nanoseconds()) / 1000 / float64(n)
	b.results[name+"_cpu_us"] = float64((computed() - cpu).Nanoseconds()) / 1000 / float64(n)
	return nil
}

// computed is the process's time on CPUs.
func computed() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func geoOf(i, n int) map[string]any {
	return map[string]any{"h": 80.5, "r": 0, "w": 120.25, "x": float64(i)*10 + float64(n)/4, "y": float64(i) + float64(n)/8}
}

func createShape(doc *yjs.Doc, i int) ([]byte, error) {
	return doc.Transact(func(tx *yjs.Tx) error {
		return doc.Map("shapes").Set(tx, fmt.Sprint("shape-", i), yjs.MapOf{
			"geo": geoOf(i, 0), "index": fmt.Sprint("a", i), "kind": "rect", "parent": "",
			"props": map[string]any{"corner": 4, "shadow": false},
			"style": map[string]any{"fill": "#ffcc00", "opacity": 1, "stroke": "#333333", "width": 2},
			"text":  yjs.TextOf(fmt.Sprint("Shape ", i)),
		})
	})
}

func moveShape(doc *yjs.Doc, i, n int) ([]byte, error) {
	return doc.Transact(func(tx *yjs.Tx) error {
		shape, _ := doc.Map("shapes").Get(fmt.Sprint("shape-", i))
		return shape.(*yjs.Map).Set(tx, "geo", geoOf(i, n))
	})
}

// updatesOf makes n updates.
func updatesOf(n int, edit func(i int) ([]byte, error)) (updates [][]byte, err error) {
	for i := range n {
		update, err := edit(i)
		if err != nil {
			return nil, err
		}
		updates = append(updates, update)
	}
	return updates, nil
}

func applyAll(doc *yjs.Doc, updates [][]byte) error {
	for _, update := range updates {
		if _, err := doc.Apply(update); err != nil {
			return err
		}
	}
	return nil
}

func (b *coreBench) drawing() (err error) {
	doc, other := yjs.New(1, yjs.Limits{}), yjs.New(2, yjs.Limits{})
	var created, moved [][]byte
	var state []byte
	steps := []struct {
		name string
		n    int
		f    func() error
	}{
		{"create", b.shapes, func() (err error) {
			created, err = updatesOf(b.shapes, func(i int) ([]byte, error) { return createShape(doc, i) })
			return err
		}},
		{"encode", 1, func() error { state = doc.EncodeState(nil); return nil }},
		{"move", b.moves, func() (err error) {
			moved, err = updatesOf(b.moves, func(n int) ([]byte, error) { return moveShape(doc, n*7919%b.shapes, n) })
			return err
		}},
		{"apply_create", b.shapes, func() error { return applyAll(other, created) }},
		{"apply_move", b.moves, func() error { return applyAll(other, moved) }},
		{"load", 1, func() error { return applyAll(yjs.New(3, yjs.Limits{}), [][]byte{state}) }},
	}
	for _, step := range steps {
		if err := b.timed(step.name, step.n, step.f); err != nil {
			return err
		}
	}
	b.results["state_bytes"] = float64(len(state))
	before := heapMB()
	loaded := yjs.New(3, yjs.Limits{})
	if err := applyAll(loaded, [][]byte{state}); err != nil {
		return err
	}
	b.results["heap_mb"] = heapMB() - before
	runtime.KeepAlive([]any{doc, other, created, moved, loaded})
	return nil
}

// inserting puts single characters at random places of a long text.
func (b *coreBench) inserting() error {
	doc := yjs.New(1, yjs.Limits{})
	text := doc.Text("t")
	random := rand.New(rand.NewPCG(1, 2))
	if _, err := doc.Transact(func(tx *yjs.Tx) error { return text.Insert(tx, 0, strings.Repeat("x", 100_000)) }); err != nil {
		return err
	}
	return b.timed("random_insert", 20_000, func() error {
		_, err := updatesOf(20_000, func(int) ([]byte, error) {
			return doc.Transact(func(tx *yjs.Tx) error { return text.Insert(tx, random.IntN(text.Len()+1), "y") })
		})
		return err
	})
}

// typing takes the updates of somebody who types.
func (b *coreBench) typing(file string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("failed to read the trace: %w", err)
	}
	var updates [][]byte
	for len(raw) >= 4 {
		n := binary.LittleEndian.Uint32(raw)
		if uint64(n)+4 > uint64(len(raw)) {
			return fmt.Errorf("the trace ends within an update: write it again with core.mjs --trace")
		}
		updates = append(updates, raw[4:4+n])
		raw = raw[4+n:]
	}
	return b.timed("apply_typing", len(updates), func() error { return applyAll(yjs.New(1, yjs.Limits{}), updates) })
}
