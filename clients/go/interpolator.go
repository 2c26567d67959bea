package client

import (
	"fmt"
	"iter"
	"reflect"
	"sync"
	"time"

	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Interpolator draws the rows of a table between two frames that are both
// known: it lives a little in the past, two ticks and more when frames arrive
// unevenly. The distance is changed by playing a tenth faster or slower, so
// that nothing jumps.
//
// Floats are blended, angles the short way round; other columns keep the older
// frame's value. A row that disappears is drawn until the moment that the
// server removed it. Sample and All may be called from any goroutine.
type Interpolator[T any] struct {
	room   *Room
	table  *TableView[T]
	bound  *state.Mirror
	leaves leaves
	stops  []func()

	mu     sync.Mutex // guards what follows
	tracks map[state.ID]*track[T]
	frame  tick.Tick  // the last one
	gone   []state.ID // removed rows whose tracks are still drawn, in order
	play   float64    // the tick that is drawn; 0: not yet
	played time.Time  // when play was right
}

// track is what is known of one row's recent past: its value at some ticks,
// in order, with none between them.
type track[T any] struct {
	past    []moment[T]
	removed tick.Tick // 0: the row is there
}

type moment[T any] struct {
	tick tick.Tick
	row  T
}

const (
	minDelay   = 2   // ticks between what is drawn and what is known
	maxMoments = 32  // of a row; older ones are forgotten
	playSlow   = 0.9 // how far the play speed may leave real time
	playFast   = 1.1
	playJump   = 1.0 // seconds off after which play jumps instead
)

// NewInterpolator interpolates the rows of the table.
func NewInterpolator[T any](r *Room, table string) (*Interpolator[T], error) {
	view, err := Table[T](r, table)
	if err != nil {
		return nil, fmt.Errorf("interpolate: %w", err)
	}
	i := &Interpolator[T]{room: r, table: view, tracks: make(map[state.ID]*track[T])}
	i.stops = []func(){r.onFrame.add(i), r.OnReconnect(func(bool) { i.forget() })}
	return i, nil
}

// Close ends the interpolation: it stays with the frames that it has seen.
func (i *Interpolator[T]) Close() {
	for _, stop := range i.stops {
		stop()
	}
	i.table.Close()
}

// forget begins anew: ticks before a reconnection may be another room's.
func (i *Interpolator[T]) forget() {
	i.mu.Lock()
	defer i.mu.Unlock()
	clear(i.tracks)
	i.gone, i.frame, i.play = nil, 0, 0
}

// framed implements frameObserver.
func (i *Interpolator[T]) framed(f Frame) {
	v := i.table.current()
	if v == nil {
		return
	}
	if i.bound != i.table.bound {
		i.bound = i.table.bound
		i.leaves = leavesOf(reflect.TypeFor[T](), columnsOf(i.room.Schema(), i.table.name))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if f.Keyframe || i.frame == 0 {
		for id, tr := range i.tracks {
			if _, ok := v.Get(id); !ok && tr.removed == 0 {
				i.lost(id, f.Tick)
			}
		}
		for id, row := range v.All() {
			i.saw(id, row, f.Tick)
		}
	} else {
		for id := range v.Removed() {
			i.lost(id, f.Tick)
		}
		for id, row := range v.Added() {
			i.saw(id, row, f.Tick)
		}
		for id, row := range v.Changed() {
			i.saw(id, row, f.Tick)
		}
	}
	i.frame = f.Tick
	i.sweep()
}

// lost marks a row that is gone since at; mu is held.
func (i *Interpolator[T]) lost(id state.ID, at tick.Tick) {
	if tr := i.tracks[id]; tr != nil {
		tr.removed = at
		i.gone = append(i.gone, id)
	}
}

// sweep forgets rows that were removed long ago; mu is held.
func (i *Interpolator[T]) sweep() {
	keep := tick.Tick(4 * i.room.Rate()) // play is never further behind
	n := 0
	for _, id := range i.gone {
		tr := i.tracks[id]
		if tr != nil && tr.removed != 0 && tr.removed+keep >= i.frame {
			break
		}
		if tr != nil && tr.removed != 0 {
			delete(i.tracks, id)
		}
		n++
	}
	i.gone = append(i.gone[:0], i.gone[n:]...)
}

// saw adds a row's value at a tick; mu is held. Frames name only rows that
// change, and there is none when nothing does: a row that changes now was what
// it had been until the frame before, and until shortly before this one. It is
// taken to move from where it is drawn now.
func (i *Interpolator[T]) saw(id state.ID, row T, at tick.Tick) {
	tr := i.tracks[id]
	if tr == nil {
		tr = &track[T]{}
		i.tracks[id] = tr
	}
	tr.removed = 0
	if n := len(tr.past); n > 0 {
		if still := max(i.frame, at-min(at, minDelay)); still > tr.past[n-1].tick && still < at {
			tr.add(still, tr.past[n-1].row)
		}
	}
	tr.add(at, row)
}

func (t *track[T]) add(at tick.Tick, row T) {
	if n := len(t.past); n > 0 && t.past[n-1].tick >= at {
		t.past[n-1].row = row
		return
	}
	if len(t.past) == maxMoments {
		t.past = append(t.past[:0], t.past[1:]...)
	}
	t.past = append(t.past, moment[T]{at, row})
}

// Sample is the row as drawn at now; ok is false when it is not there then.
func (i *Interpolator[T]) Sample(id state.ID, now time.Time) (row T, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.advance(now)
	if tr := i.tracks[id]; tr != nil {
		return i.sample(tr)
	}
	return row, false
}

// All walks all rows as drawn at now, in no particular order. The body must
// not use the interpolator.
func (i *Interpolator[T]) All(now time.Time) iter.Seq2[state.ID, T] {
	return func(yield func(state.ID, T) bool) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.advance(now)
		for id, tr := range i.tracks {
			if row, ok := i.sample(tr); ok && !yield(id, row) {
				return
			}
		}
	}
}

// Tick is the tick that is drawn at now, with its fraction.
func (i *Interpolator[T]) Tick(now time.Time) float64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.advance(now)
	return i.play
}

