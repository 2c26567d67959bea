package client

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// lossyRoom is a room on a connection with datagrams, which go nowhere.
func lossyRoom(tb testing.TB) (*Client, *Room) {
	tb.Helper()
	c, room, _, _ := playingClient(tb)
	c.send.use(lossyNowhere{})
	return c, room
}

type lossyNowhere struct{ nowhere }

func (lossyNowhere) Datagram([]byte) error { return nil }
func (lossyNowhere) DatagramSize() int     { return 1169 }

// Messages come in their order, none before the state of its tick unless it
// waits for a second or too many wait, and none is lost.
func TestBacklog(t *testing.T) {
	_, room := lossyRoom(t)
	b := schema.NewBuilder()
	var got []int
	room.OnMessage(func(m Message) {
		n, _ := strconv.Atoi(m.Name)
		got = append(got, n)
	})
	rapid.Check(t, func(t *rapid.T) {
		got = nil
		room.backlog.forget()
		room.applied.Store(1)
		now := time.Unix(1000, 0)
		type sent struct {
			tick uint32
			at   time.Time
		}
		var all []sent
		for n := range rapid.IntRange(1, 400).Draw(t, "messages") {
			now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "ms")) * time.Millisecond)
			tick := uint32(n/4) + 2
			all = append(all, sent{tick, now})
			room.backlog.take(room, schema.KindMessage, tick, b.Message(tick, strconv.Itoa(n), nil), now)
			if rapid.IntRange(0, 5).Draw(t, "frame") == 0 {
				room.applied.Store(max(room.applied.Load(), tick-uint32(rapid.IntRange(0, 2).Draw(t, "behind"))))
			}
			room.backlog.release(room, now, false)
			if len(got) > 0 && !slices.IsSorted(got) || len(got) > 0 && got[len(got)-1] != len(got)-1 {
				t.Fatalf("came as %v", got)
			}
			if waiting := len(all) - len(got); waiting > backlogItems {
				t.Fatalf("%d wait", waiting)
			} else if waiting > 0 {
				if next := all[len(got)]; next.tick <= room.applied.Load() || now.Sub(next.at) >= backlogWait {
					t.Fatalf("the message of tick %d waits for %v at tick %d", next.tick, now.Sub(next.at), room.applied.Load())
				}
			}
			if last := len(got) - 1; last >= 0 && len(all)-len(got) < backlogItems-1 && all[last].tick > room.applied.Load() && now.Sub(all[last].at) < backlogWait && len(all) < backlogItems {
				t.Fatalf("the message of tick %d came at tick %d", all[last].tick, room.applied.Load())
			}
		}
		room.backlog.release(room, now, true)
		if len(got) != len(all) || room.backlog.bytes != 0 {
			t.Fatalf("%d of %d came, %d bytes are left", len(got), len(all), room.backlog.bytes)
		}
	})
}

func TestInbox(t *testing.T) {
	var b inbox
	if b.next() != nil {
		t.Error("an empty inbox has a message")
	}
	for round := range 3 {
		for n := range 4 {
			_ = b.put([]byte{byte(round), byte(n)})
		}
		for n := range 4 {
			if msg := b.next(); len(msg) != 2 || msg[0] != byte(round) || msg[1] != byte(n) {
				t.Fatalf("message %d of round %d: %v", n, round, msg)
			}
		}
		if b.next() != nil {
			t.Fatal("one more came")
		}
	}
	_ = b.put(make([]byte, 1<<20))
	if len(b.next()) != 1<<20 || b.next() != nil || cap(b.data) != 0 {
		t.Error("a large message's memory is kept")
	}
}

func TestTimingReports(t *testing.T) {
	c := newClock()
	c.reset(20, 1, 0, time.Unix(1000, 0))
	for _, r := range []struct {
		name            string
		margin, missing int
		want            float64
	}{
		{"one was lost", -1, 1, 0},
		{"some came late", -1, 3, 0.5},
		{"all came late", -3, 20, 3.5},
		{"just in time", 0, 0, 3.5},
		{"early", 2, 0, 3.3},
		{"very late", -30, 20, 7.3},
		{"very late again", -30, 20, maxLate},
	} {
		if c.timed(r.margin, r.missing); c.correction != r.want {
			t.Errorf("%s: the lead is corrected by %v, want %v", r.name, c.correction, r.want)
		}
	}
	for range 100 {
		c.timed(5, 0)
	}
	if c.correction != 0 {
		t.Errorf("the lead is corrected by %v for good", c.correction)
	}
}

// However the round trip and the reports change, the pace of command ticks
// leaves the server's by a twentieth at most.
func TestCommandsAreEvenlyPaced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newClock()
		start := time.Unix(1000, 0)
		c.reset(20, 1, 50*time.Millisecond, start)
		last := 0.0
		for n := range 60 * 20 { // 60 samples a second, for 20 seconds
			now := start.Add(time.Duration(n) * time.Second / 60)
			if n%3 == 0 {
				c.framed(tick.Tick(2+n/3), now)
			}
			if n > 180 && n%60 == 0 {
				c.setRTT(time.Duration(rapid.IntRange(50, 200).Draw(t, "rtt")) * time.Millisecond)
				c.timed(rapid.IntRange(-1, 3).Draw(t, "margin"), rapid.IntRange(0, 9).Draw(t, "missing"))
			}
			c.CommandTick(now)
			if pace := (c.head - last) * 3; n > 180 && (pace < 1-1.01*clockSlew || pace > 1+1.01*clockSlew) {
				t.Fatalf("sample %d: command ticks pass at %.3f of the server's pace", n, pace)
			}
			last = c.head
		}
	})
}
