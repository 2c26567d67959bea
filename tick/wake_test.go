package tick_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// inbox is a room that sleeps whenever nothing is queued for it.
type inbox struct {
	queued atomic.Int64
	taken  *sync.WaitGroup
}

func (b *inbox) Step(time.Time, time.Duration) tick.Next {
	for range b.queued.Swap(0) {
		b.taken.Done()
	}
	return tick.Next{Sleep: true, Until: time.Now().Add(10 * time.Millisecond)}
}

// Whatever is queued before a Wake is taken by a step, however the wakes, sleeps and alarms interleave. If
// one were lost beyond an alarm, the test would hang.
func TestNoWakeIsLost(t *testing.T) {
	s := tick.NewScheduler(tick.SchedulerConfig{Loops: 3})
	defer s.Close()
	for _, alarm := range []bool{true, false} {
		var taken, producers sync.WaitGroup
		rooms := make([]*inbox, 20)
		tasks := make([]*tick.Task, len(rooms))
		for i := range rooms {
			rooms[i] = &inbox{taken: &taken}
			var stepper tick.Stepper = rooms[i]
			if !alarm {
				stepper = untilWoken{rooms[i]}
			}
			tasks[i] = s.Add(128, stepper)
		}
		for p := range 8 {
			producers.Go(func() {
				r := tick.NewRand(uint64(p))
				for range 300 {
					i := r.IntN(len(rooms))
					taken.Add(1)
					rooms[i].queued.Add(1)
					tasks[i].Wake()
					for range r.IntN(1000) {
						runtime.Gosched() // widens the interleavings
					}
				}
			})
		}
		producers.Wait()
		taken.Wait()
	}
}

// untilWoken sleeps without an alarm.
type untilWoken struct{ *inbox }

func (u untilWoken) Step(deadline time.Time, late time.Duration) tick.Next {
	u.inbox.Step(deadline, late)
	return tick.Next{Sleep: true}
}
