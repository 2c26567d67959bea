package state

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

const lossyVectorsFile = "../schema/vectors/frames.json"

// The vectors of lossy frames let a client in another language prove that it
// assembles them as this package does. Cells are those of vectors.
type (
	lossyVectors struct {
		About     string          `json:"about"`
		Scenarios []lossyScenario `json:"scenarios"`
	}
	lossyScenario struct {
		Name       string        `json:"name"`
		Schema     schema.Schema `json:"schema"`
		SchemaHash string        `json:"schemaHash"`
		Steps      []lossyStep   `json:"steps"` // to be given to one client in order
	}
	lossyStep struct {
		Note    string    `json:"note"`
		Kind    string    `json:"kind"` // "keyframe", "part" (lossy) or "reliable"
		Tick    tick.Tick `json:"tick"`
		Base    tick.Tick `json:"base,omitempty"`
		Part    int       `json:"part"`
		Parts   int       `json:"parts"`
		Payload string    `json:"payload"`
		lossyResult
	}
	// lossyResult is what comes of a step.
	lossyResult struct {
		Result  string        `json:"result"`  // see lossyAbout
		Applied tick.Tick     `json:"applied"` // the acknowledgement after the step, 0 if the state is lost
		Held    uint16        `json:"held"`    // and its bits
		Hash    []uint32      `json:"hash"`    // of all rows shown after the step, lanes A and B
		Tables  []vectorTable `json:"tables"`  // all that is shown, and what the step did to it
	}
)

const lossyAbout = `Written by state/vectors_lossy_test.go; rewrite with: go test ./state -run TestLossyVectors -update. ` +
	`Results: applied (the frame is not complete), complete, old, not held, broken (nothing else is wrong), out of step (the state is lost), lost (the step is not to be given to the client).`

// apply gives the step to a client and says what comes of it.
func (s *lossyStep) apply(m *Mirror) (out lossyResult, err error) {
	payload, err := hex.DecodeString(s.Payload)
	if err != nil {
		return out, err
	}
	complete := false
	switch {
	case s.Result == "lost":
		m.forgetLists()
	case s.Kind == "keyframe":
		if err = m.ApplyFrame(payload, true); err == nil {
			m.Keep(s.Tick)
			complete = true
		}
	case s.Kind == "reliable":
		err = m.ApplyReliable(payload)
		complete = err == nil
	default:
		complete, err = m.ApplyPart(Part{s.Tick, s.Base, s.Part, s.Parts, payload})
	}
	switch {
	case s.Result == "lost":
		out.Result = "lost"
	case complete:
		out.Result = "complete"
	case errors.Is(err, ErrOld):
		out.Result = "old"
	case errors.Is(err, ErrNotHeld):
		out.Result = "not held"
	case errors.Is(err, ErrOutOfStep):
		out.Result = "out of step"
	case err != nil:
		out.Result = "broken"
	default:
		out.Result = "applied"
	}
	out.Applied, out.Held = m.Held()
	h := m.Hash()
	out.Hash = []uint32{h.A, h.B}
	for i := range m.tables {
		t := &m.tables[i]
		table := vectorTable{Name: t.def.Name, Rows: []vectorRow{}, Added: slices.Clone(t.added), Changed: slices.Clone(t.changed), Removed: slices.Clone(t.removed)}
		for id := range t.IDs() {
			table.Rows = append(table.Rows, vectorRow{id, t.jsonCells(id, t.public)})
		}
		out.Tables = append(out.Tables, table)
	}
	return out, nil
}

type lossyRow struct {
	X    float32 `parlor:"quant=0.1"`
	Name string
	Bank int64
	Ammo uint8 `parlor:"owner"`
}

type lossyWorld struct {
	Heroes Table[lossyRow]
	Chests Table[point] `parlor:"reliable"`
	Sparks Table[point]
	Round  Value[uint32]
}

// lossyWriter plays one scenario on a store and a client.
type lossyWriter struct {
	t      *testing.T
	world  *lossyWorld
	store  *Store
	client *Mirror
	out    lossyScenario
}

func newLossyWriter(t *testing.T, name string) *lossyWriter {
	w := new(lossyWorld)
	s, err := NewStore(w, Options{Hz: 20})
	if err != nil {
		t.Fatal(err)
	}
	out := lossyScenario{Name: name, Schema: s.Schema(), SchemaHash: fmt.Sprintf("%016x", s.Schema().Hash())}
	return &lossyWriter{t, w, s, NewMirror(s.Schema()), out}
}

// heroes makes a tick that inserts n of them.
func (v *lossyWriter) heroes(n int) (ids []ID) {
	step(v.store, func() {
		for i := range n {
			ids = append(ids, v.world.Heroes.Insert(lossyRow{X: float32(i), Name: fmt.Sprint("hero ", i)}))
		}
	})
	return ids
}

