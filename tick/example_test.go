package tick_test

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/tick"
)

func ExampleRate() {
	rate := tick.Rate(30)
	fmt.Println(rate.Period(), rate.DT(), rate.Ticks(time.Second/2))
	// Output: 33.333333ms 0.033333335 15
}

func ExampleRand() {
	r := tick.NewRand(42)
	fmt.Println(r.IntN(6)+1, r.IntN(6)+1, r.Bool(), r.Range(-1, 1))

	saved := r.State()
	first := r.Uint32()
	r.SetState(saved)
	fmt.Println(r.Uint32() == first)
	// Output:
	// 3 6 false 0.07907462
	// true
}

func ExampleSinCos() {
	sin, cos := tick.SinCos(1)
	fmt.Println(sin, cos, tick.Atan2(sin, cos))
	// Output: 0.84147096 0.5403023 1
}

// countdown is a room that ends after three steps.
type countdown struct {
	now  tick.Tick
	over chan struct{}
}

func (c *countdown) Step(time.Time, time.Duration) tick.Next {
	c.now++
	if c.now == 3 {
		close(c.over)
		return tick.Next{Stop: true}
	}
	return tick.Next{}
}

func ExampleScheduler() {
	scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 1})
	defer scheduler.Close()

	room := &countdown{over: make(chan struct{})}
	scheduler.Add(60, room)
	<-room.over
	fmt.Println(room.now)
	// Output: 3
}
