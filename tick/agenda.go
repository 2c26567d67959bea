package tick

import "time"

// agenda holds the tasks that have a deadline, the earliest first: a heap with four children a
// node, whose entries hold the deadline themselves so that comparing reads one cache line.
// Every task knows its place. Owned by one loop's goroutine; it never holds a task twice.
type agenda struct {
	entries []entry
}

type entry struct {
	at   time.Duration
	task *Task
}

func (a *agenda) empty() bool         { return len(a.entries) == 0 }
func (a *agenda) first() *Task        { return a.entries[0].task }
func (a *agenda) next() time.Duration { return a.entries[0].at }

// put adds the task, or moves it to its changed deadline.
func (a *agenda) put(t *Task) {
	e := entry{t.deadline, t}
	if t.place < 0 {
		a.entries = append(a.entries, e)
		a.up(len(a.entries)-1, e)
		return
	}
	if e.at < a.entries[t.place].at {
		a.up(t.place, e)
	} else {
		a.down(t.place, e)
	}
}

// remove takes the task out, if it is in.
func (a *agenda) remove(t *Task) {
	if t.place < 0 {
		return
	}
	hole, last := t.place, len(a.entries)-1
	t.place = -1
	e := a.entries[last]
	a.entries[last] = entry{}
	a.entries = a.entries[:last]
	if hole == last {
		return
	}
	a.up(hole, e)
	a.down(e.task.place, e)
}

// up puts e into place i, or where it belongs towards the root.
func (a *agenda) up(i int, e entry) {
	for i > 0 {
		parent := (i - 1) / 4
		if a.entries[parent].at <= e.at {
			break
		}
		a.set(i, a.entries[parent])
		i = parent
	}
	a.set(i, e)
}

// down puts e into place i, or where it belongs away from the root.
func (a *agenda) down(i int, e entry) {
	for {
		child := 4*i + 1
		if child >= len(a.entries) {
			break
		}
		least := child
		for c := child + 1; c < min(child+4, len(a.entries)); c++ {
			if a.entries[c].at < a.entries[least].at {
				least = c
			}
		}
		if a.entries[least].at >= e.at {
			break
		}
		a.set(i, a.entries[least])
		i = least
	}
	a.set(i, e)
}

func (a *agenda) set(i int, e entry) {
	a.entries[i] = e
	e.task.place = i
}
