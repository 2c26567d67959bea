package tick

import "time"

// lane is the awake tasks of a loop that share a rate and a phase, and so every deadline: the
// loop keeps order among lanes, not among thousands of tasks. The loop's goroutine only.
type lane struct {
	rate  Rate
	phase time.Duration // its deadlines are phase + n periods after the loop's epoch

	appointment         // its next deadline; in the loop's agenda while it has tasks
	tasks       []*Task // in no order
	cursor      int     // the tasks before it have made the step that is due
	assigned    int     // tasks whose lane this is, asleep ones included

	slid time.Duration // by how much the schedule moved after the last round
}

// align returns the lane's first deadline at or after at.
func (l *lane) align(at time.Duration) time.Duration {
	if at <= l.phase {
		return l.phase
	}
	period := l.rate.Period()
	return l.phase + (at-l.phase+period-1)/period*period
}

func (l *lane) join(t *Task) {
	t.seat = len(l.tasks)
	l.tasks = append(l.tasks, t)
}

// leave takes out a task; the last one takes its seat.
func (l *lane) leave(t *Task) {
	last := len(l.tasks) - 1
	moved := l.tasks[last]
	l.tasks[t.seat], moved.seat = moved, t.seat
	l.tasks[last] = nil
	l.tasks = l.tasks[:last]
}

// advance ends a round: the schedule moves to the next deadline, or slides if too many have passed at now.
func (l *lane) advance(now time.Duration) {
	period := l.rate.Period()
	l.cursor = 0
	l.at += period
	l.slid = slide(l.at, now, period)
	l.at += l.slid
}
