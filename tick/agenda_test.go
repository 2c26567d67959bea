package tick

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The agenda holds exactly the tasks put and not removed, and yields them by deadline.
func TestAgendaYieldsTheEarliest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		tasks := make([]*Task, 40)
		for i := range tasks {
			tasks[i] = newTask(20, nil)
		}
		held := map[*Task]time.Duration{}
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			task := rapid.SampledFrom(tasks).Draw(t, "task")
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				a.remove(task)
				delete(held, task)
			} else {
				task.deadline = time.Duration(rapid.IntRange(0, 50).Draw(t, "deadline"))
				a.put(task)
				held[task] = task.deadline
			}
			for i, e := range a.entries {
				if e.task.place != i || held[e.task] != e.at {
					t.Fatalf("entry %d: place %d, at %v, want %v", i, e.task.place, e.at, held[e.task])
				}
			}
			if len(a.entries) != len(held) {
				t.Fatalf("%d entries, want %d", len(a.entries), len(held))
			}
		}
		var yielded []time.Duration
		for !a.empty() {
			yielded = append(yielded, a.next())
			a.remove(a.first())
		}
		if !slices.IsSorted(yielded) || len(yielded) != len(held) {
			t.Fatalf("yields %v", yielded)
		}
	})
}

func TestPhasesVisitEverySlot(t *testing.T) {
	for rate := MinRate; rate <= MaxRate; rate++ {
		var p phases
		n := int(rate.Period() / slotWidth)
		seen := map[int]bool{}
		for range n {
			seen[p.take(rate)] = true
		}
		if len(seen) != n {
			t.Errorf("at %d Hz, %d tasks use %d slots", rate, n, len(seen))
		}
		p.release(rate, n/2)
		if slot := p.take(rate); slot != n/2 {
			t.Errorf("at %d Hz, the free slot %d is left for %d", rate, n/2, slot)
		}
	}
}
