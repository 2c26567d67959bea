package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

var update = flag.Bool("update", false, "rewrite the files of vectors")

const vectorsFile = "testdata/vectors.json"

// The vectors let a decoder in another language prove that it reads what this
// package writes. A cell is its wire value: a number, a decimal string if the
// column is wide (64 bits), a text as it is.
type (
	vectors struct {
		About     string           `json:"about"`
		Scenarios []vectorScenario `json:"scenarios"`
		Inputs    []vectorInput    `json:"inputs"`
	}
	vectorScenario struct {
		Name       string        `json:"name"`
		Schema     schema.Schema `json:"schema"`
		SchemaHash string        `json:"schemaHash"`
		Steps      []vectorStep  `json:"steps"` // to be applied in order to one mirror
	}
	vectorStep struct {
		Note     string        `json:"note"`
		Kind     string        `json:"kind"` // "frame", "owner" or "events"
		Payload  string        `json:"payload"`
		Keyframe bool          `json:"keyframe,omitempty"`
		HasHash  bool          `json:"hasHash,omitempty"` // whether the payload carries it
		Hash     []uint32      `json:"hash,omitempty"`    // public hash of the mirror after the step, lanes A and B
		Tables   []vectorTable `json:"tables,omitempty"`  // frame: all tables after the step
		Owner    []vectorTable `json:"owner,omitempty"`   // owner: all owner cells held after the step
		Events   []vectorEvent `json:"events,omitempty"`  // events: in order
	}
	vectorTable struct {
		Name    string      `json:"name"`
		Rows    []vectorRow `json:"rows"`
		Added   []ID        `json:"added,omitempty"`
		Changed []ID        `json:"changed,omitempty"`
		Removed []ID        `json:"removed,omitempty"`
	}
	vectorRow struct {
		ID    ID    `json:"id"`
		Cells []any `json:"cells"` // frame: of the public columns; owner: of the owner columns
	}
	vectorEvent struct {
		Event int   `json:"event"`
		Cells []any `json:"cells"`
	}
	vectorInput struct {
		Name    string          `json:"name"`
		Columns []schema.Column `json:"columns"`
		Cases   []vectorCase    `json:"cases"`
		Refused []vectorRefused `json:"refused"` // what a server refuses
	}
	vectorCase struct {
		Cells   []any  `json:"cells"`
		Payload string `json:"payload"`
	}
	vectorRefused struct {
		Why     string `json:"why"`
		Payload string `json:"payload"`
	}
)

// vectorWriter plays one scenario on a store and a mirror.
type vectorWriter struct {
	t      *testing.T
	store  *Store
	mirror *Mirror
	out    vectorScenario
}

func newVectorWriter(t *testing.T, name string, s *Store) *vectorWriter {
	return &vectorWriter{t, s, NewMirror(s.Schema()), vectorScenario{Name: name, Schema: s.Schema(), SchemaHash: fmt.Sprintf("%016x", s.Schema().Hash())}}
}

func jsonCell(c *schema.Column, wire uint64, text string) any {
	switch {
	case c.Kind == schema.String:
		return text
	case c.Wide():
		return strconv.FormatUint(wire, 10)
	}
	return wire
}

func (v *vectorWriter) keyframe(note string, withHash bool) {
	v.frame(note, v.store.AppendKeyframe(nil, withHash), true)
}

func (v *vectorWriter) delta(note string, ticks tick.Tick, withHash bool) {
	payload, ok := v.store.AppendDelta(nil, v.store.Tick()-ticks, withHash)
	if !ok {
		v.t.Fatal("no delta")
	}
	v.frame(note, payload, false)
}

func (v *vectorWriter) frame(note string, payload []byte, keyframe bool) {
	if err := v.mirror.ApplyFrame(payload, keyframe); err != nil {
		v.t.Fatalf("%s: %s: %v", v.out.Name, note, err)
	}
	h := v.mirror.Hash()
	if h != v.store.PublicHash() {
		v.t.Fatalf("%s: %s: mirror and store differ", v.out.Name, note)
	}
	_, hasHash := v.mirror.LastFrameHash()
	step := vectorStep{Note: note, Kind: "frame", Payload: hex.EncodeToString(payload), Keyframe: keyframe, HasHash: hasHash, Hash: []uint32{h.A, h.B}}
	for i := range v.mirror.tables {
		t := &v.mirror.tables[i]
		out := vectorTable{Name: t.def.Name, Rows: []vectorRow{}, Added: slices.Clone(t.added), Changed: slices.Clone(t.changed), Removed: slices.Clone(t.removed)}
		for id := range t.IDs() {
			out.Rows = append(out.Rows, vectorRow{id, t.jsonCells(id, t.public)})
		}
		step.Tables = append(step.Tables, out)
	}
	v.out.Steps = append(v.out.Steps, step)
}

