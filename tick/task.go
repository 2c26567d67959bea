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

	state    atomic.Uint32 // taskRunning and its neighbours
	dilation dilation

	// The loop's goroutine only:
	lane     *lane         // nil before the loop has taken the task
	seat     int           // in the lane's tasks, while awake
	earliest time.Duration // deadlines of the lane before it are not the task's
	alarm    appointment   // ends a sleep that has an end
}

// What a task is doing. Wake moves running → nudged and asleep → waking; the loop does the rest.
const (
	taskRunning uint32 = iota // it is in its lane
	taskNudged                // the same, and was woken since its last step began: it may not fall asleep now
	taskAsleep                // it is out of its lane, perhaps with an alarm
	taskWaking                // it was asleep, and is posted to its loop
	taskStopped               // it is over
)

func newTask(rate Rate, st Stepper) *Task {
	t := &Task{stepper: st, rate: rate}
	t.alarm = appointment{place: -1, task: t}
	return t
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