// delay is how many ticks behind the newest frame rows should be drawn; mu is
// held.
func (i *Interpolator[T]) delay(period float64) float64 {
	jitter := i.room.clock.Jitter().Seconds() / period
	return max(minDelay, 1+4*jitter)
}

// advance moves the drawn tick on to now; mu is held.
func (i *Interpolator[T]) advance(now time.Time) {
	clock := i.room.clock
	period := i.room.Rate().Period().Seconds() / clock.Dilation()
	target := clock.ArrivedTick(now) - i.delay(period)
	passed := now.Sub(i.played).Seconds() / period
	if i.play == 0 || (target-i.play-passed)*period > playJump || (i.play+passed-target)*period > playJump {
		i.play, i.played = max(target, 0), now
		return
	}
	if passed <= 0 {
		return // asked about the same moment, or about the past
	}
	i.play = min(max(target, i.play+passed*playSlow), i.play+passed*playFast)
	i.played = now
}

// sample reads a track at the drawn tick; mu is held.
func (i *Interpolator[T]) sample(t *track[T]) (row T, ok bool) {
	at := i.play
	if t.removed != 0 && at >= float64(t.removed) {
		return row, false
	}
	n := len(t.past)
	if n == 0 || at < float64(t.past[0].tick) {
		return row, false // not there yet
	}
	for n > 0 && float64(t.past[n-1].tick) > at {
		n--
	}
	a := t.past[n-1]
	if n == len(t.past) {
		return a.row, true
	}
	b := t.past[n]
	row = a.row
	i.leaves.blend(reflect.ValueOf(&row).Elem(), reflect.ValueOf(&b.row).Elem(), (at-float64(a.tick))/float64(b.tick-a.tick))
	return row, true
}
