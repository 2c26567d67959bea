//go:build unix

package tick_test

import (
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parlor-server/parlor/tick"
)

type idleRoom struct{ steps *atomic.Int64 }

func (r idleRoom) Step(time.Time, time.Duration) tick.Next {
	r.steps.Add(1)
	return tick.Next{}
}

// BenchmarkScheduler runs 2,000 rooms that do nothing at 30 Hz on one loop, in real time: an
// operation is a second of it. core-% is the CPU time of the whole process.
func BenchmarkScheduler(b *testing.B) {
	var steps atomic.Int64
	var late atomic.Int64
	s := tick.NewScheduler(tick.SchedulerConfig{OnLate: func(d time.Duration) { late.Add(int64(d)) }})
	defer s.Close()
	for range 2000 {
		s.Add(30, idleRoom{&steps})
	}
	time.Sleep(100 * time.Millisecond) // until the first steps are made
	steps.Store(0)
	late.Store(0)
	before, began := cpuTime(b), time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	elapsed := time.Since(began)
	n := float64(steps.Load())
	b.ReportMetric(100*float64(cpuTime(b)-before)/float64(elapsed), "core-%")
	b.ReportMetric(n/elapsed.Seconds()/2000, "Hz")
	b.ReportMetric(float64(late.Load())/n/1e3, "late-us")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkWakeOfARunningTask(b *testing.B) {
	s := tick.NewScheduler(tick.SchedulerConfig{})
	defer s.Close()
	task := s.Add(1, idleRoom{new(atomic.Int64)})
	for b.Loop() {
		task.Wake()
	}
}