// move makes ticks up to one, in each of which all heroes go on.
func (v *lossyWriter) move(to tick.Tick) {
	for v.store.Tick() < to {
		step(v.store, func() {
			for id := range v.world.Heroes.IDs() {
				hero := v.world.Heroes.Edit(id)
				hero.X += 0.5
				hero.Bank -= int64(v.store.Tick()) << (3 * id.Slot())
			}
		})
	}
}

func (v *lossyWriter) add(s lossyStep, payload []byte, want string) {
	s.Tick, s.Payload, s.Result = v.store.Tick(), hex.EncodeToString(payload), want
	v.replay(s, want)
}

// replay adds a step as it is.
func (v *lossyWriter) replay(s lossyStep, want string) {
	s.Result = want
	var err error
	if s.lossyResult, err = s.apply(v.client); err != nil || s.Result != want {
		v.t.Fatalf("%s: %s: %s, want %s (%v)", v.out.Name, s.Note, s.Result, want, err)
	}
	v.out.Steps = append(v.out.Steps, s)
}

func (v *lossyWriter) keyframe(note string) {
	v.add(lossyStep{Note: note, Kind: "keyframe", Parts: 1}, v.store.AppendKeyframe(nil, true), "complete")
}

func (v *lossyWriter) reliable(note string, base tick.Tick) {
	payload, ok := v.store.AppendDeltaOf(nil, ReliableTables, base, true)
	if !ok {
		v.t.Fatal("no delta")
	}
	v.add(lossyStep{Note: note, Kind: "reliable", Parts: 1}, payload, "complete")
}

// frame cuts the frame of this tick into so many parts and returns them as steps.
func (v *lossyWriter) frame(base tick.Tick, parts int) (steps []lossyStep) {
	n := 0
	for limit := 1140; limit > 0 && n != parts; limit-- {
		steps = steps[:0]
		n = v.cut(base, limit, parts, &steps)
	}
	if n != parts {
		v.t.Fatalf("%s: tick %d cannot be cut into %d parts", v.out.Name, v.store.Tick(), parts)
	}
	return steps
}

func (v *lossyWriter) cut(base tick.Tick, limit, parts int, steps *[]lossyStep) int {
	n, _, _ := v.store.Parts(LossyTables, base, limit, v.store.Tick()%BaseEvery == 0, func(part int, payload []byte) {
		*steps = append(*steps, lossyStep{Kind: "part", Tick: v.store.Tick(), Base: base, Part: part, Parts: parts, Payload: hex.EncodeToString(payload)})
	})
	return n
}

// whole adds the frame of this tick in one part.
func (v *lossyWriter) whole(note string, base tick.Tick, want string) {
	s := v.frame(base, 1)[0]
	s.Note = note
	v.replay(s, want)
}

// parts adds some parts in this order.
func (v *lossyWriter) parts(steps []lossyStep, order []int, notes, want []string) {
	for i, n := range order {
		steps[n].Note = notes[i]
		v.replay(steps[n], want[i])
	}
}

func partsScenario(t *testing.T) lossyScenario {
	v := newLossyWriter(t, "a frame in parts, and one part lost")
	v.heroes(12)
	v.move(2)
	v.keyframe("held as tick 2, which is no base tick")
	v.move(3)
	v.parts(v.frame(2, 3), []int{2, 0, 0, 1},
		[]string{"the last part comes first", "the first part", "the same again", "the last one missing"},
		[]string{"applied", "applied", "old", "complete"})
	v.move(4)
	four := v.frame(2, 3)
	v.parts(four, []int{0, 1, 2},
		[]string{"the first part of a base tick has the hash", "on its way", "is lost"}, []string{"applied", "lost", "lost"})
	v.move(5)
	five := v.frame(2, 1)
	v.parts(five, []int{0}, []string{"the next frame, from the same base, in one part"}, []string{"complete"})
	v.parts(four, []int{1}, []string{"a part of the older frame comes late"}, []string{"old"})
	v.parts(five, []int{0}, []string{"the frame again"}, []string{"old"})
	v.move(8)
	v.whole("a frame from a tick that did not come completely", 4, "not held")
	v.parts(v.frame(2, 2), []int{1, 0}, []string{"a base tick", "complete, so it is held"}, []string{"applied", "complete"})
	v.move(9)
	v.whole("from the new base", 8, "complete")
	v.move(10)
	ten := v.frame(8, 3)
	broken := ten[1]
	broken.Payload = broken.Payload[:len(broken.Payload)-4]
	broken.Note = "a part that is cut off"
	v.replay(broken, "broken")
	v.parts(ten, []int{1}, []string{"a part in the middle: the others show tick 9"}, []string{"applied"})
	v.move(11)
	v.parts(v.frame(2, 1), []int{0}, []string{"from the keyframe, which is still held"}, []string{"complete"})
	return v.out
}

