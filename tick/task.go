package tick

import (
	"sync/atomic"
	"time"
)

// Task is one Stepper on a Scheduler. Its methods are safe for concurrent use.
type Task struct {
	stepper Stepper
	loop    *loop // nil if added after Close
	rate    Rate
	period  time.Duration

	state    atomic.Uint32 // taskRunning and its neighbours
	dilation dilation

	// The loop's goroutine only:
	deadline time.Duration // of the next step, since the loop's epoch
	earliest time.Duration // one period after the last step's deadline: waking does not come sooner
	place    int           // in the loop's agenda, or -1 without a deadline
	slot     int           // of the period, or -1 before the loop has taken the task
}

// What a task is doing. Wake moves running → nudged and asleep → waking; the loop does the rest.
const (
	taskRunning uint32 = iota // it has a deadline
	taskNudged                // the same, and was woken since its last step began: it may not fall asleep now
	taskAsleep                // it has no deadline, or that of Next.Until
	taskWaking                // it was asleep, and is posted to its loop
	taskStopped               // it is over
)

func newTask(rate Rate, st Stepper) *Task {
	return &Task{stepper: st, rate: rate, period: rate.Period(), place: -1, slot: -1}
}

// Wake ends the task's sleep: its next step comes within one period, at its usual phase. To a task
// that is awake it promises one more step that begins after this call. It never blocks
// for long and costs an atomic load when it was called before, so call it on every input.
func (t *Task) Wake() {
	for {
		switch t.state.Load() {
		case taskRunning:
			if t.state.CompareAndSwap(taskRunning, taskNudged) {
				return
			}
		case taskAsleep:
			if t.state.CompareAndSwap(taskAsleep, taskWaking) {
				t.loop.post(t)
				return
			}
		default:
			return
		}
	}
}

// Dilation is how fast the task's time runs against real time, averaged over about a second of
// it: 1 is real time, 0.8 means that the loop finds the time for 80 % of the steps.
func (t *Task) Dilation() float64 { return t.dilation.load() }

// align returns the task's first deadline at or after at.
func (t *Task) align(at time.Duration) time.Duration {
	phase := time.Duration(t.slot) * slotWidth
	if at <= phase {
		return phase
	}
	periods := (at - phase + t.period - 1) / t.period
	return phase + periods*t.period
}
