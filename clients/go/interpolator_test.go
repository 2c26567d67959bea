package client

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

func detachedInterpolator() *Interpolator[walker] {
	return &Interpolator[walker]{
		room: detachedRoom(20), tracks: map[state.ID]*track[walker]{},
		leaves: leavesOf(reflect.TypeFor[walker](), walkerColumns),
	}
}

func TestInterpolatorSamples(t *testing.T) {
	i := detachedInterpolator()
	const id = 7
	see := func(at tick.Tick, w walker) { i.saw(id, w, at); i.frame = at }
	see(10, walker{X: 1, Aim: 3, HP: 9, Name: "a"})
	i.frame = 11 // a frame in which the row did not change
	i.frame = 12
	see(13, walker{X: 2, Aim: -3, HP: 8, Name: "b"})
	see(14, walker{X: 4, Aim: -3, HP: 7, Name: "b"})
	for _, c := range []struct {
		name string
		play float64
		ok   bool
		x    float32
		aim  float64
		hp   uint8
	}{
		{"before it was there", 9.9, false, 0, 0, 0},
		{"at the first frame", 10, true, 1, 3, 9},
		{"while it stands still", 12, true, 1, 3, 9},
		{"half way, the angle the short way round", 12.5, true, 1.5, math.Pi, 9},
		{"three quarters, beyond the turn", 12.75, true, 1.75, -3 - (2*math.Pi-6)/4, 9},
		{"between the next two", 13.5, true, 3, -3, 8},
		{"beyond the newest it waits", 20, true, 4, -3, 7},
	} {
		i.play = c.play
		got, ok := i.sample(i.tracks[id])
		if ok != c.ok || math.Abs(float64(got.X-c.x)) > 1e-5 || math.Abs(turn(float64(got.Aim), c.aim)) > 1e-5 || got.HP != c.hp {
			t.Errorf("%s (tick %.2f): %+v %v, want X %v Aim %v HP %v", c.name, c.play, got, ok, c.x, c.aim, c.hp)
		}
	}
	i.lost(id, 15)
	for play, want := range map[float64]bool{14.9: true, 15: false} {
		i.play = play
		if _, ok := i.sample(i.tracks[id]); ok != want {
			t.Errorf("a row removed in tick 15 is drawn at %v: %v", play, ok)
		}
	}
	i.frame = 15 + 4*20 + 1
	if i.sweep(); len(i.tracks) != 0 || len(i.gone) != 0 {
		t.Error("a row removed long ago is kept")
	}
}

// A row that starts to move after a pause without frames is not drawn as if it
// had moved all along.
func TestInterpolatorAfterAPause(t *testing.T) {
	i := detachedInterpolator()
	i.saw(1, walker{X: 1}, 10)
	i.frame = 10
	i.saw(1, walker{X: 2}, 30)
	i.play = 28
	if got, _ := i.sample(i.tracks[1]); got.X != 1 {
		t.Fatalf("X %v at tick 28, want 1", got.X)
	}
	i.play = 29
	if got, _ := i.sample(i.tracks[1]); got.X != 1.5 {
		t.Fatalf("X %v at tick 29, want 1.5", got.X)
	}
}

func TestInterpolatorForgetsOldMoments(t *testing.T) {
	i := detachedInterpolator()
	for n := tick.Tick(1); n <= 200; n++ {
		i.saw(1, walker{X: float32(n)}, n)
		i.frame = n
	}
	past := i.tracks[1].past
	if len(past) != maxMoments || past[len(past)-1].tick != 200 {
		t.Fatalf("%d moments, the last of tick %v", len(past), past[len(past)-1].tick)
	}
}

// With frames at regular times the drawn tick runs evenly, two ticks behind.
func TestInterpolatorPlaysEvenly(t *testing.T) {
	i := detachedInterpolator()
	start := time.Unix(1000, 0)
	period := 50 * time.Millisecond
	i.room.clock.reset(20, 100, 0, start)
	last := 0.0
	for frame := range 100 {
		now := start.Add(time.Duration(frame) * period)
		i.room.clock.framed(tick.Tick(100+frame), now)
		for part := range 3 {
			at := now.Add(time.Duration(part) * period / 3)
			play := i.Tick(at)
			if want := 100 + float64(frame) + float64(part)/3 - minDelay; math.Abs(play-want) > 0.05 {
				t.Fatalf("frame %d + %d/3: drawn tick %.3f, want %.3f", frame, part, play, want)
			}
			if play < last {
				t.Fatalf("the drawn tick went back from %v to %v", last, play)
			}
			last = play
		}
	}
}

// When frames start to arrive unevenly the distance grows, without a jump.
func TestInterpolatorAdaptsToJitter(t *testing.T) {
	i := detachedInterpolator()
	start := time.Unix(1000, 0)
	period := 50 * time.Millisecond
	i.room.clock.reset(20, 100, 0, start)
	last, lastAt := 0.0, start
	for frame := range 400 {
		now := start.Add(time.Duration(frame) * period)
		if frame > 100 && frame%3 == 0 {
			now = now.Add(40 * time.Millisecond)
		}
		i.room.clock.framed(tick.Tick(100+frame), now)
		play := i.Tick(now)
		if frame > 0 {
			speed := (play - last) * period.Seconds() / now.Sub(lastAt).Seconds()
			if speed < 0.85 || speed > 1.15 {
				t.Fatalf("frame %d: played at %.2f × real time", frame, speed)
			}
		}
		last, lastAt = play, now
	}
	if behind := i.room.clock.ArrivedTick(lastAt) - last; behind < minDelay+0.3 {
		t.Fatalf("only %.2f ticks behind although frames jitter by %v", behind, i.room.clock.Jitter())
	}
}