func (t *MirrorTable) jsonCells(id ID, columns []int) []any {
	cells := []any{}
	for _, n := range columns {
		wire, text, _ := t.wireCell(id, t.places[n])
		cells = append(cells, jsonCell(&t.def.Columns[n], wire, text))
	}
	return cells
}

func (v *vectorWriter) owner(note string, player ID, full bool) {
	payload, some := v.store.AppendOwner(nil, player, full)
	if !some {
		v.t.Fatalf("%s: nothing for the owner", note)
	}
	if err := v.mirror.ApplyOwner(payload); err != nil {
		v.t.Fatal(err)
	}
	step := vectorStep{Note: note, Kind: "owner", Payload: hex.EncodeToString(payload)}
	for i := range v.mirror.tables {
		t := &v.mirror.tables[i]
		if len(t.owner) == 0 {
			continue
		}
		out := vectorTable{Name: t.def.Name, Rows: []vectorRow{}}
		for id := range t.IDs() {
			if t.owned[id] != nil {
				out.Rows = append(out.Rows, vectorRow{id, t.jsonCells(id, t.owner)})
			}
		}
		step.Owner = append(step.Owner, out)
	}
	v.out.Steps = append(v.out.Steps, step)
}

func (v *vectorWriter) events(note string, payload []byte, some bool) {
	if !some {
		v.t.Fatalf("%s: no events", note)
	}
	step := vectorStep{Note: note, Kind: "events", Payload: hex.EncodeToString(payload)}
	err := v.mirror.DecodeEvents(payload, func(event int, cells []Cell) {
		out := vectorEvent{event, []any{}}
		for i, c := range cells {
			column := &v.mirror.schema.Events[event].Columns[i]
			out.Cells = append(out.Cells, jsonCell(column, toWire(column, c.exact), c.text))
		}
		step.Events = append(step.Events, out)
	})
	if err != nil {
		v.t.Fatal(err)
	}
	v.out.Steps = append(v.out.Steps, step)
}

func TestVectors(t *testing.T) {
	all := vectors{
		About:     "Written by state/vectors_test.go; rewrite with: go test ./state -run TestVectors -update",
		Scenarios: []vectorScenario{kindsScenario(t), slotsScenario(t), rowSetScenario(t), catchUpScenario(t)},
		Inputs:    inputVectors(t),
	}
	checkVectors(t, vectorsFile, all)
}

// checkVectors compares what the codec writes with a file, or writes that.
func checkVectors(t *testing.T, file string, all any) {
	got, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	spaces := regexp.MustCompile(`\n *`)
	scalars := regexp.MustCompile(`\[\s+([^\[\]{}]*?)\s+\]`) // lists of these on one line
	got = scalars.ReplaceAllFunc(append(got, '\n'), func(list []byte) []byte { return spaces.ReplaceAll(list, nil) })
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the codec no longer writes %s; if that is meant, clients break: raise the protocol version and run with -update", file)
	}
}

func kindsScenario(t *testing.T) vectorScenario {
	w, s := newTestWorld(t)
	v := newVectorWriter(t, "every kind", s)
	extreme := everyKind{
		Pos: [2]point{{1.234, -0.005}, {1000, -1000}}, Aim: 3.14159, Far: -0.25, Raw32: float32(math.Copysign(0, -1)), Raw64: math.Inf(-1),
		On: true, I8: math.MinInt8, I16: math.MinInt16, I32: math.MinInt32, I64: math.MinInt64,
		U8: math.MaxUint8, U16: math.MaxUint16, U32: math.MaxUint32, U64: math.MaxUint64,
		Name: "Zoë \u2603 \U0001F600", Mate: ID(0xfff00001), Ammo: 12, Secret: "psst", Stock: -1 << 40, Fuel: 2.34,
	}
	var a, b ID
	step(s, func() {})
	v.keyframe("an empty world has its values only", false)
	step(s, func() {
		a = w.Players.Insert(extreme)
		b = w.Players.Insert(everyKind{})
	})
	v.keyframe("extreme values and zeros", true)
	v.owner("all that the first player owns", a, true)
	step(s, func() {
		w.Round.Set(1 << 31)
		w.Score.Edit()[1] = -3
		p := w.Players.Edit(b)
		*p = extreme
		p.Raw32, p.Raw64, p.Aim = float32(math.NaN()), math.Float64frombits(0xfff8000000000123), float32(math.Inf(1))
	})
	v.delta("from zeros to the extremes", 1, true)
	step(s, func() {
		w.Players.Edit(a).Ammo = 11
		w.Players.Edit(a).I64, w.Players.Edit(a).U32, w.Players.Edit(a).I32 = math.MaxInt64, 0, math.MaxInt32
		w.Players.Edit(b).Name = ""
		w.Kills.Send(kill{By: a, Of: b, Weapon: "axe", At: 55.555})
		w.Kills.To(a, kill{Of: a, At: 200})
		w.Bells.Send(struct{}{})
	})
	v.delta("differences that wrap", 1, false)
	v.owner("one owner cell", a, false)
	payload, some := s.AppendEvents(nil)
	v.events("two events to all", payload, some)
	payload, some = s.AppendEventsTo(nil, a)
	v.events("an event to one, cut to its bounds", payload, some)
	step(s, func() { w.Players.Edit(a).Exact = 3 })
	v.delta("nothing that clients see", 1, true)
	return v.out
}

