package tick

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The agenda holds exactly the appointments put and not removed, and yields them by deadline.
func TestAgendaYieldsTheEarliest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a agenda
		all := make([]*appointment, 40)
		for i := range all {
			all[i] = &appointment{place: -1}
		}
		held := map[*appointment]time.Duration{}
		for range rapid.IntRange(1, 200).Draw(t, "operations") {
			appointment := rapid.SampledFrom(all).Draw(t, "which")
			if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
				a.remove(appointment)
				delete(held, appointment)
			} else {
				appointment.at = time.Duration(rapid.IntRange(0, 50).Draw(t, "deadline"))
				a.put(appointment)
				held[appointment] = appointment.at
			}
			for i, e := range a.heap {
				if e.place != i || held[e] != e.at {
					t.Fatalf("entry %d: place %d, at %v, want %v", i, e.place, e.at, held[e])
				}
			}
			if len(a.heap) != len(held) {
				t.Fatalf("%d entries, want %d", len(a.heap), len(held))
			}
		}
		var yielded []time.Duration
		for !a.empty() {
			yielded = append(yielded, a.first().at)
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
		seen := map[time.Duration]bool{}
		for range n {
			seen[p.assign(rate).phase] = true
		}
		if len(seen) != n {
			t.Errorf("at %d Hz, %d tasks use %d slots", rate, n, len(seen))
		}
		free := p.lanes[rate][n/2]
		free.assigned--
		if got := p.assign(rate); got != free {
			t.Errorf("at %d Hz, the free slot at %v is left for %v", rate, free.phase, got.phase)
		}
	}
}