func reusedScenario(t *testing.T) lossyScenario {
	v := newLossyWriter(t, "slots used again")
	w := v.world
	ids := v.heroes(5)
	v.move(4)
	v.keyframe("five heroes at a base tick")
	step(v.store, func() {
		w.Heroes.Delete(ids[1])
		w.Heroes.Delete(ids[3])
	})
	v.whole("tick 5: two are gone", 4, "complete")
	step(v.store, func() { w.Heroes.Insert(lossyRow{X: 7, Name: "new"}) })
	v.whole("tick 6: one of the slots has another row; to the base it is deleted and created", 4, "complete")
	step(v.store, func() {
		w.Heroes.Edit(makeID(1, 2)).X = 8
		w.Heroes.Edit(ids[4]).Name = "renamed"
		w.Sparks.Insert(point{X: 1})
	})
	v.whole("tick 7: from the same base, but to what is shown the new row only changed", 4, "complete")
	step(v.store, func() {
		w.Heroes.Delete(makeID(1, 2))
		w.Heroes.Insert(lossyRow{Name: "newer"})
		w.Heroes.Insert(lossyRow{Name: "after"})
		w.Heroes.Put(makeID(70, 9), lossyRow{X: -1})
		for id := range w.Sparks.IDs() {
			w.Sparks.Delete(id)
		}
	})
	v.parts(v.frame(4, 3), []int{2, 0, 1},
		[]string{"tick 8: rows on two pages, created in parts", "second to come", "third to come"}, []string{"applied", "applied", "complete"})
	step(v.store, func() { w.Heroes.Edit(ids[4]).Name = "hero 4" })
	v.whole("tick 9: a text is what it was at the base tick before", 4, "complete")
	return v.out
}

func reliableScenario(t *testing.T) lossyScenario {
	v := newLossyWriter(t, "reliable tables beside lossy ones")
	v.heroes(3)
	v.keyframe("tick 1")
	step(v.store, func() { v.world.Chests.Insert(point{X: 1.5}) })
	v.whole("tick 2: a chest was made, of which a lossy frame says nothing", 1, "complete")
	v.reliable("the same tick's reliable tables", 1)
	v.move(4)
	step4 := v.frame(1, 1)
	v.parts(step4, []int{0}, []string{"tick 4: the hash is that of the lossy tables"}, []string{"complete"})
	v.move(5)
	step(v.store, func() {
		for id := range v.world.Chests.IDs() {
			v.world.Chests.Edit(id).Y = 2
		}
	})
	v.reliable("tick 6: reliable tables run ahead of a frame of the same tick", 2)
	v.move(8)
	bad := v.frame(4, 1)[0]
	bad.Note = "tick 8: a wrong hash"
	bytes, _ := hex.DecodeString(bad.Payload)
	bytes[2] ^= 4
	bad.Payload = hex.EncodeToString(bytes)
	v.replay(bad, "out of step")
	v.move(9)
	v.whole("tick 9: nothing is held any more", 4, "not held")
	v.keyframe("a keyframe mends it")
	v.move(10)
	v.whole("tick 10", 9, "complete")
	return v.out
}

func heldScenario(t *testing.T) lossyScenario {
	v := newLossyWriter(t, "which base ticks are held")
	v.heroes(1)
	v.move(2)
	v.keyframe("tick 2")
	base := tick.Tick(2)
	for _, to := range []tick.Tick{3, 4, 8, 12, 20, 21, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 63, 64, 68, 72, 80} {
		v.move(to)
		v.whole(fmt.Sprintf("tick %d", to), base, "complete")
		if to%BaseEvery == 0 {
			base = to
		}
	}
	v.move(81)
	v.whole("from the oldest that is held", 20, "complete")
	v.move(84)
	v.whole("tick 84, after which tick 20 is forgotten", 80, "complete")
	return v.out
}

func TestLossyVectors(t *testing.T) {
	all := lossyVectors{lossyAbout, []lossyScenario{partsScenario(t), reusedScenario(t), reliableScenario(t), heldScenario(t)}}
	checkVectors(t, lossyVectorsFile, all)
}

// The file is what other languages read; so does this.
func TestLossyVectorsFromTheFile(t *testing.T) {
	text, err := os.ReadFile(lossyVectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all lossyVectors
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, scenario := range all.Scenarios {
		m := NewMirror(scenario.Schema)
		if got := fmt.Sprintf("%016x", scenario.Schema.Hash()); got != scenario.SchemaHash {
			t.Errorf("%s: schema hash %s, want %s", scenario.Name, got, scenario.SchemaHash)
		}
		for _, s := range scenario.Steps {
			got, err := s.apply(m)
			if err != nil {
				t.Fatal(err)
			}
			is, _ := json.Marshal(got)
			want, _ := json.Marshal(s.lossyResult)
			if string(is) != string(want) {
				t.Fatalf("%s: %s:\n%s\nwant\n%s", scenario.Name, s.Note, is, want)
			}
		}
	}
}
