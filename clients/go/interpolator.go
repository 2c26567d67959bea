package client

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Interpolator draws the rows of a table between two frames that are both
// known: it lives a little in the past, two ticks and more when frames arrive
// unevenly or are lost. The distance is changed by playing a twentieth faster
// or slower, so that nothing jumps. Where frames that were surely sent are
// missing for longer than that, a row moves on for two ticks at most, as it
// moved before.
//
// Floats are blended, angles the short way round; other columns keep the older
// frame's value. A row that disappears is drawn until the moment that the
// server removed it. Sample and All may be called from any goroutine.
type Interpolator[T any] struct {
	room     *Room
	table    *TableView[T]
	bound    *state.Mirror
	leaves   leaves
	reliable bool // the table travels on the reliable lane
	stops    []func()

	drew atomic.Uint64 // play, as float64 bits

	mu     sync.Mutex // guards what follows
	tracks map[state.ID]*track[T]
	frame  tick.Tick  // the last one that showed all rows
	begun  tick.Tick  // the last one of which a part has come
	lossy  bool       // frames of the table may be lost
	gone   []state.ID // removed rows whose tracks are still drawn, in order
	play   float64    // the tick that is drawn; 0: not yet
	played time.Time  // when play was right
}

const (
	minDelay   = 2    // ticks between what is drawn and what is known
	maxBridge  = 2    // ticks more where frames are lost
	perLoss    = 12   // of these ticks, for a share of lost frames of 1
	maxGap     = 8    // ticks without a frame that are no pause yet
	playSlow   = 0.95 // how far the play speed may leave real time
	playFast   = 1.05
	playJump   = 1.0 // seconds off after which play jumps instead
	maxForward = 2.0 // ticks that a row moves on without a frame
)

// NewInterpolator interpolates the rows of the table.
func NewInterpolator[T any](r *Room, table string) (*Interpolator[T], error) {
	view, err := Table[T](r, table)
	if err != nil {
		return nil, fmt.Errorf("interpolate: %w", err)
	}
	i := &Interpolator[T]{room: r, table: view, tracks: make(map[state.ID]*track[T])}
	i.stops = []func(){r.onFrame.add(i), r.OnReconnect(func(bool) { i.forget() }), r.drawers.add(i)}
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
	i.gone, i.frame, i.begun, i.play = nil, 0, 0, 0
	i.drew.Store(0)
}

// framed implements frameObserver.
func (i *Interpolator[T]) framed(f Frame) {
	v := i.table.current()
	if v == nil {
		return
	}
	if i.bound != i.table.bound {
		i.bound = i.table.bound
		columns := columnsOf(i.room.Schema(), i.table.name)
		i.leaves = leavesOf(reflect.TypeFor[T](), columns)
		i.reliable = i.bound.TableNamed(i.table.name).Def().Reliable
	}
	if f.tables == state.LossyTables && i.reliable || f.tables == state.ReliableTables && !i.reliable {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lossy = f.tables == state.LossyTables
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
	i.begun = f.Tick
	if f.Partial && !i.reliable {
		return // the rows that it did not show may have changed
	}
	i.frame = max(i.frame, f.Tick)
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
// change: a row that changes now was what it had been until the last frame
// that showed it. Where no frame is lost, or there was none for long, it was so
// until shortly before this one: there is no frame when nothing changes. What
// is drawn already goes on from where it is.
func (i *Interpolator[T]) saw(id state.ID, row T, at tick.Tick) {
	tr := i.tracks[id]
	if tr == nil {
		tr = &track[T]{}
		i.tracks[id] = tr
	}
	tr.removed = 0
	if last := tr.last(); last != nil {
		stood := last.row
		if i.play > last.tick {
			stood, _ = i.sample(tr)
			tr.anchor = moment[T]{i.play, stood}
		}
		still := i.frame
		if paused := at - min(at, minDelay); !i.lossy || at > max(still, tick.Tick(last.tick))+maxGap {
			still = max(still, paused)
		}
		if float64(still) > last.tick && still < at {
			tr.add(moment[T]{float64(still), stood})
		}
	}
	tr.add(moment[T]{float64(at), row})
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
// held. Two ticks bridge one lost frame already, if frames arrive evenly.
func (i *Interpolator[T]) delay() float64 {
	jitter, loss, _ := i.room.clock.trouble()
	if !i.lossy {
		return max(minDelay, 1+4*jitter)
	}
	return minDelay + 4*jitter + min(maxBridge, perLoss*loss)
}

// advance moves the drawn tick on to now; mu is held.
func (i *Interpolator[T]) advance(now time.Time) {
	clock := i.room.clock
	period := i.room.Rate().Period().Seconds() / clock.Dilation()
	target := clock.ArrivedTick(now) - i.delay()
	passed := now.Sub(i.played).Seconds() / period
	switch {
	case i.play == 0 || math.Abs(target-i.play-passed)*period > playJump:
		i.play = max(target, 0)
	case passed <= 0:
		return // asked about the same moment, or about the past
	default:
		i.play = min(max(target, i.play+passed*playSlow), i.play+passed*playFast)
	}
	i.played = now
	i.drew.Store(math.Float64bits(i.play))
}

// sample reads a track at the drawn tick; mu is held.
func (i *Interpolator[T]) sample(t *track[T]) (row T, ok bool) {
	at := i.play
	if t.removed != 0 && at >= float64(t.removed) {
		return row, false
	}
	n := len(t.past)
	if n == 0 || at < t.past[0].tick {
		return row, false // not there yet
	}
	for n > 0 && t.past[n-1].tick > at {
		n--
	}
	a := &t.past[n-1]
	if t.anchor.tick > a.tick && t.anchor.tick <= at {
		a = &t.anchor
	}
	row = a.row
	if n == len(t.past) {
		i.forward(&row, t, at, at-a.tick)
		return row, true
	}
	b := &t.past[n]
	i.leaves.blend(reflect.ValueOf(&row).Elem(), reflect.ValueOf(&b.row).Elem(), (at-a.tick)/(b.tick-a.tick))
	return row, true
}

// drawn implements drawer. It does not wait for a body of All that makes a
// command.
func (i *Interpolator[T]) drawn(now time.Time) float64 {
	if i.mu.TryLock() {
		defer i.mu.Unlock()
		if now.Sub(i.played) > freshDrawing && i.frame != 0 {
			i.advance(now)
		}
		return i.play
	}
	return math.Float64frombits(i.drew.Load())
}
