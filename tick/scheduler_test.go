package tick_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// room is a Stepper that notes when it was stepped and does what the test wants.
type room struct {
	on func(n int) tick.Next // n counts from 1

	mu   sync.Mutex
	made []step // guarded by mu
}

type step struct {
	deadline time.Time
	late     time.Duration
	at       time.Time
}

func (r *room) Step(deadline time.Time, late time.Duration) tick.Next {
	r.mu.Lock()
	r.made = append(r.made, step{deadline, late, time.Now()})
	n := len(r.made)
	r.mu.Unlock()
	if r.on != nil {
		return r.on(n)
	}
	return tick.Next{}
}

// steps returns the steps made so far.
func (r *room) steps() []step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.made)
}

// schedule runs the test in a bubble of virtual time, in which steps take no time unless they sleep.
func schedule(t *testing.T, config tick.SchedulerConfig, test func(t *testing.T, s *tick.Scheduler)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := tick.NewScheduler(config)
		defer s.Close()
		test(t, s)
	})
}

// pass lets virtual time go on, and waits until the loops are idle.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestStepsKeepTheirAbsoluteDeadlines(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		r := &room{on: func(int) tick.Next { time.Sleep(7 * time.Millisecond); return tick.Next{} }}
		s.Add(30, r)
		pass(10 * time.Second)
		if n := len(r.steps()); n != 301 {
			t.Fatalf("%d steps in 10 s at 30 Hz", n)
		}
		for i, st := range r.steps() {
			if want := r.steps()[0].deadline.Add(time.Duration(i) * tick.Rate(30).Period()); !st.deadline.Equal(want) || !st.at.Equal(want) || st.late != 0 {
				t.Fatalf("step %d: deadline %v, at %v, late %v; want %v", i, st.deadline, st.at, st.late, want)
			}
		}
	})
}

func TestPhasesOfARateAreSpread(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		const period = 50 * time.Millisecond
		var rooms []*room
		for range 500 {
			r := &room{}
			rooms = append(rooms, r)
			s.Add(20, r)
			if n := len(rooms); n == 2 || n == 50 || n == 500 {
				pass(2 * period)
				checkSpread(t, rooms, period)
			}
		}
	})
}

// checkSpread fails unless the last steps of the rooms lie evenly in a period.
func checkSpread(t *testing.T, rooms []*room, period time.Duration) {
	t.Helper()
	perSlot := map[time.Duration]int{}
	for _, r := range rooms {
		last := r.steps()[len(r.steps())-1].deadline
		perSlot[time.Duration(last.UnixNano())%period]++
	}
	slots := int(period / (2 * time.Millisecond))
	if want := min(len(rooms), slots); len(perSlot) != want {
		t.Errorf("%d rooms use %d phases, want %d", len(rooms), len(perSlot), want)
	}
	for phase, n := range perSlot {
		if n > (len(rooms)+slots-1)/slots {
			t.Errorf("%d of %d rooms share the phase %v", n, len(rooms), phase)
		}
	}
	if len(rooms) == 2 {
		gap := rooms[0].steps()[1].deadline.Sub(rooms[1].steps()[0].deadline).Abs() % period
		if gap < period/4 || gap > 3*period/4 {
			t.Errorf("two rooms are %v apart in a period of %v", gap, period)
		}
	}
}

func TestAStallIsCaughtUpByTwoSteps(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		const period = 50 * time.Millisecond
		r := &room{on: func(n int) tick.Next {
			if n == 10 {
				time.Sleep(10*period + period/2)
			}
			return tick.Next{}
		}}
		task := s.Add(20, r)
		pass(2 * time.Second)

		stalled := r.steps()[9].at.Add(10*period + period/2)
		for i, st := range r.steps()[10:13] {
			// Two steps run at once to catch up; the next is on its phase again.
			if atOnce := st.at.Equal(stalled); atOnce != (i < 2) {
				t.Errorf("step %d after the stall runs %v after it", i+1, st.at.Sub(stalled))
			}
		}
		for _, st := range r.steps() {
			if r.steps()[0].deadline.Sub(st.deadline)%period != 0 {
				t.Errorf("the deadline %v left the phase", st.deadline)
			}
		}
		if d := task.Dilation(); d < 0.5 || d >= 1 {
			t.Errorf("dilation soon after the stall is %v", d)
		}
		pass(10 * time.Second)
		if d := task.Dilation(); d != 1 {
			t.Errorf("dilation long after the stall is %v", d)
		}
	})
}

