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

// loop steps its share of a Scheduler's tasks on one goroutine, lane by lane, the earliest deadline first.
// Times inside are durations since epoch: comparing them is cheap, and reading the clock as
// time.Since reads the monotonic clock only.
type loop struct {
	config  SchedulerConfig
	epoch   time.Time
	removed func(*Task) // tells the Scheduler that a task is over

	phases phases
	lanes  agenda // lanes that have tasks
	alarms agenda // tasks whose sleep has an end
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
		if l.lanes.due(now) || l.alarms.due(now) {
			now = l.batch(now)
			continue
		}
		l.sleep(now)
		now = l.now()
	}
}

// accept puts posted tasks into their lanes. It reports whether the loop goes on.
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

// schedule puts a new or a woken task into its lane.
func (l *loop) schedule(t *Task, now time.Duration) {
	if t.lane == nil {
		t.lane = l.phases.assign(t.rate)
	} else if !t.state.CompareAndSwap(taskWaking, taskRunning) {
		return // its alarm came first
	}
	l.alarms.remove(&t.alarm)
	l.enlist(t, max(t.lane.align(now), t.earliest))
}

// enlist puts t into its lane for the deadlines from the given one on.
func (l *loop) enlist(t *Task, from time.Duration) {
	t.earliest = from
	t.lane.join(t)
	if t.lane.place < 0 {
		t.lane.at, t.lane.slid = from, 0
		l.lanes.put(&t.lane.appointment)
	}
}

// batch steps the tasks that are due at now and returns the time after it.
func (l *loop) batch(now time.Duration) time.Duration {
	for l.alarms.due(now) {
		t := l.alarms.first().task
		l.alarms.remove(&t.alarm)
		t.state.Store(taskRunning)
		l.enlist(t, t.alarm.at)
	}
	began := now
	for l.lanes.due(began) && now-began < batchLimit {
		now = l.round(l.lanes.first().lane, now, began+batchLimit)
	}
	if l.config.AfterBatch != nil {
		l.config.AfterBatch()
	}
	return now
}

// round makes the step that is due of each task of the lane, until the time limit: then the lane stays
// due and the next round goes on from there.
func (l *loop) round(lane *lane, now, limit time.Duration) time.Duration {
	for lane.cursor < len(lane.tasks) {
		if now >= limit {
			return now
		}
		t := lane.tasks[lane.cursor]
		if t.earliest > lane.at || l.stepTask(t, now) {
			lane.cursor++
		}
		now = l.now()
	}
	if len(lane.tasks) == 0 {
		lane.cursor = 0
		l.lanes.remove(&lane.appointment)
		return now
	}
	lane.advance(now)
	l.lanes.put(&lane.appointment)
	return now
}

// stepTask makes the step of t that is due. It reports whether t stays in its lane.
func (l *loop) stepTask(t *Task, now time.Duration) bool {
	if t.state.Load() != taskRunning {
		t.state.Store(taskRunning) // what it was woken for, this step sees
	}
	t.dilation.observe(t.rate.Period(), t.lane.slid)
	t.earliest = t.lane.at + t.rate.Period()
	next, ok := l.step(t, now-t.lane.at)
	if next.Stop || !ok {
		t.state.Store(taskStopped)
		t.lane.leave(t)
		t.lane.assigned--
		l.removed(t)
		return false
	}
	if !next.Sleep || !t.state.CompareAndSwap(taskRunning, taskAsleep) {
		return true // awake, or woken during the step
	}
	t.lane.leave(t)
	if end := next.Until.Sub(l.epoch); !next.Until.IsZero() && end < math.MaxInt64/2 {
		t.alarm.at = t.lane.align(max(end, t.earliest))
		l.alarms.put(&t.alarm)
	}
	return false
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
	return t.stepper.Step(l.epoch.Add(t.lane.at), late), true
}

// sleep waits for the next appointment, or until something is posted.
func (l *loop) sleep(now time.Duration) {
	next := time.Duration(math.MaxInt64)
	for _, a := range []*agenda{&l.lanes, &l.alarms} {
		if !a.empty() {
			next = min(next, a.first().at)
		}
	}
	if next == math.MaxInt64 {
		<-l.signal
		return
	}
	l.timer.Reset(next - now)
	select {
	case <-l.timer.C:
	case <-l.signal:
	}
}
