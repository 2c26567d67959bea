package tick

import (
	"fmt"
	"log/slog"
	"math"
	"runtime/debug"
	"sync"
	"time"
)

// batchLimit is how long a loop steps before it calls AfterBatch and looks at what was posted.
const batchLimit = time.Millisecond

// loop steps its share of a Scheduler's tasks on one goroutine, the earliest deadline first.
// Times inside are durations since epoch: comparing them is cheap, and reading the clock as
// time.Since reads the monotonic clock only.
type loop struct {
	config  SchedulerConfig
	epoch   time.Time
	removed func(*Task) // tells the Scheduler that a task is over

	agenda agenda
	phases phases
	timer  *time.Timer

	signal chan struct{} // holds one token while there may be something to accept

	spare []*Task // the emptied other half of posted; the loop's goroutine only

	mu     sync.Mutex
	posted []*Task // guarded by mu; new and woken tasks: a task enters again only after a step laid it to sleep
	closed bool    // guarded by mu
}

func newLoop(config SchedulerConfig, epoch time.Time) *loop {
	l := &loop{config: config, epoch: epoch, timer: time.NewTimer(time.Hour), signal: make(chan struct{}, 1)}
	l.timer.Stop()
	return l
}

// post hands a new or a woken task to the loop. Any goroutine.
func (l *loop) post(t *Task) {
	l.mu.Lock()
	l.posted = append(l.posted, t)
	l.mu.Unlock()
	l.notify()
}

// close makes run return. Any goroutine.
func (l *loop) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.notify()
}

func (l *loop) notify() {
	select {
	case l.signal <- struct{}{}:
	default:
	}
}

func (l *loop) now() time.Duration { return time.Since(l.epoch) }

// run is the loop's goroutine.
func (l *loop) run() {
	defer l.timer.Stop()
	now := l.now()
	for l.accept(now) {
		if !l.agenda.empty() && l.agenda.next() <= now {
			now = l.batch(now)
			continue
		}
		l.sleep(now)
		now = l.now()
	}
}

// accept gives posted tasks their deadline. It reports whether the loop goes on.
func (l *loop) accept(now time.Duration) bool {
	l.mu.Lock()
	posted, closed := l.posted, l.closed
	l.posted = l.spare
	l.mu.Unlock()
	for _, t := range posted {
		l.schedule(t, now)
	}
	clear(posted)
	l.spare = posted[:0]
	return !closed
}

// schedule gives a new or a woken task its deadline.
func (l *loop) schedule(t *Task, now time.Duration) {
	if t.slot < 0 {
		t.slot = l.phases.take(t.rate)
	} else if !t.state.CompareAndSwap(taskWaking, taskRunning) {
		return // its Until came first
	}
	at := max(t.align(now), t.earliest)
	if t.place < 0 || at < t.deadline {
		t.deadline = at
		l.agenda.put(t)
	}
}

// batch steps the tasks that are due at now and returns the time after it.
func (l *loop) batch(now time.Duration) time.Duration {
	began := now
	for !l.agenda.empty() && l.agenda.next() <= began && now-began < batchLimit {
		l.stepDue(l.agenda.first(), now)
		now = l.now()
	}
	if l.config.AfterBatch != nil {
		l.config.AfterBatch()
	}
	return now
}

// stepDue makes the step of t that is due, and gives t its next deadline.
func (l *loop) stepDue(t *Task, now time.Duration) {
	if t.state.Load() != taskRunning {
		t.state.Store(taskRunning) // what it was woken for, this step sees
	}
	next, ok := l.step(t, now-t.deadline)
	if next.Stop || !ok {
		l.drop(t)
		return
	}
	t.earliest = t.deadline + t.period
	if next.Sleep && l.rest(t, next.Until) {
		return
	}
	slid := slide(t.earliest, now, t.period)
	t.dilation.observe(t.period, slid)
	t.earliest += slid
	t.deadline = t.earliest
	l.agenda.put(t)
}

// step calls the stepper. It is not ok if that panicked.
func (l *loop) step(t *Task, late time.Duration) (next Next, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			l.config.Logger.Error("task panicked and is stopped",
				slog.String("task", fmt.Sprintf("%T", t.stepper)), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		}
	}()
	if l.config.OnLate != nil {
		l.config.OnLate(late)
	}
	return t.stepper.Step(l.epoch.Add(t.deadline), late), true
}

// rest lays t to sleep, unless it was woken during its step.
func (l *loop) rest(t *Task, until time.Time) bool {
	if !t.state.CompareAndSwap(taskRunning, taskAsleep) {
		return false
	}
	wake := until.Sub(l.epoch)
	if until.IsZero() || wake > math.MaxInt64/2 {
		l.agenda.remove(t)
		return true
	}
	t.deadline = t.align(max(wake, t.earliest))
	l.agenda.put(t)
	return true
}

// drop removes t for good.
func (l *loop) drop(t *Task) {
	t.state.Store(taskStopped)
	l.agenda.remove(t)
	l.phases.release(t.rate, t.slot)
	l.removed(t)
}

// sleep waits for the next deadline, or until something is posted.
func (l *loop) sleep(now time.Duration) {
	if l.agenda.empty() {
		<-l.signal
		return
	}
	l.timer.Reset(l.agenda.next() - now)
	select {
	case <-l.timer.C:
	case <-l.signal:
	}
}
