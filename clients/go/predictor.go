package client

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// ErrTooFarAhead is returned when the server has acknowledged none of the last
// maxPending commands: predicting on would be guessing.
var ErrTooFarAhead = errors.New("the server acknowledges no commands")

const maxPending = 256

// Predictor runs this player's row of a table ahead of the server, with the
// game's own step function: what the player does shows at once.
//
// Every command is sent, run on the predicted row, and kept until a frame
// acknowledges it. The frame's row is compared with what had been predicted
// for that command: within half a quantisation step they agree, and the
// prediction, which is exact where the frame is rounded, stays. The columns
// that differ by more are taken from the server, and the commands that are
// still pending run on top of them.
//
// Fields that the server does not send keep their predicted values. Advance
// and Row may be called from any goroutine, also inside callbacks.
type Predictor[T, M any] struct {
	room  *Room
	table *TableView[T]
	step  func(*T, M, float32)
	stops []func()

	mu        sync.Mutex    // guards what follows
	bound     *state.Mirror // whose columns these are
	columns   leaves
	stepped   []bool // by column: a step has changed it
	alive     bool   // the player has a row
	base      T      // predicted for the last acknowledged command
	server    T      // the server's row
	seen      T      // the server's row before that
	row       T      // base and all pending commands
	before    T      // row before the last step
	pending   []predicted[T, M]
	corrected uint64
	onCorrect func(before, after T)
}

// predicted is a command on its way, and the row after it.
type predicted[T, M any] struct {
	tick    tick.Tick
	command M
	after   T
}

// NewPredictor predicts this player's row of the table. step must be the
// function that the rules give to rooms.Command: it changes nothing but the
// row, and depends on nothing but its arguments.
func NewPredictor[T, M any](r *Room, table string, step func(row *T, command M, dt float32)) (*Predictor[T, M], error) {
	r.inputs.mu.Lock()
	_, err := inputOf[M](r, true)
	r.inputs.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("predict table %q: %w", table, err)
	}
	view, err := Table[T](r, table)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	p := &Predictor[T, M]{room: r, table: view, step: step}
	p.stops = []func(){r.onFrame.add(p), r.OnReconnect(func(bool) { p.forget() })}
	return p, nil
}

// Close ends the prediction: the row follows the server no more.
func (p *Predictor[T, M]) Close() {
	for _, stop := range p.stops {
		stop()
	}
	p.table.Close()
}

// Advance sends and runs the command for each tick that is due at now, which
// is one or none when it is called about as often as the room ticks. It
// returns how many there were.
func (p *Predictor[T, M]) Advance(now time.Time, command M) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for {
		if len(p.pending) >= maxPending {
			return n, ErrTooFarAhead
		}
		at, due := p.room.clock.Next(now)
		if !due {
			return n, nil
		}
		if err := SendCommand(p.room, at, command); err != nil {
			return n, err
		}
		read, err := asRead(p.room, command)
		if err != nil {
			return n, err
		}
		p.run(at, read)
		n++
	}
}

// run predicts one command; mu is held.
func (p *Predictor[T, M]) run(at tick.Tick, command M) {
	if p.alive {
		p.stepRow(command, p.room.Rate().DT())
	}
	p.pending = append(p.pending, predicted[T, M]{at, command, p.row})
}

// stepRow changes row by one command, as one tick of the server does, and remembers which columns steps
// change; mu is held.
func (p *Predictor[T, M]) stepRow(command M, dt float32) {
	p.before = p.row
	p.step(&p.row, command, dt)
	before, after := reflect.ValueOf(&p.before).Elem(), reflect.ValueOf(&p.row).Elem()
	for i, l := range p.columns {
		l.snap(after)
		p.stepped[i] = p.stepped[i] || !l.in(before).Equal(l.in(after))
	}
}

// Row is the predicted row; ok is false while the player has none.
func (p *Predictor[T, M]) Row() (row T, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.row, p.alive
}

// Pending is the number of commands that have not been acknowledged.
func (p *Predictor[T, M]) Pending() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.pending)
}

