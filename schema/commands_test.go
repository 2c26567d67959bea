package schema

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/bits"
)

func equalCommands(a, b TickCommand) bool {
	return a.Tick == b.Tick && a.Input == b.Input && bytes.Equal(a.Payload, b.Payload)
}

func TestCommandsRoundTrip(t *testing.T) {
	var w bits.Writer
	var r CommandReader
	rapid.Check(t, func(t *rapid.T) {
		tick := rapid.Uint32Range(5000, 1<<31).Draw(t, "newest")
		var commands []TickCommand
		for range rapid.IntRange(0, MaxCommands).Draw(t, "commands") {
			commands = append(commands, TickCommand{
				Tick: tick, Input: rapid.Uint8Range(0, 1).Draw(t, "input"),
				Payload: rapid.SliceOfN(rapid.ByteRange(0, 1), 0, 3).Draw(t, "payload"),
			})
			tick -= rapid.Uint32Range(1, 40).Draw(t, "gap")
		}
		read, err := r.Read(AppendCommands(nil, &w, commands))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(read, commands, equalCommands) {
			t.Fatalf("read %v, wrote %v", read, commands)
		}
		room := rapid.IntRange(0, 3).Draw(t, "room for a payload")
		newest, ok := NewestCommand(make([]byte, 0, room), AppendCommands(nil, &w, commands))
		fits := len(commands) > 0 && len(commands[0].Payload) <= room
		if ok != fits || ok && !equalCommands(newest, commands[0]) {
			t.Fatalf("the newest is %v %v, wrote %v", newest, ok, commands)
		}
	})
}

// A key that is held costs two bits for each repeated tick.
func TestRepeatedCommandsAreSmall(t *testing.T) {
	var w bits.Writer
	var commands []TickCommand
	for i := range uint32(MaxCommands) {
		commands = append(commands, TickCommand{Tick: 1000 - i, Payload: []byte{1, 2}})
	}
	one, all := AppendCommands(nil, &w, commands[:1]), AppendCommands(nil, &w, commands)
	if len(all) > len(one)+2 {
		t.Errorf("one command has %d bytes, %d have %d", len(one), MaxCommands, len(all))
	}
}

func TestCommandsRefused(t *testing.T) {
	var w bits.Writer
	var r CommandReader
	good := AppendCommands(nil, &w, []TickCommand{{Tick: 9, Payload: []byte{1}}, {Tick: 8, Payload: []byte{2}}})
	for name, payload := range map[string][]byte{
		"too many":       {0xff, 0xff},
		"cut off":        good[:len(good)-1],
		"bytes behind":   append(slices.Clone(good), 0),
		"below tick 0":   AppendCommands(nil, &w, []TickCommand{{Tick: 0}, {Tick: ^uint32(0)}}),
		"the same tick":  AppendCommands(nil, &w, []TickCommand{{Tick: 5}, {Tick: 5}}),
		"a long payload": AppendCommands(nil, &w, []TickCommand{{Tick: 5, Payload: make([]byte, 513)}}),
	} {
		if got, err := r.Read(payload); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

func TestReadingCommandsAllocatesNothing(t *testing.T) {
	var w bits.Writer
	var r CommandReader
	payload := AppendCommands(nil, &w, []TickCommand{{Tick: 9, Payload: []byte{1}}, {Tick: 8, Payload: []byte{2}}})
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		commands, err := r.Read(payload)
		if err != nil {
			t.Fatal(err)
		}
		buf = AppendCommands(buf[:0], &w, commands)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzCommands(f *testing.F) {
	var w bits.Writer
	f.Add(AppendCommands(nil, &w, []TickCommand{{Tick: 9, Payload: []byte{1}}, {Tick: 8, Payload: []byte{1}}, {Tick: 2}}))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var r, again CommandReader
		commands, err := r.Read(payload)
		if err != nil {
			return
		}
		var w bits.Writer
		second, err := again.Read(AppendCommands(nil, &w, commands))
		if err != nil || !slices.EqualFunc(commands, second, equalCommands) {
			t.Fatalf("%v became %v: %v", commands, second, err)
		}
	})
}