func TestOverloadDilates(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		// Four rooms that need 20 ms of every 50 ms each: the loop manages 5/8 of it.
		slow := func(int) tick.Next { time.Sleep(20 * time.Millisecond); return tick.Next{} }
		var rooms []*room
		var tasks []*tick.Task
		for range 4 {
			rooms = append(rooms, &room{on: slow})
			tasks = append(tasks, s.Add(20, rooms[len(rooms)-1]))
		}
		time.Sleep(20 * time.Second) // the loop is never idle, so do not wait for it
		for i, task := range tasks {
			if d := task.Dilation(); d < 0.55 || d > 0.7 {
				t.Errorf("dilation of room %d is %v, want about 5/8", i, d)
			}
		}
		s.Close()
		for i, r := range rooms {
			if n := len(r.steps()); n < 240 || n > 260 {
				t.Errorf("room %d made %d steps in 20 s, want 250", i, n)
			}
			for _, st := range r.steps() {
				if st.late > 4*50*time.Millisecond {
					t.Fatalf("room %d is %v late: its schedule does not slide", i, st.late)
				}
			}
		}
	})
}

func TestStopRemoves(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		stopping := &room{on: func(n int) tick.Next { return tick.Next{Stop: n == 3} }}
		other := &room{}
		task := s.Add(20, stopping)
		s.Add(20, other)
		pass(time.Second)
		task.Wake()
		pass(time.Second)
		if n := len(stopping.steps()); n != 3 {
			t.Errorf("the stopped task made %d steps, want 3", n)
		}
		if n := len(other.steps()); n < 40 {
			t.Errorf("the other task made %d steps, want 40", n)
		}
	})
}

func TestAPanicStopsTheTaskOnly(t *testing.T) {
	var log bytes.Buffer
	config := tick.SchedulerConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	schedule(t, config, func(t *testing.T, s *tick.Scheduler) {
		broken := &room{on: func(n int) tick.Next { panic("the rules are broken") }}
		other := &room{}
		s.Add(20, broken)
		s.Add(20, other)
		pass(time.Second)
		if len(broken.steps()) != 1 || len(other.steps()) < 20 {
			t.Errorf("the panicking task made %d steps, the other %d", len(broken.steps()), len(other.steps()))
		}
		if text := log.String(); !strings.Contains(text, "the rules are broken") || !strings.Contains(text, "tick_test.room") {
			t.Errorf("the log says %q", text)
		}
	})
}

func TestAddChoosesTheLeastLoadedLoop(t *testing.T) {
	schedule(t, tick.SchedulerConfig{Loops: 2}, func(t *testing.T, s *tick.Scheduler) {
		// A room that holds up its loop for ever holds up only what shares the loop.
		release := make(chan struct{})
		defer close(release)
		s.Add(60, &room{on: func(int) tick.Next { <-release; return tick.Next{} }})
		var rooms []*room
		for range 3 {
			rooms = append(rooms, &room{})
			s.Add(20, rooms[len(rooms)-1])
		}
		pass(time.Second)
		for i, r := range rooms {
			if len(r.steps()) < 20 {
				t.Errorf("room %d made %d steps beside a busier loop", i, len(r.steps()))
			}
		}
	})
}

func TestAfterBatchFollowsEveryWake(t *testing.T) {
	unsent := 0 // of the only loop's goroutine
	var sent, batches atomic.Int64
	config := tick.SchedulerConfig{AfterBatch: func() {
		if unsent == 0 {
			t.Error("AfterBatch without a step")
		}
		sent.Add(int64(unsent))
		batches.Add(1)
		unsent = 0
	}}
	schedule(t, config, func(t *testing.T, s *tick.Scheduler) {
		for range 100 {
			s.Add(20, &room{on: func(int) tick.Next { unsent++; return tick.Next{} }})
		}
		pass(49 * time.Millisecond) // all have joined
		steps, wakes := -sent.Load(), -batches.Load()
		pass(time.Second)
		steps, wakes = steps+sent.Load(), wakes+batches.Load()
		// 100 rooms share the 25 slots of the period in fours, and the steps take no time.
		if steps != 2000 || wakes != 500 {
			t.Errorf("%d steps were followed by %d calls, want 2000 by 500", steps, wakes)
		}
	})
}

