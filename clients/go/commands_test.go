package client

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
)

// Whatever is sent and acknowledged, a Commands message has the newest
// commands that are not, each tick once, the newest first, 8 at most.
func TestCommandStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &commandStream{input: 2}
		want := map[uint32]byte{}
		var tick, ack uint32 = 10, 0
		for range rapid.IntRange(1, 60).Draw(t, "commands") {
			tick = uint32(max(1, int(tick)+rapid.IntRange(-3, 4).Draw(t, "step")))
			ack = max(ack, uint32(rapid.IntRange(0, int(tick)).Draw(t, "ack")))
			for named := range want {
				if named >= tick || named <= ack {
					delete(want, named)
				}
			}
			b := rapid.Byte().Draw(t, "payload")
			want[tick] = b
			if len(want) > schema.MaxCommands {
				delete(want, slices.Min(slices.Collect(maps.Keys(want))))
			}
			s.add(tick, []byte{b}, ack)
			if s.n < 1 || s.n > schema.MaxCommands || s.log[0].Tick != tick {
				t.Fatalf("%d commands, the first for tick %d, want %d", s.n, s.log[0].Tick, tick)
			}
			for i, c := range s.log[:s.n] {
				if i > 0 && c.Tick >= s.log[i-1].Tick {
					t.Fatalf("tick %d after tick %d", c.Tick, s.log[i-1].Tick)
				}
				if b, ok := want[c.Tick]; !ok || c.Payload[0] != b || c.Input != 2 {
					t.Fatalf("tick %d repeats %v, want %v", c.Tick, c.Payload, want)
				}
			}
			if s.n != len(want) {
				t.Fatalf("%d commands repeated of %d", s.n, len(want))
			}
		}
	})
}

// Commands that do not fit into a packet together are left out, the oldest first.
func TestPackFits(t *testing.T) {
	l := &commandLog{}
	s := l.stream(1)
	for n := range 8 {
		s.add(uint32(10+n), make([]byte, 400+n), 0)
	}
	packed := l.pack(s, maxCommands)
	var r schema.CommandReader
	got, err := r.Read(packed)
	if err != nil || len(packed) > maxCommands || len(got) != 2 || got[0].Tick != 17 {
		t.Errorf("%d bytes with %d commands, %v", len(packed), len(got), err)
	}
	if l.pack(s, 100) != nil {
		t.Error("a command was packed that does not fit")
	}
}
