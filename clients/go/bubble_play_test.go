package client_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// player plays in the bubble: it draws the crowd at 60 Hz, walks, and shouts
// now and then.
type player struct {
	room  *client.Room
	drawn *client.Interpolator[crowdRow]
	me    *client.Predictor[playerRow, step]

	// Of the room's callbacks.
	events, messages []uint32 // their numbers, as they came
	early            int      // events that came before the state of their tick
	shouts           uint32   // that were sent

	last      float32
	moved     time.Time
	samples   int
	off, back int
	gap       time.Duration
	most      float64 // of a step, in steps at the right speed
}

func newPlayer(b *bubble, c *client.Client) *player {
	p := &player{}
	p.room = b.join(c, func(r *client.Room) {
		if _, err := client.OnEvent(r, "Heard", func(h heard) {
			p.events = append(p.events, h.Shouts)
			if uint32(r.Tick()) < h.Tick {
				p.early++
			}
		}); err != nil {
			b.t.Error(err)
		}
		r.OnMessage(func(m client.Message) {
			var n uint32
			_, _ = fmt.Sscan(string(m.Data), &n)
			p.messages = append(p.messages, n)
		})
	})
	var err error
	if p.drawn, err = client.NewInterpolator[crowdRow](p.room, "Crowd"); err != nil {
		b.t.Fatal(err)
	}
	if p.me, err = client.NewPredictor(p.room, "Players", stepPlayer); err != nil {
		b.t.Fatal(err)
	}
	return p
}

// play runs the player's loop for a while; measure: what it draws counts.
func (p *player) play(t *testing.T, span time.Duration, measure bool) {
	t.Helper()
	p.moved = time.Now()
	for n := 0; n < int(span*60/time.Second); n++ {
		now := time.Now()
		if _, err := p.me.Advance(now, step{X: int8(n/90%3 - 1)}); err != nil {
			t.Fatal(err)
		}
		if n%40 == 0 {
			if _, err := client.SendEvent(p.room, call{p.shouts}); err == nil {
				p.shouts++
			}
		}
		row, ok := p.drawn.Sample(state.ID(1<<20), now)
		if ok && measure && p.samples+n > 0 {
			p.sampled(row.X, now)
		}
		p.last = row.X
		time.Sleep(time.Second / 60)
	}
}

// sampled judges one sample against the one before.
func (p *player) sampled(x float32, now time.Time) {
	p.samples++
	moved := float64(x-p.last) / (crowdSpeed / 60.0)
	p.most = max(p.most, moved)
	if moved > 0 {
		p.moved = now
	}
	p.gap = max(p.gap, now.Sub(p.moved))
	if moved < 0 {
		p.back++
	}
	if math.Abs(moved-1) > 0.1 {
		p.off++
	}
}

func inOrder(got []uint32, n uint32) bool {
	for i, v := range got {
		if v != uint32(i+1) {
			return false
		}
	}
	return uint32(len(got)) == n
}

// Behind a bad network everything that must arrive does, once and in order and
// not before its tick; the state is the server's; and it looks smooth.
func TestBadNetworks(t *testing.T) {
	for _, rtt := range []time.Duration{0, 50, 150, 300} {
		for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
			if testing.Short() && !(rtt == 150 && loss >= 0.05) {
				continue
			}
			t.Run(fmt.Sprintf("%dms %.0f%%", rtt, 100*loss), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					playBehind(t, netsim.Config{
						Loss: loss, Delay: rtt * time.Millisecond / 2, Jitter: 10 * time.Millisecond,
						Dup: 0.01, Reorder: 0.02, Seed: 5,
					})
				})
			})
		}
	}
}

