package client

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// walker is the row of the tests; the server sends X and Aim quantised, HP as
// it is, and Speed not at all.
type walker struct {
	X     float32 `parlor:"quant=0.01"`
	Aim   float32 `parlor:"quant=0.01,angle"`
	HP    uint8
	Name  string
	Speed float32 `parlor:"local"`
}

type walk struct {
	X int8 `parlor:"min=-1,max=1"`
}

func stepWalker(w *walker, m walk, dt float32) {
	w.Speed += float32(float32(m.X) * dt)
	w.X += float32(w.Speed * dt)
	w.Aim = float32(wrap(float64(w.Aim) + float64(m.X)*0.3))
}

var walkerColumns = []schema.Column{
	{Name: "X", Kind: schema.Float32, Quant: 0.01},
	{Name: "Aim", Kind: schema.Float32, Quant: 0.01, Flags: schema.Angle},
	{Name: "HP", Kind: schema.Uint8},
	{Name: "Name", Kind: schema.String},
}

func detachedRoom(rate tick.Rate) *Room {
	r := newRoom(nil, JoinOptions{}, schema.JoinInfo{})
	r.member.Store(&membership{id: "test", kind: "test", rate: rate, schema: &schema.Schema{}})
	return r
}

func detachedPredictor() *Predictor[walker, walk] {
	p := &Predictor[walker, walk]{room: detachedRoom(30), step: stepWalker}
	p.describe(walkerColumns)
	return p
}

// sent is the row as a frame carries it.
func sent(w walker) walker {
	round := func(v float32) float32 { return float32(math.Floor(float64(v)/0.01+0.5) * 0.01) }
	return walker{X: round(w.X), Aim: round(w.Aim), HP: w.HP, Name: w.Name}
}

// authority is the server's side: a row, the commands that have come, and the
// rules by which exactly one is used in each tick.
type authority struct {
	row    walker
	now    tick.Tick
	slots  map[tick.Tick]predicted[walker, walk]
	last   walk
	missed int
	named  tick.Tick
}

func (a *authority) receive(c predicted[walker, walk]) {
	use := c.tick
	if use <= a.now {
		use = a.now + 1
		if _, taken := a.slots[use]; taken || c.tick <= a.named {
			return
		}
	}
	a.slots[use] = c
}

func (a *authority) tick() {
	a.now++
	if c, ok := a.slots[a.now]; ok {
		a.last, a.named, a.missed = c.command, max(a.named, c.tick), 0
		delete(a.slots, a.now)
	} else if a.missed++; a.missed > 3 {
		return // neutral: the row is not stepped
	}
	stepWalker(&a.row, a.last, tick.Rate(30).DT())
}

// frameInFlight is a frame between the two sides.
type frameInFlight struct {
	ack tick.Tick
	row walker
}

// After any pattern of delay and loss, once the commands get through again the
// predicted row is the server's to within half a step.
func TestPredictionMeetsTheServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lead := tick.Tick(rapid.IntRange(0, 6).Draw(t, "lead"))
		trouble := rapid.IntRange(0, 60).Draw(t, "ticks of trouble")
		p, server := detachedPredictor(), &authority{slots: map[tick.Tick]predicted[walker, walk]{}}
		server.row = walker{X: 5, HP: 100, Name: "Ada"}
		p.reconcile(0, sent(server.row), true)
		commands := map[tick.Tick][]predicted[walker, walk]{} // by arrival
		var frames []frameInFlight
		const calm = 80 // ticks in which everything arrives at once
		for n := tick.Tick(1); n <= tick.Tick(trouble)+calm; n++ {
			bad := n <= tick.Tick(trouble)
			command := predicted[walker, walk]{tick: n + lead, command: walk{X: int8(rapid.IntRange(-1, 1).Draw(t, "x"))}}
			p.run(command.tick, command.command)
			delay := tick.Tick(0)
			if bad {
				delay = tick.Tick(rapid.IntRange(0, 12).Draw(t, "delay"))
			}
			if !bad || delay < 10 { // longer is lost
				commands[n+delay] = append(commands[n+delay], command)
			}
			for _, c := range commands[n] {
				server.receive(c)
			}
			if bad && rapid.IntRange(0, 9).Draw(t, "hit") == 0 {
				server.row.HP--
				server.row.X += 3
			}
			server.tick()
			frames = append(frames, frameInFlight{server.named, sent(server.row)})
			if bad && rapid.Bool().Draw(t, "frames wait") {
				continue
			}
			for _, f := range frames {
				p.reconcile(f.ack, f.row, true)
			}
			frames = frames[:0]
		}
		finish(t, p, server, lead)
	})
}