func TestALongBatchIsCut(t *testing.T) {
	unsent := 0
	config := tick.SchedulerConfig{AfterBatch: func() { unsent = 0 }}
	schedule(t, config, func(t *testing.T, s *tick.Scheduler) {
		for range 5000 { // 10 a slot, each of which takes 0.1 ms
			s.Add(1, &room{on: func(int) tick.Next {
				if unsent++; unsent > 10 {
					t.Errorf("%d steps of 0.1 ms in a batch", unsent)
				}
				time.Sleep(100 * time.Microsecond)
				return tick.Next{}
			}})
		}
		pass(2 * time.Second)
	})
}

func TestOnLateHearsEveryStep(t *testing.T) {
	var lates []time.Duration
	config := tick.SchedulerConfig{OnLate: func(late time.Duration) { lates = append(lates, late) }}
	schedule(t, config, func(t *testing.T, s *tick.Scheduler) {
		r := &room{on: func(n int) tick.Next { time.Sleep(120 * time.Millisecond); return tick.Next{Stop: n == 3} }}
		s.Add(10, r)
		pass(time.Second)
		want := []time.Duration{0, 20 * time.Millisecond, 40 * time.Millisecond}
		if len(lates) != 3 || lates[0] != want[0] || lates[1] != want[1] || lates[2] != want[2] {
			t.Errorf("lateness %v, want %v", lates, want)
		}
		for i, st := range r.steps() {
			if st.late != lates[i] || st.at.Sub(st.deadline) != st.late {
				t.Errorf("step %d says %v late, OnLate %v, the clock %v", i, st.late, lates[i], st.at.Sub(st.deadline))
			}
		}
	})
}

func TestNothingRunsAfterClose(t *testing.T) {
	schedule(t, tick.SchedulerConfig{Loops: 3}, func(t *testing.T, s *tick.Scheduler) {
		before, after := &room{}, &room{}
		sleeper := &room{on: func(int) tick.Next { return tick.Next{Sleep: true} }}
		s.Add(20, before)
		asleep := s.Add(20, sleeper)
		pass(time.Second)
		s.Close()
		n := len(before.steps())
		dead := s.Add(20, after)
		dead.Wake()
		asleep.Wake()
		pass(time.Second)
		if len(before.steps()) != n || len(after.steps()) != 0 || len(sleeper.steps()) != 1 {
			t.Errorf("steps after Close: %d, %d, %d", len(before.steps())-n, len(after.steps()), len(sleeper.steps())-1)
		}
		s.Close()
	})
}

func TestAddRefusesARateThatCannotBe(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		defer func() {
			if recover() == nil {
				t.Error("Add(0, …) returned")
			}
		}()
		s.Add(0, &room{})
	})
}

func TestANewTaskDoesNotCatchUpForItsLane(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		const perPhase = 2 // a 128 Hz period has three phases: the seventh room joins the first in its lane
		late := &room{}
		first := &room{}
		first.on = func(n int) tick.Next {
			if n == 10 {
				s.Add(128, late)
				time.Sleep(200 * time.Millisecond)
			}
			return tick.Next{}
		}
		s.Add(128, first)
		for range 3*perPhase - 1 {
			s.Add(128, &room{})
		}
		pass(time.Second)
		for i, st := range late.steps() {
			if st.late != 0 {
				t.Errorf("step %d of a room added during a stall is %v late", i+1, st.late)
			}
		}
		if a, b := first.steps(), late.steps(); a[len(a)-1].deadline != b[len(b)-1].deadline {
			t.Error("the rooms do not share a lane: the test tests nothing")
		}
	})
}