func slotsScenario(t *testing.T) vectorScenario {
	w, s := newTestWorld(t)
	v := newVectorWriter(t, "slots used again", s)
	var ids []ID
	step(s, func() {
		for i := range 5 {
			ids = append(ids, w.Shots.Insert(shot{Team: uint8(i), X: float32(i)}))
		}
	})
	v.keyframe("five rows", false)
	step(s, func() {
		w.Shots.Delete(ids[1])
		w.Shots.Delete(ids[3])
	})
	v.delta("two are deleted", 1, false)
	step(s, func() {
		w.Shots.Insert(shot{Team: 7})
		w.Shots.Delete(ids[4])
		w.Shots.Edit(ids[2]).X = -1
	})
	v.delta("a slot is used again, a row is deleted, another changes", 1, true)
	step(s, func() {
		w.Shots.Delete(ids[0])
		w.Shots.Insert(shot{Team: 8})
	})
	v.delta("a slot changes its row in one frame", 1, true)
	step(s, func() { w.Shots.Put(makeID(70, maxGen), shot{Team: 9, X: 1}) })
	v.delta("a row on another page", 1, true)
	v.keyframe("all of it again", true)
	step(s, func() {
		for id := range w.Shots.IDs() {
			w.Shots.Delete(id)
		}
	})
	v.delta("all are deleted", 1, true)
	return v.out
}

func rowSetScenario(t *testing.T) vectorScenario {
	w, s, ids := newMovers(t, 200)
	v := newVectorWriter(t, "row sets", s)
	v.keyframe("200 rows", true)
	change := func(note string, rows ...int) {
		step(s, func() {
			for _, i := range rows {
				w.Players.Edit(ids[i]).X += 1.5
				if i%2 == 0 {
					w.Players.Edit(ids[i]).Score -= int32(i)
				}
			}
		})
		v.delta(note, 1, true)
	}
	change("one row: a list", 77)
	change("a few rows: a list", 0, 1, 63, 64, 128, 199)
	var most, everyOne []int
	for i := range 200 {
		everyOne = append(everyOne, i)
		if i%3 != 0 {
			most = append(most, i)
		}
	}
	change("most rows: a bitmap", most...)
	change("all rows", everyOne...)
	step(s, func() {
		for i := range 200 {
			if i%5 == 1 {
				w.Players.Delete(ids[i])
			}
		}
		w.Players.Edit(ids[199]).Team = 3
	})
	v.delta("every fifth row is deleted: a bitmap", 1, true)
	return v.out
}

func catchUpScenario(t *testing.T) vectorScenario {
	w, s := newTestWorld(t)
	v := newVectorWriter(t, "catching up over three ticks", s)
	var ids []ID
	step(s, func() {
		for i := range 6 {
			ids = append(ids, w.Shots.Insert(shot{Team: uint8(i), X: float32(i)}))
		}
	})
	v.keyframe("six rows", true)
	step(s, func() {
		w.Shots.Edit(ids[0]).X = 5
		w.Shots.Delete(ids[1])
		w.Shots.Edit(ids[2]).Team = 9
	})
	step(s, func() {
		w.Shots.Edit(ids[0]).X = 6
		w.Shots.Insert(shot{Team: 11})
		w.Shots.Delete(ids[3])
		w.Shots.Edit(ids[2]).Team = 2
	})
	step(s, func() {
		w.Shots.Insert(shot{Team: 12})
		w.Shots.Delete(ids[5])
	})
	v.delta("one delta over three ticks", 3, true)
	v.delta("a delta to the same tick is empty", 0, false)
	return v.out
}
