package host

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

type pointer struct {
	Name string
	X, Y float32
}

// sink is a link that counts.
type sink struct{ frames, bytes int }

func (s *sink) Message(schema.Header, []byte) {}
func (s *sink) Offer(_ schema.Header, body []byte) bool {
	s.frames++
	s.bytes += len(body)
	return true
}
func (s *sink) Flush()                    {}
func (s *sink) Pending() int              { return 0 }
func (s *sink) Over() bool                { return false }
func (s *sink) Done()                     {}
func (s *sink) Close(schema.Code, string) {}

// newBenchRoom is a room of n members that a benchmark steps itself.
func newBenchRoom(tb testing.TB, h *Host, s *tick.Scheduler, n int) (*room, []*Seat, [][]byte) {
	kind := presence.Define("pointers", presence.Room[pointer]{MaxMembers: n, Hz: 20})
	if kind.Err() != nil {
		tb.Fatal(kind.Err())
	}
	r := newRoom(h, kind, "pointers/bench")
	stepped := make(chan struct{}, 1)
	r.task = s.Add(20, idleStepper{stepped})
	<-stepped // what the scheduler allocates for a new task is not the room's
	var seats []*Seat
	for i := range n {
		seat := &Seat{room: r, request: OpenRequest{Room: r.name, User: presence.User{ID: fmt.Sprint("user-", i)}}}
		r.held++ // as Open does
		if err := seat.Enter(new(sink)); err != nil {
			tb.Fatal(err)
		}
		seats = append(seats, seat)
	}
	codec, args, _ := value.BindArgs[pointer]()
	var shows [][]byte
	for i := range 8 {
		row, _ := codec.Encode(&pointer{X: float32(i), Y: 2}, value.Meta{})
		shows = append(shows, schema.NewBuilder().Show(args.Collection().PatchOf(row, 0), ""))
	}
	return r, seats, shows
}

// idleStepper does nothing, and says so.
type idleStepper struct{ stepped chan<- struct{} }

func (i idleStepper) Step(time.Time, time.Duration) tick.Next {
	select {
	case i.stepped <- struct{}{}:
	default:
	}
	return tick.Next{Sleep: true}
}

// BenchmarkRoom is the whole of a room's tick but the network: 20 Shows come
// in, and each member gets its Crowd.
func BenchmarkRoom(b *testing.B) {
	s := tick.NewScheduler(tick.SchedulerConfig{})
	defer s.Close()
	h := &Host{cfg: Config{Logger: slog.New(slog.DiscardHandler), IdleAfter: time.Hour}}
	r, seats, shows := newBenchRoom(b, h, s, 20)
	head, now := schema.Header{Kind: schema.KindShow}, time.Now()
	at := 0
	step := func() {
		at++
		for _, seat := range seats {
			_ = seat.Receive(head, shows[at%8])
		}
		now = now.Add(50 * time.Millisecond)
		r.Step(now, 0)
	}
	for range 10 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(seats)), "ns/member")
}

// BenchmarkJoin is 10,000 members who come into 100 rooms and leave.
func BenchmarkJoin(b *testing.B) {
	kind := presence.Define("pointers", presence.Room[pointer]{})
	for b.Loop() {
		s := tick.NewScheduler(tick.SchedulerConfig{Loops: 2})
		h, err := New(Config{Scheduler: s, Kinds: []presence.Kind{kind}})
		if err != nil {
			b.Fatal(err)
		}
		for i := range 10_000 {
			seat, err := h.Open(context.Background(), OpenRequest{Room: fmt.Sprint("pointers/", i%100), User: presence.User{ID: fmt.Sprint("user-", i%5000)}})
			if err != nil {
				b.Fatal(err)
			}
			if err := seat.Enter(new(sink)); err != nil {
				b.Fatal(err)
			}
		}
		h.Close()
		s.Close()
	}
}

// TestNoAllocation: a message and a step allocate nothing.
func TestNoAllocation(t *testing.T) {
	s := tick.NewScheduler(tick.SchedulerConfig{})
	defer s.Close()
	h := &Host{cfg: Config{Logger: slog.New(slog.DiscardHandler), IdleAfter: time.Hour}}
	r, seats, shows := newBenchRoom(t, h, s, 20)
	head, now := schema.Header{Kind: schema.KindShow}, time.Now()
	at := 0
	step := func() {
		at++
		for _, seat := range seats {
			if err := seat.Receive(head, shows[at%8]); err != nil {
				t.Error(err)
			}
		}
		now = now.Add(50 * time.Millisecond)
		r.Step(now, 0)
	}
	for range 50 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n > 0 {
		t.Errorf("a step with 20 Shows allocates %g times", n)
	}
	if f := r.seats[3].link.(*sink).frames; f < 100 {
		t.Errorf("%d frames", f)
	}
}
