package tick

import (
	"math"
	"sync/atomic"
	"time"
)

// maxOwed is how many steps a task that is behind may make at once to catch up.
const maxOwed = 2

// dilationSpan is how much of its own time a task averages its dilation over.
const dilationSpan = time.Second

// dilation averages how much slower than real time a task runs. The loop's goroutine observes;
// anyone may load. Its zero value is real time.
type dilation struct {
	lost      float64       // nanoseconds by which the schedule slid, decaying; the loop's goroutine only
	published atomic.Uint64 // the share of real time that is lost, as float64 bits
}

// observe notes a step after which the schedule slid by so much, usually nothing.
func (d *dilation) observe(period, slid time.Duration) {
	if slid == 0 && d.lost == 0 {
		return
	}
	// lost decays like a sum over steps whose weights add up to span of simulated time.
	span := float64(dilationSpan + period)
	d.lost = d.lost*(1-float64(period)/span) + float64(slid)
	if d.lost < span/1000 {
		d.lost = 0
	}
	d.published.Store(math.Float64bits(d.lost / (span + d.lost)))
}

func (d *dilation) load() float64 { return 1 - math.Float64frombits(d.published.Load()) }

// slide returns by how much to move a schedule whose next deadline is due, so that at most
// maxOwed of its deadlines have passed at now. It is a whole number of periods: the phase stays.
func slide(due, now, period time.Duration) time.Duration {
	if now < due {
		return 0
	}
	owed := (now-due)/period + 1
	return max(owed-maxOwed, 0) * period
}