// finish lets the server use what is pending, and compares.
func finish(t *rapid.T, p *Predictor[walker, walk], server *authority, lead tick.Tick) {
	for range lead + 1 {
		server.tick()
		p.reconcile(server.named, sent(server.row), true)
		if len(p.pending) == 0 {
			break
		}
	}
	if n := len(p.pending); n != 0 {
		t.Fatalf("%d commands are still pending", n)
	}
	got, want := p.row, sent(server.row)
	for _, l := range p.columns {
		if !l.near(reflect.ValueOf(&got).Elem(), reflect.ValueOf(&want).Elem()) {
			t.Fatalf("%s: predicted %+v, server has %+v", l.column.Name, got, want)
		}
	}
}

func TestPredictionIsNotCorrectedWithoutNeed(t *testing.T) {
	p := detachedPredictor()
	row := walker{X: 1.2345, HP: 7, Name: "Ada", Aim: 3.14}
	p.reconcile(0, sent(row), true)
	p.base, p.row = row, row // exact, as after a long time of agreeing
	for n := tick.Tick(1); n <= 500; n++ {
		command := walk{X: int8(n/20%3) - 1}
		p.run(n, command)
		stepWalker(&row, command, tick.Rate(30).DT())
		p.reconcile(n, sent(row), true)
		if p.row != row {
			t.Fatalf("tick %d: predicted %+v, want the exact %+v", n, p.row, row)
		}
	}
	if p.corrected != 0 {
		t.Fatalf("%d corrections", p.corrected)
	}
}

func TestCorrectionReplaysWhatIsPending(t *testing.T) {
	p := detachedPredictor()
	p.reconcile(0, walker{X: 1, HP: 100}, true)
	for n := tick.Tick(1); n <= 4; n++ {
		p.run(n, walk{X: 1})
	}
	local := p.pending[1].after.Speed
	var before, after walker
	p.OnCorrect(func(b, a walker) { before, after = b, a })
	was := p.row
	p.reconcile(2, walker{X: 50, HP: 90}, true)
	want := walker{X: 50, HP: 90, Speed: local, Aim: 0}
	stepWalker(&want, walk{X: 1}, tick.Rate(30).DT())
	stepWalker(&want, walk{X: 1}, tick.Rate(30).DT())
	if p.row != want || after != want || before != was || len(p.pending) != 2 || p.corrected != 1 {
		t.Fatalf("row %+v, want %+v; told %+v → %+v; %d pending, %d corrected", p.row, want, before, after, len(p.pending), p.corrected)
	}
}

// What only the server changes is taken over, and is no misprediction.
func TestChangesByTheServerAloneAreNoCorrections(t *testing.T) {
	p := detachedPredictor()
	p.reconcile(0, walker{X: 1, HP: 100, Name: "Ada"}, true)
	for n := tick.Tick(1); n <= 3; n++ {
		p.run(n, walk{X: 1})
	}
	server := p.pending[0].after
	server.HP, server.Name = 75, "Eve"
	p.reconcile(1, sent(server), true)
	if row, _ := p.Row(); p.Corrections() != 0 || row.HP != 75 || row.Name != "Eve" {
		t.Errorf("%d corrections; row %+v", p.Corrections(), row)
	}
	server = p.pending[0].after
	server.X += 1
	p.reconcile(2, sent(server), true)
	if p.Corrections() != 1 {
		t.Errorf("%d corrections after a push", p.Corrections())
	}
}

func TestPredictorWithoutRow(t *testing.T) {
	p := detachedPredictor()
	p.run(1, walk{X: 1})
	if _, ok := p.Row(); ok {
		t.Fatal("a row before the server has one")
	}
	p.reconcile(0, walker{X: 1}, true)
	if row, ok := p.Row(); !ok || row.X == 1 {
		t.Fatalf("row %+v %v: the pending command was not run", row, ok)
	}
	p.reconcile(1, walker{}, false)
	if _, ok := p.Row(); ok {
		t.Fatal("a row after the server removed it")
	}
}
