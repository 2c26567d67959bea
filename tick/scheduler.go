package tick

import (
	"log/slog"
	"time"
)

type Stepper interface {
	Step(deadline time.Time, late time.Duration) Next
}

type Next struct {
	Sleep bool
	Until time.Time
	Stop  bool
}

type SchedulerConfig struct {
	Loops      int
	Logger     *slog.Logger
	OnLate     func(time.Duration)
	AfterBatch func()
}

type Scheduler struct{}

func NewScheduler(c SchedulerConfig) *Scheduler      { return &Scheduler{} }
func (s *Scheduler) Add(rate Rate, st Stepper) *Task { return &Task{} }
func (s *Scheduler) Close()                          {}

type Task struct{}

func (t *Task) Wake()             {}
func (t *Task) Dilation() float64 { return 1 }
