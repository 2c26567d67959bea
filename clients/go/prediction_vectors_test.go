package client

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"reflect"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

var update = flag.Bool("update", false, "write testdata/prediction_vectors.json anew")

const vectorsFile = "testdata/prediction_vectors.json"

// vectorRow is the row of the prediction vectors. Its floats are written as
// float64, which holds each float32 exactly.
type vectorRow struct {
	X    float32 `parlor:"quant=0.01"`
	Y    float32 `parlor:"quant=0.25,snap"`
	Aim  float32 `parlor:"quant=0.01,angle"`
	HP   uint8
	Ammo uint8   `parlor:"owner"`
	VX   float32 `parlor:"local"`
}

// vectorCommand is the command of the prediction vectors.
type vectorCommand struct {
	X, Y int8
	Aim  float32
	Fire bool
}

// vectorStep is the step function of the prediction vectors. The TypeScript
// test has the same.
func vectorStep(r *vectorRow, c vectorCommand, dt float32) {
	if r.HP == 0 {
		return
	}
	r.X += float32(r.VX * dt) // where the last command led
	r.VX = float32(c.X) * 3
	r.Y += float32(float32(float32(c.Y)*3) * dt)
	r.Aim = c.Aim
	if c.Fire && r.Ammo > 0 {
		r.Ammo--
	}
}

// vectorFile is what clients in other languages read.
type vectorFile struct {
	About     string
	Rate      tick.Rate
	Columns   []schema.Column
	Scenarios []vectorScenario
}

type vectorScenario struct {
	Name  string
	Steps []vectorEntry
}

// vectorEntry is one thing that happens to a predictor, and what is right then.
type vectorEntry struct {
	Note    string         `json:",omitempty"`
	Command *vectorSent    `json:",omitempty"` // predicted
	Frame   *vectorFrame   `json:",omitempty"` // arrives
	Owner   *vectorNumbers `json:",omitempty"` // the row as it is once the owner columns have arrived

	Row         *vectorNumbers // predicted; null: there is none
	Pending     int
	Corrections uint64
}

type vectorSent struct {
	Tick    tick.Tick
	Command vectorCommand
}

type vectorFrame struct {
	Tick, Ack tick.Tick
	Row       *vectorNumbers // null: the player has none
}

// vectorNumbers is a row in JSON.
type vectorNumbers struct {
	X, Y, Aim float64
	HP, Ammo  uint8
	VX        float64
}

func numbersOf(r vectorRow) *vectorNumbers {
	return &vectorNumbers{float64(r.X), float64(r.Y), float64(r.Aim), r.HP, r.Ammo, float64(r.VX)}
}

// recording plays a scenario: a server that uses commands as they come, and
// the predictor whose answers are written down.
type recording struct {
	p      *Predictor[vectorRow, vectorCommand]
	server vectorRow
	got    vectorRow // what the client's copy of the row is; the server sends no VX
	now    tick.Tick
	ack    tick.Tick
	last   vectorCommand
	to     vectorScenario
}

func record(name string, columns []schema.Column, start vectorRow) *recording {
	r := &recording{p: &Predictor[vectorRow, vectorCommand]{room: detachedRoom(20), step: vectorStep}, server: start}
	r.p.describe(columns)
	r.to.Name = name
	return r
}

func (r *recording) write(e vectorEntry) {
	if r.p.alive {
		e.Row = numbersOf(r.p.row)
	}
	e.Pending, e.Corrections = len(r.p.pending), r.p.corrected
	r.to.Steps = append(r.to.Steps, e)
}

// command predicts one.
func (r *recording) command(at tick.Tick, c vectorCommand) {
	r.p.run(at, c)
	r.write(vectorEntry{Command: &vectorSent{at, c}})
}

// use is a tick of the server with a command that came in time.
func (r *recording) use(c vectorCommand) {
	r.now++
	r.ack, r.last = r.now, c
	r.step()
}

// miss is a tick of the server without one: the last is used again.
func (r *recording) miss() {
	r.now++
	r.step()
}

