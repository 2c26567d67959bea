//go:build linux

package main

import (
	"testing"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

func TestHolds(t *testing.T) {
	type part struct {
		tick, base   uint32
		part, parts  int
		complete, ok bool
		applied      uint32 // after it
		bits         uint16
	}
	var h holds
	if _, ok := h.part(5, 4, 0, 1); ok {
		t.Error("a client without any state takes a frame")
	}
	h.keep(102)
	for _, p := range []part{
		{103, 102, 0, 1, true, true, 103, 0},         // from the keyframe
		{103, 102, 0, 1, false, true, 103, 0},        // again
		{102, 102, 0, 1, false, true, 103, 0},        // older
		{104, 100, 0, 1, false, false, 103, 0},       // from what it never had
		{104, 102, 1, 2, false, true, 103, 0},        // half of a base tick
		{104, 102, 1, 2, false, true, 103, 0},        // the same half
		{104, 102, 0, 2, true, true, 104, 1},         // the other half
		{105, 102, 0, 1, true, true, 105, 1},         // the keyframe is held still
		{108, 104, 0, 3, false, true, 105, 1},        // never completed
		{107, 104, 0, 1, false, true, 105, 1},        // older than what has begun
		{113, 104, 0, 1, true, true, 113, 0b100},     // tick 104 is two base ticks before 112
		{160, 104, 0, 1, true, true, 160, 1<<14 | 1}, // and 14 before 160
		{169, 160, 0, 1, true, true, 169, 0b100},     // by then it is forgotten
		{170, 104, 0, 1, false, false, 169, 0b100},
		{170, 102, 0, 1, false, false, 169, 0b100}, // and the keyframe too
		{400, 160, 0, 1, true, true, 400, 1},
		{401, 400, 4, 4, false, false, 400, 1}, // no such part
	} {
		complete, ok := h.part(p.tick, p.base, p.part, p.parts)
		if complete != p.complete || ok != p.ok || h.applied != p.applied || h.bits != p.bits {
			t.Errorf("part %d of %d of tick %d from %d: complete %v, ok %v, then applied %d, holds %b; want %v, %v, %d, %b",
				p.part, p.parts, p.tick, p.base, complete, ok, h.applied, h.bits, p.complete, p.ok, p.applied, p.bits)
		}
	}
	if h.keep(0); h.has(4) {
		t.Error("a client that lost its state holds a tick")
	}
}

func TestUnacknowledgedCommands(t *testing.T) {
	var unacked []schema.TickCommand
	for n := range uint32(schema.MaxCommands + 2) {
		unacked = remember(unacked, schema.TickCommand{Tick: n})
		unacked = remember(unacked, schema.TickCommand{Tick: n, Input: 1})
	}
	if len(unacked) != schema.MaxCommands {
		t.Errorf("%d commands are repeated", len(unacked))
	}
	for i, c := range unacked {
		if want := uint32(schema.MaxCommands + 1 - i); c.Tick != want || c.Input != 1 {
			t.Errorf("command %d is for tick %d, input %d; want tick %d", i, c.Tick, c.Input, want)
		}
	}
	var w bits.Writer
	var r schema.CommandReader
	if read, err := r.Read(schema.AppendCommands(nil, &w, unacked)); err != nil || len(read) != len(unacked) {
		t.Errorf("the server would read %v, %v", read, err)
	}
}
