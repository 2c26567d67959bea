package tick_test

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/tick"
)

func TestSleepUntilWoken(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		r := &room{on: func(int) tick.Next { return tick.Next{Sleep: true} }}
		task := s.Add(10, r)
		pass(time.Hour)
		if n := len(r.steps()); n != 1 {
			t.Fatalf("%d steps while asleep, want 1", n)
		}
		task.Wake()
		task.Wake()
		woken := time.Now()
		pass(time.Hour)
		if n := len(r.steps()); n != 2 {
			t.Fatalf("%d steps after waking, want 2", n)
		}
		st := r.steps()[1]
		if d := st.at.Sub(woken); d < 0 || d > 100*time.Millisecond || st.late != 0 {
			t.Errorf("woke after %v, %v late", d, st.late)
		}
		if d := st.deadline.Sub(r.steps()[0].deadline); d%(100*time.Millisecond) != 0 {
			t.Errorf("woke off its phase, %v after the first step", d)
		}
		if d := task.Dilation(); d != 1 {
			t.Errorf("sleeping dilated time to %v", d)
		}
	})
}

func TestSleepUntilATime(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		var until time.Time
		r := &room{on: func(n int) tick.Next {
			if n == 1 {
				until = time.Now().Add(1234 * time.Millisecond)
				return tick.Next{Sleep: true, Until: until}
			}
			return tick.Next{Sleep: n > 2, Until: time.Now().Add(time.Minute)} // Until alone is not a sleep
		}}
		task := s.Add(10, r)
		pass(10 * time.Second)
		if n := len(r.steps()); n != 3 {
			t.Fatalf("%d steps, want 3", n)
		}
		if d := r.steps()[1].at.Sub(until); d < 0 || d >= 100*time.Millisecond {
			t.Errorf("slept until %v after the time", d)
		}
		if d := r.steps()[2].at.Sub(r.steps()[1].at); d != 100*time.Millisecond {
			t.Errorf("a step that is awake came after %v", d)
		}
		task.Wake() // before its time
		pass(100 * time.Millisecond)
		if n := len(r.steps()); n != 4 {
			t.Errorf("%d steps after waking early, want 4", n)
		}
	})
}

func TestAWakeDuringTheStepIsNotLost(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		var task *tick.Task
		ready := make(chan struct{})
		r := &room{on: func(n int) tick.Next {
			<-ready
			if n == 1 {
				task.Wake()
			}
			return tick.Next{Sleep: true}
		}}
		task = s.Add(10, r)
		close(ready)
		pass(time.Hour)
		if n := len(r.steps()); n != 2 {
			t.Errorf("%d steps, want 2", n)
		}
	})
}

func TestWakingDoesNotStepTwiceInAPeriod(t *testing.T) {
	schedule(t, tick.SchedulerConfig{}, func(t *testing.T, s *tick.Scheduler) {
		r := &room{on: func(int) tick.Next { return tick.Next{Sleep: true} }}
		task := s.Add(10, r)
		pass(0)
		for range 1000 {
			task.Wake()
			pass(time.Millisecond)
		}
		for i := 1; i < len(r.steps()); i++ {
			if d := r.steps()[i].at.Sub(r.steps()[i-1].at); d != 100*time.Millisecond {
				t.Fatalf("steps %d and %d are %v apart", i-1, i, d)
			}
		}
		if n := len(r.steps()); n < 10 || n > 11 {
			t.Errorf("%d steps in a second of waking, want 10", n)
		}
	})
}