func (r *recording) step() {
	vectorStep(&r.server, r.last, tick.Rate(20).DT())
	r.server.Y = rounded(r.server.Y, 0.25)
}

func (r *recording) frame(note string) {
	r.got.X, r.got.Y, r.got.Aim, r.got.HP = rounded(r.server.X, 0.01), r.server.Y, rounded(r.server.Aim, 0.01), r.server.HP
	r.p.reconcile(r.ack, r.got, true)
	r.write(vectorEntry{Note: note, Frame: &vectorFrame{r.now, r.ack, numbersOf(r.got)}})
}

func (r *recording) gone(note string) {
	r.p.reconcile(r.ack, vectorRow{}, false)
	r.write(vectorEntry{Note: note, Frame: &vectorFrame{Tick: r.now, Ack: r.ack}})
}

func (r *recording) owner(note string) {
	r.got.Ammo = r.server.Ammo
	r.p.compare(r.got, true)
	r.write(vectorEntry{Note: note, Owner: numbersOf(r.got)})
}

func rounded(v float32, quant float64) float32 {
	return float32(math.Floor(float64(v)/quant+0.5) * quant)
}

// walkAbout draws a command.
func walkAbout(rand *tick.Rand) vectorCommand {
	return vectorCommand{
		X: int8(rand.IntN(3) - 1), Y: int8(rand.IntN(3) - 1),
		Aim: float32(rand.IntN(629)-314) * 0.01, Fire: rand.IntN(4) == 0,
	}
}

func predictionScenarios(columns []schema.Column) []vectorScenario {
	start := vectorRow{X: 5.0043, Y: 2, Aim: 1, HP: 100, Ammo: 30}
	return []vectorScenario{
		agreement(record("agreement, three ticks ahead", columns, start)),
		trouble(record("late and lost commands", columns, start)),
		rulesAlone(record("what the rules alone change", columns, start)),
		angles(record("angles near the turn", columns, vectorRow{X: -1, HP: 1})),
		comeAndGo(record("without a row", columns, start)),
	}
}

// agreement: a rounded start settles, and nothing is corrected.
func agreement(r *recording) vectorScenario {
	rand := tick.NewRand(1)
	r.frame("the first row")
	r.owner("")
	var sent []vectorCommand
	for n := range 40 {
		sent = append(sent, walkAbout(&rand))
		r.command(tick.Tick(n+1), sent[n])
		if n >= 3 {
			r.use(sent[n-3])
			r.frame("")
			r.owner("")
		}
	}
	return r.to
}

// trouble: some commands come late or never, some frames are skipped, and
// something pushes.
func trouble(r *recording) vectorScenario {
	rand := tick.NewRand(2)
	r.frame("the first row")
	r.owner("")
	var sent []vectorCommand
	for n := range 60 {
		sent = append(sent, walkAbout(&rand))
		r.command(tick.Tick(n+1), sent[n])
		if n < 2 {
			continue
		}
		calm, note := n >= 40, ""
		if !calm && rand.IntN(4) == 0 {
			r.miss()
			note = "a command was missing"
		} else {
			r.use(sent[n-2])
		}
		if !calm && rand.IntN(8) == 0 {
			r.server.X += 3
			note += " pushed"
		}
		if calm || rand.IntN(4) != 0 {
			r.frame(note)
			r.owner("")
		}
	}
	return r.to
}

// rulesAlone: HP is no column that the step changes.
func rulesAlone(r *recording) vectorScenario {
	r.frame("the first row")
	r.owner("")
	walk := vectorCommand{X: 1, Y: -1, Aim: 0.004}
	r.command(1, walk)
	r.command(2, walk)
	r.use(walk)
	r.server.HP = 75
	r.frame("hit: no correction, and the rest stays exact")
	r.use(walk)
	r.server.Ammo = 40
	r.frame("")
	r.owner("more ammunition, which no step has changed yet: no correction")
	walk.Fire = true
	r.command(3, walk)
	r.use(walk)
	r.frame("")
	r.owner("as predicted")
	r.server.Ammo = 50
	r.owner("filled up, with nothing on its way: no correction")
	r.command(4, walk)
	r.server.Ammo = 60
	r.owner("filled up, with a shot on its way: a correction")
	r.use(walk)
	r.frame("")
	r.owner("")
	r.command(5, walk)
	r.command(6, walk)
	r.use(walk)
	r.server.HP = 0
	r.frame("dead: what is pending changes nothing any more")
	r.server = vectorRow{X: 9.9, Y: 1, HP: 100, Ammo: 30}
	r.use(walk)
	r.frame("elsewhere: a correction")
	r.owner("")
	return r.to
}

