package state

import (
	"maps"
	"math"
	"slices"
	"time"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

// modelTable is a table as plain maps have it.
type modelTable[T any] struct {
	rows map[ID]T
	gens map[int]int
}

func newModelTable[T any]() modelTable[T] {
	return modelTable[T]{map[ID]T{}, map[int]int{}}
}

func (m modelTable[T]) clone() modelTable[T] {
	return modelTable[T]{maps.Clone(m.rows), maps.Clone(m.gens)}
}

func (m modelTable[T]) ids() []ID {
	return slices.SortedFunc(maps.Keys(m.rows), func(a, b ID) int { return a.Slot() - b.Slot() })
}

func (m modelTable[T]) insert(v T) ID {
	taken := map[int]bool{}
	for id := range m.rows {
		taken[id.Slot()] = true
	}
	slot := 0
	for taken[slot] {
		slot++
	}
	m.gens[slot] = m.gens[slot]%maxGen + 1
	id := makeID(uint32(slot), uint16(m.gens[slot]))
	m.rows[id] = v
	return id
}

func (m modelTable[T]) put(id ID, v T) {
	for other := range m.rows {
		if other.Slot() == id.Slot() {
			delete(m.rows, other)
		}
	}
	m.gens[id.Slot()] = id.Generation()
	m.rows[id] = v
}

// modelTimer is a pending timer.
type modelTimer struct {
	at    tick.Tick
	id    TimerID
	value ID
}

// model is the whole world.
type model struct {
	players modelTable[everyKind]
	shots   modelTable[shot]
	hidden  modelTable[point]
	round   uint32
	timers  []modelTimer // in order of being set
	random  tick.Rand
	toAll   int
	toOne   map[ID]int
}

func (m model) clone() model {
	m.players, m.shots, m.hidden = m.players.clone(), m.shots.clone(), m.hidden.clone()
	m.timers, m.toOne = slices.Clone(m.timers), maps.Clone(m.toOne)
	return m
}

// modelTest plays the same random operations on a store and on the model.
type modelTest struct {
	t     *rapid.T
	w     *testWorld
	s     *Store
	model model
}

func (m *modelTest) drawShot() shot {
	return shot{By: makeID(uint32(m.number("by", 0, 3)), 1), Team: uint8(m.number("team", 0, 3)), X: m.float("x"), Left: uint16(m.number("left", 0, 2))}
}

func (m *modelTest) number(label string, low, high int) int {
	return rapid.IntRange(low, high).Draw(m.t, label)
}

func (m *modelTest) float(label string) float32 {
	return rapid.OneOf(
		rapid.SampledFrom([]float32{0, float32(math.Copysign(0, -1)), 0.004, 0.006, 1.5, -1.5, 1e30, float32(math.NaN()), float32(math.Inf(1)), -1000}),
		rapid.Float32Range(-2000, 2000),
	).Draw(m.t, label)
}

// scribble changes some columns.
func (m *modelTest) scribble(p *everyKind) {
	for range m.number("columns", 0, 5) {
		v := m.number("value", math.MinInt64, math.MaxInt64)
		switch m.number("column", 0, 21) {
		case 0, 1, 2, 3, 4:
			p.Pos[v&1].X = m.float("x")
		case 5:
			p.Aim = m.float("aim")
		case 6:
			p.Far = float64(m.float("far"))
		case 7:
			p.Raw32 = m.float("raw32")
		case 8:
			p.Raw64 = rapid.Float64().Draw(m.t, "raw64")
		case 9:
			p.On = !p.On
		case 10:
			p.I8, p.I16 = int8(v), int16(v)
		case 11:
			p.I32, p.I64 = int32(v), int64(v)
		case 12:
			p.U8, p.U16 = uint8(v), uint16(v)
		case 13:
			p.U32, p.U64 = uint32(v), uint64(v)
		case 14:
			p.Name = rapid.SampledFrom([]string{"", "a", "b", "longer ☃"}).Draw(m.t, "name")
		case 15:
			p.Mate = ID(v)
		case 16:
			p.Ammo = uint8(m.number("ammo", 0, 100))
		case 17:
			p.Secret = rapid.SampledFrom([]string{"", "x", "y"}).Draw(m.t, "secret")
		case 18:
			p.Stock = int64(v)
		case 19:
			p.Fuel = float64(m.float("fuel"))
		case 20:
			p.Exact = rapid.Float64().Draw(m.t, "exact")
		case 21:
			p.Note = rapid.SampledFrom([]string{"", "n"}).Draw(m.t, "note")
		}
	}
}

func pick[T any](m *modelTest, table modelTable[T]) ID {
	ids := table.ids()
	if len(ids) == 0 {
		return makeID(3, 7)
	}
	return ids[m.number("row", 0, len(ids)-1)]
}

// operate does one operation on both sides.
func (m *modelTest) operate() {
	w, o := m.w, &m.model
	switch m.number("operation", 0, 14) {
	case 0, 1:
		id := makeID(uint32(m.number("seat", 0, 3)), uint16(m.number("generation", 1, 2)))
		var p everyKind
		m.scribble(&p)
		w.Players.Put(id, p)
		o.players.put(id, p)
	case 2, 3, 4:
		id := pick(m, o.players)
		if p := w.Players.Edit(id); p != nil {
			m.scribble(p)
			o.players.rows[id] = *p
		} else if _, there := o.players.rows[id]; there {
			m.t.Fatalf("row %v is not there", id)
		}
	case 5:
		id := pick(m, o.players)
		_, there := o.players.rows[id]
		delete(o.players.rows, id)
		if w.Players.Delete(id) != there {
			m.t.Fatalf("Delete(%v) says otherwise", id)
		}
	case 6, 7:
		v := m.drawShot()
		if got, want := w.Shots.Insert(v), o.shots.insert(v); got != want {
			m.t.Fatalf("Insert gave %v, want %v", got, want)
		}
	case 8, 9:
		id := pick(m, o.shots)
		if p := w.Shots.Edit(id); p != nil {
			*p = m.drawShot()
			o.shots.rows[id] = *p
		}
	case 10:
		id := pick(m, o.shots)
		w.Shots.Delete(id)
		delete(o.shots.rows, id)
	case 11:
		m.operateTimers()
	case 12:
		m.operateMany()
	case 13:
		v := uint32(m.number("round", 0, 3))
		w.Round.Set(v)
		o.round = v
		hidden := point{X: m.float("hidden")}
		w.Hidden.Insert(hidden)
		o.hidden.insert(hidden)
		if m.s.Rand().Uint32() != o.random.Uint32() {
			m.t.Fatal("random numbers differ")
		}
	case 14:
		to := makeID(uint32(m.number("to", 0, 2)), 1)
		w.Kills.Send(kill{By: to})
		w.Kills.To(to, kill{Of: to})
		o.toAll++
		o.toOne[to]++
	}
	m.checkIndex()
}

// operateMany inserts or deletes enough rows for several pages.
func (m *modelTest) operateMany() {
	if m.model.shots.ids(); len(m.model.shots.rows) < 70 {
		for range 70 {
			m.w.Shots.Insert(shot{Team: 1})
			m.model.shots.insert(shot{Team: 1})
		}
		return
	}
	for i, id := range m.model.shots.ids() {
		if i%7 != 0 {
			m.w.Shots.Delete(id)
			delete(m.model.shots.rows, id)
		}
	}
}

func (m *modelTest) operateTimers() {
	o := &m.model
	switch m.number("timer operation", 0, 3) {
	case 0, 1:
		d := time.Duration(m.number("ticks", 0, 5)) * 50 * time.Millisecond
		value := ID(m.number("timer", 0, 9))
		id := m.w.Wakes.After(d, value)
		o.timers = append(o.timers, modelTimer{m.s.Tick() + max(1, tick.Tick(d/(50*time.Millisecond))), id, value})
	case 2:
		if len(o.timers) > 0 {
			n := m.number("cancelled", 0, len(o.timers)-1)
			if !m.w.Wakes.Cancel(o.timers[n].id) {
				m.t.Fatal("a pending timer cannot be cancelled")
			}
			o.timers = slices.Delete(o.timers, n, n+1)
		}
	case 3:
		slices.SortStableFunc(o.timers, func(a, b modelTimer) int { return int(a.at) - int(b.at) })
		var want, got []ID
		for len(o.timers) > 0 && o.timers[0].at <= m.s.Tick() {
			want = append(want, o.timers[0].value)
			o.timers = o.timers[1:]
		}
		for v := range m.w.Wakes.Due() {
			got = append(got, v)
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("due %v, want %v", got, want)
		}
	}
}

func (m *modelTest) checkIndex() {
	team := uint8(m.number("team asked for", 0, 3))
	var want []ID
	for _, id := range m.model.shots.ids() {
		if m.model.shots.rows[id].Team == team {
			want = append(want, id)
		}
	}
	if got := slices.Collect(m.w.ByTeam.Get(team)); !slices.Equal(got, want) {
		m.t.Fatalf("index gives %v, want %v", got, want)
	}
}

// call runs one call, which is undone at random.
func (m *modelTest) call() {
	before := m.model.clone()
	m.s.Begin()
	for range m.number("operations", 0, 4) {
		m.operate()
	}
	if rapid.Bool().Draw(m.t, "undone") {
		m.model = before
		m.s.Rollback()
	} else {
		m.s.Commit()
	}
	m.checkIndex()
}

func (m *modelTest) tick() {
	m.model.toAll, m.model.toOne = 0, map[ID]int{}
	m.s.StartTick(m.s.Tick() + 1)
	for range m.number("calls", 0, 3) {
		m.call()
	}
	m.s.EndTick()
	checkTable(m.t, m.model.players, &m.w.Players)
	checkTable(m.t, m.model.shots, &m.w.Shots)
	checkTable(m.t, m.model.hidden, &m.w.Hidden)
	if m.w.Round.Get() != m.model.round || m.w.Wakes.Len() != len(m.model.timers) || m.s.Rand().State() != m.model.random.State() {
		m.t.Fatal("value, timers or random numbers differ")
	}
	checkHashes(m.t, m.s)
}

// checkTable compares rows, after bringing the model's into the settled form.
func checkTable[T any](t *rapid.T, want modelTable[T], got *Table[T]) {
	if got.Len() != len(want.rows) {
		t.Fatalf("%s has %d rows, want %d", got.rows.name, got.Len(), len(want.rows))
	}
	ids := want.ids()
	n := 0
	for id, row := range got.All() {
		if id != ids[n] {
			t.Fatalf("%s: row %v, want %v", got.rows.name, id, ids[n])
		}
		expected := want.rows[id]
		for i := range got.rows.columns {
			got.rows.columns[i].settle(unsafe.Pointer(&expected))
		}
		want.rows[id] = expected
		if column, differs := diffRows(got.rows.columns, unsafe.Pointer(&expected), unsafe.Pointer(&row)); differs {
			t.Fatalf("%s[%v].%s", got.rows.name, id, column)
		}
		n++
	}
}
