package tick

import (
	"log/slog"
	"sync"
	"time"
)

// Stepper is what a Scheduler runs: a room.
type Stepper interface {
	// Step makes one fixed step, which was due at deadline and starts late after it. Only the
	// goroutine of the task's loop calls it, one call at a time, and every other task of the
	// loop waits meanwhile: it must not block. A panic is logged and stops the task.
	Step(deadline time.Time, late time.Duration) Next
}

// Next is what a step wants to happen after it. The zero Next continues at the next period.
type Next struct {
	Sleep bool      // do not step until Task.Wake, or until Until
	Until time.Time // ends a sleep; zero: only Wake does
	Stop  bool      // remove the task: it is never stepped again
}

// SchedulerConfig says how a Scheduler runs. Its zero value is one silent loop.
type SchedulerConfig struct {
	Loops  int          // goroutines that step tasks; at least 1
	Logger *slog.Logger // told of tasks that panic; nil discards

	// OnLate, if set, is told before every step how late it starts. It runs on the loops'
	// goroutines, possibly several at once, and must be quick: a histogram's observation.
	OnLate func(late time.Duration)

	// AfterBatch, if set, runs on a loop's goroutine after each batch of steps that the loop made
	// at one wake (a batch ends early after a millisecond). It is the place to send what the steps
	// have queued, once for all of them. Loops may call it at the same time.
	AfterBatch func()
}

// Scheduler steps many tasks, each at its own fixed rate, on a few goroutines. Deadlines are
// absolute: lateness of one step does not move the next. Tasks of one rate are spread
// evenly over the period, in slots of two milliseconds; those of a slot run in one wake.
//
// No step is ever left out. A task that is behind makes up for at most two steps at once; time
// lost beyond that moves its schedule, by whole periods, and Task.Dilation tells.
//
// All methods are safe for concurrent use. The Scheduler owns its goroutines until Close.
type Scheduler struct {
	loops []*loop
	done  sync.WaitGroup

	mu     sync.Mutex
	closed bool  // guarded by mu
	load   []int // guarded by mu; per loop, the sum of its tasks' rates
}

// NewScheduler starts the loops. Close ends them.
func NewScheduler(config SchedulerConfig) *Scheduler {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	count := max(config.Loops, 1)
	s := &Scheduler{load: make([]int, count)}
	epoch := time.Now()
	for i := range count {
		l := newLoop(config, epoch)
		l.removed = func(t *Task) { s.remove(i, t) }
		s.loops = append(s.loops, l)
		s.done.Go(l.run)
	}
	return s
}

// Add begins to step st at rate, on the loop that has the least to do. The first step comes
// within one period. Without a valid rate it panics: rates are checked when a room is
// defined. After Close the task is dead: nothing steps it.
func (s *Scheduler) Add(rate Rate, st Stepper) *Task {
	if err := rate.Validate(); err != nil {
		panic("tick: Scheduler.Add: " + err.Error())
	}
	t := newTask(rate, st)

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		t.state.Store(taskStopped)
		return t
	}
	least := 0
	for i, load := range s.load {
		if load < s.load[least] {
			least = i
		}
	}
	s.load[least] += int(rate)
	t.loop = s.loops[least]
	t.loop.post(t)
	return t
}

// Close ends the loops after the step that each is in, and waits for them. Tasks are not told.
// It must not be called from a step.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	for _, l := range s.loops {
		l.close()
	}
	s.done.Wait()
}

func (s *Scheduler) remove(loop int, t *Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load[loop] -= int(t.rate)
}