// angles: differences are taken the short way round.
func angles(r *recording) vectorScenario {
	r.frame("the first row")
	for n, c := range []struct {
		aim, server float32
		note        string
	}{
		{3.1415, -3.1416, "near, over the turn"},
		{3.1352, -3.14, "less than a step, over the turn: settled at the range's end"},
		{-3.138, 3.1352, "the same the other way"},
		{3.13, -3.13, "more than a step: a correction"},
		{0.5, 0.5149, "a step and more"},
		{0.5, 0.5049, "near"},
		{0.5, 0.506, "less than a step"},
	} {
		at := tick.Tick(n + 1)
		r.command(at, vectorCommand{Aim: c.aim})
		r.use(vectorCommand{Aim: c.aim})
		r.server.Aim = c.server
		r.frame(c.note)
	}
	return r.to
}

// comeAndGo: commands wait for a row, and a row that goes takes its past along.
func comeAndGo(r *recording) vectorScenario {
	walk := vectorCommand{X: 1, Y: 1, Aim: 2}
	r.command(1, walk)
	r.command(2, walk)
	r.frame("the first row: the waiting commands run on it")
	r.gone("away")
	r.command(3, walk)
	r.now, r.ack = 2, 2
	r.server = vectorRow{X: 1, Y: 1, HP: 100}
	r.frame("back: the row starts anew")
	r.use(walk)
	r.frame("")
	return r.to
}

// The predictor does what the vectors say, which clients in other languages
// pass too.
func TestPredictionVectors(t *testing.T) {
	columns := predictionColumns(t)
	scenarios := predictionScenarios(columns)
	got := fileOf(t, vectorFile{
		About: "Written by clients/go/prediction_vectors_test.go; rewrite with: go test ./clients/go -run TestPredictionVectors -update",
		Rate:  20, Columns: columns, Scenarios: scenarios,
	})
	if *update {
		if err := os.WriteFile(vectorsFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	var file vectorFile
	if err := json.Unmarshal(want, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Scenarios) > len(scenarios) {
		t.Fatal("the file has more scenarios; -update writes it anew")
	}
	for i, s := range file.Scenarios {
		for k, step := range s.Steps {
			if k >= len(scenarios[i].Steps) || !reflect.DeepEqual(scenarios[i].Steps[k], step) {
				t.Fatalf("%q differs from step %d (%s) on; -update writes the file anew", s.Name, k, step.Note)
			}
		}
	}
	t.Error("the file differs; -update writes it anew")
}

// fileOf writes each step on a line of its own.
func fileOf(t *testing.T, f vectorFile) []byte {
	line := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\"About\":%s,\n\"Rate\":%d,\n\"Columns\":%s,\n\"Scenarios\":[", line(f.About), f.Rate, line(f.Columns))
	for i, s := range f.Scenarios {
		fmt.Fprintf(&out, "%s\n{\"Name\":%s,\"Steps\":[", comma(i), line(s.Name))
		for k, step := range s.Steps {
			fmt.Fprintf(&out, "%s\n %s", comma(k), line(step))
		}
		out.WriteString("]}")
	}
	out.WriteString("]}\n")
	return out.Bytes()
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

// predictionColumns are the columns of vectorRow as a server describes them.
func predictionColumns(t *testing.T) []schema.Column {
	type world struct{ Players state.Table[vectorRow] }
	store, err := state.NewStore(&world{}, state.Options{Hz: 20})
	if err != nil {
		t.Fatal(err)
	}
	return store.Schema().Tables[0].Columns
}