// Corrections counts mispredictions: frames that differed from the prediction
// by more than rounding in a column that steps change. What the rules alone
// change, such as the health of a player who is hit, is taken over without
// being one; so is a column other than a float that the steps have left as the
// server last sent it, such as ammunition that is filled up.
func (p *Predictor[T, M]) Corrections() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.corrected
}

// OnCorrect registers f, called after each change that comes from the server,
// be it a misprediction or not, with the predicted row before and after it, so
// that a renderer can hide a jump. It replaces an earlier f, and must not use
// the predictor.
func (p *Predictor[T, M]) OnCorrect(f func(before, after T)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onCorrect = f
}

// forget drops the commands of a lost connection.
func (p *Predictor[T, M]) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alive, p.pending = false, p.pending[:0]
}

// framed implements frameObserver.
func (p *Predictor[T, M]) framed(f Frame) {
	if f.Partial && !p.shown() {
		return // its commands are acknowledged by a frame that shows the row
	}
	row, ok := p.table.Get(p.room.Player())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bound != p.table.bound {
		p.bound = p.table.bound
		p.describe(columnsOf(p.room.Schema(), p.table.name))
	}
	p.reconcile(f.Ack, row, ok)
}

// shown reports whether the last frame, one part of a larger one, changed the
// player's row.
func (p *Predictor[T, M]) shown() bool {
	t := p.room.mirror.Load().TableNamed(p.table.name)
	id := p.room.Player()
	return t != nil && (slices.Contains(t.Changed(), id) || slices.Contains(t.Added(), id) || slices.Contains(t.Removed(), id))
}

// describe sets the row's columns, which say what the wire rounds; mu is held.
func (p *Predictor[T, M]) describe(columns []schema.Column) {
	p.columns = leavesOf(reflect.TypeFor[T](), columns)
	p.stepped = make([]bool, len(p.columns))
}

// reconcile compares the server's row, in which the commands up to ack have
// been used, with the prediction; mu is held.
func (p *Predictor[T, M]) reconcile(ack tick.Tick, server T, ok bool) {
	known := p.alive
	done := 0
	for done < len(p.pending) && p.pending[done].tick <= ack {
		p.base = p.pending[done].after
		done++
	}
	p.pending = append(p.pending[:0], p.pending[done:]...)
	p.alive = ok
	if !ok {
		return
	}
	if !known {
		p.base, p.seen = server, server
		p.replay()
		return
	}
	p.compare(server, false)
}

// owned implements ownerObserver: owner columns follow the frame of their tick.
func (p *Predictor[T, M]) owned() {
	row, ok := p.table.Get(p.room.Player())
	p.mu.Lock()
	defer p.mu.Unlock()
	if ok && p.alive {
		p.compare(row, true)
	}
}

// compare starts again with the columns in which base is not as the server
// says, either those of the owner or those of all; mu is held.
func (p *Predictor[T, M]) compare(server T, owner bool) {
	p.server = server
	from, base := reflect.ValueOf(&p.server).Elem(), reflect.ValueOf(&p.base).Elem()
	seen, row := reflect.ValueOf(&p.seen).Elem(), reflect.ValueOf(&p.row).Elem()
	differs, wrong := false, false
	for i, l := range p.columns {
		if l.column.Has(schema.Owner) != owner || l.near(base, from) {
			continue
		}
		differs = true
		left := !l.in(base).CanFloat() && l.in(base).Equal(l.in(seen)) && l.in(row).Equal(l.in(base))
		theirs := l.settle(base, from)
		wrong = wrong || theirs && p.stepped[i] && !left
	}
	p.seen = p.server
	if !differs {
		return
	}
	before := p.row
	p.replay()
	if wrong {
		p.corrected++
	}
	if p.onCorrect != nil {
		p.onCorrect(before, p.row)
	}
}

// replay runs the pending commands on base; mu is held.
func (p *Predictor[T, M]) replay() {
	p.row = p.base
	dt := p.room.Rate().DT()
	for i := range p.pending {
		p.stepRow(p.pending[i].command, dt)
		p.pending[i].after = p.row
	}
}