func playBehind(t *testing.T, cfg netsim.Config) {
	b := newBubble(t, 1500, cfg) // frames of two or three parts
	p := newPlayer(b, b.dial(client.Options{}))
	p.play(t, 4*time.Second, false)
	early := p.me.Corrections()
	p.play(t, 30*time.Second, true)
	time.Sleep(3 * time.Second) // for the last shouts
	s := p.room.Client().Stats()
	off := float64(p.off) / float64(p.samples)
	t.Logf("off %5.2f %%  backward %d  longest gap %v  corrections %d + %d  lead %+.2f  down %.0f B/s  up %.0f B/s  dropped %d",
		100*off, p.back, p.gap.Round(time.Millisecond), early, p.me.Corrections()-early, p.room.Clock().Correction(), float64(s.BytesIn)/37, float64(s.BytesOut)/37, s.Dropped)
	p.room.View(func() {
		if !inOrder(p.events, p.shouts) || !inOrder(p.messages, p.shouts) {
			t.Errorf("of %d shouts %d events and %d messages came, not each once and in order", p.shouts, len(p.events), len(p.messages))
		}
		if p.early > 0 {
			t.Errorf("%d events came before the state of their tick", p.early)
		}
		if v, err := client.Table[scoreRow](p.room, "Score"); err != nil || v.Value().Shouts != p.shouts {
			t.Errorf("the score is %+v, want %d: %v", v.Value(), p.shouts, err)
		}
	})
	if s.Desyncs+s.BadFrames+s.Errors+s.Disconnects != 0 {
		t.Errorf("stats %+v", s)
	}
	limit := 0.01
	if cfg.Loss > 0.1 {
		limit = 0.06
	}
	if p.back > 0 || off > limit {
		t.Errorf("off %.2f %%, %d backward steps", 100*off, p.back)
	}
}

// watch counts frames, and when the last keyframe came.
type watcher struct {
	frames   int
	newest   tick.Tick
	keyframe time.Time
}

func (b *bubble) watched(o client.Options) (*client.Room, *watcher) {
	w := &watcher{}
	return b.join(b.dial(o), func(r *client.Room) {
		r.OnFrame(func(f client.Frame) {
			w.frames++
			w.newest = max(w.newest, f.Tick)
			if f.Keyframe {
				w.keyframe = f.Arrived
			}
		})
	}), w
}

func (w *watcher) seen(r *client.Room) (got watcher) {
	r.View(func() { got = *w })
	return got
}

// A client whose address changes goes on in its session.
func TestAddressChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, 10, netsim.Config{Delay: 50 * time.Millisecond, Loss: 0.05, Seed: 1})
		room, w := b.watched(client.Options{})
		time.Sleep(time.Second)
		if err := room.Client().Rebind(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		before := w.seen(room)
		time.Sleep(time.Second)
		if after := w.seen(room); after.newest < before.newest+17 {
			t.Errorf("in a second the frames went from tick %d to %d", before.newest, after.newest)
		}
		if s := room.Client().Stats(); s.Disconnects != 0 || s.Keyframes != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

// A server that is killed and started again has its players back within two
// seconds, if they hear of its death at once or not.
func TestKilledServer(t *testing.T) {
	for _, down := range []time.Duration{100 * time.Millisecond, 3 * time.Second, 25 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			b := newBubble(t, 10, netsim.Config{Delay: 25 * time.Millisecond, Loss: 0.01})
			room, w := b.watched(client.Options{})
			time.Sleep(time.Second)
			b.kill()
			time.Sleep(down)
			b.start()
			began := time.Now()
			time.Sleep(2 * time.Second)
			got := w.seen(room)
			if !got.keyframe.After(began) || room.Client().Transport() != "udp" {
				t.Errorf("down for %v: not in a room 2 s after the return: %+v", down, room.Client().Stats())
			} else {
				t.Logf("down for %v: back after %v", down, got.keyframe.Sub(began))
			}
		})
	}
}

// Whoever knows the session's ID can send Rejects, but not end the session.
func TestForgedRejects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBubble(t, 10, netsim.Config{Delay: 20 * time.Millisecond})
		room, w := b.watched(client.Options{})
		forged := 0
		for range 200 {
			forged += b.forgeReject()
			time.Sleep(20 * time.Millisecond)
		}
		if got := w.seen(room); forged < 100 || got.newest < 75 || room.Client().Stats().Disconnects != 0 {
			t.Errorf("%d forged, now at tick %d: %+v", forged, got.newest, room.Client().Stats())
		}
	})
}
