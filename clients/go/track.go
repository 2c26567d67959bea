package client

import (
	"math"
	"reflect"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// track is what is known of one row's recent past: its value at some ticks,
// in order, with none between them.
type track[T any] struct {
	past    []moment[T]
	anchor  moment[T] // what was drawn when play was beyond past; it goes on from there
	removed tick.Tick // 0: the row is there

	carried     float64 // how many ticks beyond the last moment the row may have been carried already,
	carriedFrom float64 // which was then that of this tick
}

type moment[T any] struct {
	tick float64
	row  T
}

const maxMoments = 32 // of a row; older ones are forgotten

func (t *track[T]) last() *moment[T] {
	if len(t.past) == 0 {
		return nil
	}
	return &t.past[len(t.past)-1]
}

// add appends a moment; one that is not after the last takes its value's place.
func (t *track[T]) add(m moment[T]) {
	if last := t.last(); last != nil && last.tick >= m.tick {
		last.row = m.row
		return
	}
	if len(t.past) == maxMoments {
		t.past = append(t.past[:0], t.past[1:]...)
	}
	t.past = append(t.past, m)
}

// forward moves row, which was drawn some ticks ago, on to at, where a frame
// that was sent has not come; mu is held. A row that was not in the newest
// frame stands.
func (i *Interpolator[T]) forward(row *T, t *track[T], at, ticks float64) {
	n := len(t.past)
	if !i.lossy || n < 3 {
		return
	}
	m := t.past[n-3:]
	if m[2].tick < float64(i.frame) || m[2].tick-m[0].tick > maxGap {
		return
	}
	_, _, sure := i.room.clock.trouble()
	limit := min(maxForward, max(sure, float64(i.begun)-m[2].tick))
	if t.carriedFrom == m[2].tick {
		limit = max(limit, t.carried) // what was drawn is not taken back when the round trip turns out shorter
	}
	t.carried, t.carriedFrom = limit, m[2].tick
	ticks -= max(0, at-m[2].tick-limit)
	if ticks <= 0 {
		return
	}
	i.leaves.carry(reflect.ValueOf(row).Elem(),
		reflect.ValueOf(&m[0].row).Elem(), reflect.ValueOf(&m[1].row).Elem(), reflect.ValueOf(&m[2].row).Elem(),
		ticks/(m[1].tick-m[0].tick), ticks/(m[2].tick-m[1].tick))
}

// carry moves the floats of out on as they moved from a to b and from b to c,
// which it scales by ab and bc: the slower of both counts, and neither where
// they have different directions, so that a row that jumped does not jump on.
func (ls leaves) carry(out, a, b, c reflect.Value, ab, bc float64) {
	for _, l := range ls {
		o := l.in(out)
		if !o.CanFloat() {
			continue
		}
		before := distance(l.column, l.in(a).Float(), l.in(b).Float()) * ab
		last := distance(l.column, l.in(b).Float(), l.in(c).Float()) * bc
		if before*last <= 0 {
			continue
		}
		on := o.Float() + math.Copysign(min(math.Abs(before), math.Abs(last)), last)
		if l.column.Has(schema.Angle) {
			on = wrap(on)
		}
		o.SetFloat(on)
	}
}
