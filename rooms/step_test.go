package rooms

import (
	"bytes"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

type dot struct {
	X, Y   float32 `parlor:"quant=0.01"`
	VX, VY float32
	HP     uint16
	Score  int32
	Name   string
}
type dots struct{ All state.Table[dot] }
type push struct {
	X int8 `parlor:"min=-1,max=1"`
	Y int8 `parlor:"min=-1,max=1"`
}

func dotsGame() Game[dots, struct{}] {
	return Game[dots, struct{}]{
		Hz: 20, MaxPlayers: 64,
		Join: func(w *dots, _ *Ctx, p *Player, _ struct{}) { w.All.Put(p.ID, dot{Name: p.User}) },
		Tick: func(*dots, *Ctx) {},
		Inputs: []Input[dots]{
			Command(func(w *dots) *state.Table[dot] { return &w.All }, func(d *dot, m push, dt float32) {
				d.X += float32(float32(m.X) * 5 * dt)
				d.Y += float32(float32(m.Y) * 5 * dt)
				if m == (push{-1, -1}) {
					panic("a corner") // after the edits
				}
			}),
		},
	}
}

// sink is a Conn that applies at once and keeps nothing.
type sink struct{ applied uint32 }

func (s *sink) Frame(schema.Header, []byte) bool    { s.applied++; return true }
func (s *sink) Message(schema.Header, []byte)       {}
func (s *sink) Datagram(schema.Header, []byte) bool { return false }
func (s *sink) DatagramSize() int                   { return 0 }
func (s *sink) Flush()                              {}
func (s *sink) Applied() uint32                     { return s.applied }
func (s *sink) Base() uint32                        { return 0 }
func (s *sink) RTT() time.Duration                  { return 0 }
func (s *sink) Done()                               {}
func (s *sink) Close(schema.Code, string)           {}

// crowd is a room with players, stepped by hand.
type crowd struct {
	run   *runner
	seats []*Seat
	now   time.Time
	cmd   []byte
}

func newCrowd(t testing.TB, players int) *crowd {
	t.Helper()
	return newCrowdOf(t, Define("dots", dotsGame()), players, func() Conn { return &sink{} })
}

func newCrowdOf(t testing.TB, kind Kind, players int, conn func() Conn) *crowd {
	t.Helper()
	reg, err := NewRegistry(Config{Kinds: []Kind{kind}})
	if err != nil {
		t.Fatal(err)
	}
	run, err := newRunner(reg, kind.def, "room", false, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{run: run, now: time.Now()}
	for range players {
		p, err := run.reserve(auth.User{ID: "u"}, nil, c.now)
		if err != nil {
			t.Fatal(err)
		}
		s := &Seat{run: run, place: p}
		if !run.enter(s, conn()) {
			t.Fatal("a reserved seat cannot be entered")
		}
		c.seats = append(c.seats, s)
	}
	record, err := state.RecordOf[push]()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = record.Append(nil, &push{X: 1, Y: -1})
	return c
}

// step sends one command for each player and runs a tick.
func (c *crowd) step(t testing.TB) {
	next := uint32(c.run.room.now) + 1
	for _, s := range c.seats {
		if err := s.Command(next, 0, c.cmd); err != nil {
			t.Fatal(err)
		}
	}
	c.now = c.now.Add(50 * time.Millisecond)
	if next := c.run.Step(c.now, 0); next != (tick.Next{}) {
		t.Fatalf("the room wants %+v", next)
	}
	for _, s := range c.seats {
		s.conn.(*sink).applied = uint32(c.run.room.now)
	}
}

func TestATickAllocatesNothing(t *testing.T) {
	c := newCrowd(t, 20)
	for range 200 {
		c.step(t)
	}
	if n := testing.AllocsPerRun(200, func() { c.step(t) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkRoomTick20(b *testing.B) {
	c := newCrowd(b, 20)
	for range 200 {
		c.step(b)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.step(b)
	}
}

func TestCommandRing(t *testing.T) {
	type put struct {
		named uint32
		ok    bool
	}
	cases := map[string]struct {
		next tick.Tick
		puts []put
		want []byte // what each tick from next on uses; 0: neutral
	}{
		"on time":             {10, []put{{10, true}, {11, true}}, []byte{10, 11}},
		"repeated 3 times":    {10, []put{{10, true}}, []byte{10, 10, 10, 10, 0, 0}},
		"neutral before any":  {10, []put{{12, true}}, []byte{0, 0, 12}},
		"late takes the next": {10, []put{{8, true}}, []byte{8}},
		"late, next is taken": {10, []put{{10, true}, {9, false}}, []byte{10}},
		"too far ahead":       {10, []put{{10 + commandSlots, false}}, []byte{0}},
		"surplus replaces":    {10, []put{{10, true}, {10, true}}, []byte{10, 10}},
		"out of order":        {10, []put{{12, true}, {10, true}, {11, true}}, []byte{10, 11, 12}},
		"zero is no tick":     {10, []put{{0, false}}, []byte{0}},
	}
	for name, c := range cases {
		var r commandRing
		for _, p := range c.puts {
			if ok := r.put(p.named, c.next, []byte{byte(p.named)}); ok != p.ok {
				t.Errorf("%s: put %d gave %t", name, p.named, ok)
			}
		}
		for i, want := range c.want {
			payload, ok := r.take(c.next + tick.Tick(i))
			var got byte
			if ok {
				got = payload[0]
			}
			if got != want {
				t.Errorf("%s: tick %d used %d, want %d", name, i, got, want)
			}
		}
	}
}

func TestALateCommandIsUsedOnce(t *testing.T) {
	var r commandRing
	r.put(10, 10, []byte{10})
	r.take(10)
	if r.put(10, 11, []byte{10}) || r.put(9, 11, []byte{9}) {
		t.Error("a command that was used, or is older than one that was, was taken again")
	}
	if r.named != 10 {
		t.Errorf("acknowledged %d", r.named)
	}
}

func TestASnapshotGoesOnAsTheRoom(t *testing.T) {
	c := newCrowd(t, 5)
	for range 10 {
		c.step(t)
	}
	snapshot, err := c.run.room.snapshot()
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.run.def.open(99)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.loadSnapshot(snapshot); err != nil {
		t.Fatal(err)
	}
	var out Outbox
	for _, r := range []*GameRoom{c.run.room, other} {
		for _, s := range c.seats[:3] {
			r.Apply(Op{Kind: OpCommand, Player: s.place.id, Payload: c.cmd}, &out)
		}
		r.Apply(Op{Kind: OpLeave, Player: c.seats[4].place.id, Index: uint8(LeaveAsked)}, &out)
		r.Tick(r.now, &out)
	}
	if a, b := c.run.room.store.FullHash(), other.store.FullHash(); a != b {
		field, _ := state.Diff(c.run.room.store, other.store)
		t.Errorf("one tick after the snapshot: %v and %v; %s", a, b, field)
	}
}

func FuzzLoadSnapshot(f *testing.F) {
	c := newCrowd(f, 3)
	c.step(f)
	snapshot, err := c.run.room.snapshot()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(snapshot)
	f.Fuzz(func(t *testing.T, b []byte) {
		room, err := c.run.def.open(1)
		if err != nil {
			t.Fatal(err)
		}
		_ = room.loadSnapshot(b) // an error or not, never a panic
	})
}

func TestABadCommandIsNotRepeatedAndHarmsNobody(t *testing.T) {
	c := newCrowd(t, 3)
	for range 5 {
		c.step(t)
	}
	before, _ := c.world().All.Get(c.seats[2].place.id)
	next := uint32(c.run.room.now) + 1
	for i, s := range c.seats {
		payload := c.cmd
		if i == 1 {
			payload = []byte{0xff, 0xff, 0xff}
		}
		if err := s.Command(next, 0, payload); err != nil {
			t.Fatal(err)
		}
	}
	for range 5 {
		c.now = c.now.Add(50 * time.Millisecond)
		c.run.Step(c.now, 0)
	}
	if n := c.run.stats.InputsRefused.Load(); n != 1 {
		t.Errorf("one bad command was refused %d times", n)
	}
	after, _ := c.world().All.Get(c.seats[2].place.id)
	if moved := after.X - before.X; moved < 0.99 || moved > 1.01 { // four ticks of 0.25
		t.Errorf("the player beside it moved by %v", moved)
	}
}

func (c *crowd) world() *dots { return c.run.room.world.(*dots) }

func TestALongCommandGoesThroughTheRing(t *testing.T) {
	var r commandRing
	long := func(b byte) []byte { return bytes.Repeat([]byte{b}, 3*shortCommand) }
	for i, p := range [][]byte{long(1), {2}, long(3)} {
		r.put(uint32(10+i), 10, p)
	}
	for i, want := range [][]byte{long(1), {2}, long(3), long(3)} {
		if got, ok := r.take(tick.Tick(10 + i)); !ok || !bytes.Equal(got, want) {
			t.Errorf("tick %d used %v (%t), want %v", 10+i, got, ok, want)
		}
	}
}

// Commands that fail among others leave what they leave when each is applied
// alone, as a replay does it.
func TestCommandsTogetherAreCommandsOneByOne(t *testing.T) {
	record, err := state.RecordOf[push]()
	if err != nil {
		t.Fatal(err)
	}
	good, corner := record.Append(nil, &push{X: 1}), record.Append(nil, &push{-1, -1})
	together, alone := newCrowd(t, 4), newCrowd(t, 4)
	together.step(t)
	alone.step(t)
	for range 3 { // the third panic removes the player
		var ops []Op
		for i, s := range together.seats {
			ops = append(ops, Op{Kind: OpCommand, Player: s.place.id, Payload: [][]byte{good, corner, {0xff, 0xff}, good}[i]})
		}
		var a, b Outbox
		var refused []int
		together.run.room.applyCommands(ops, &a, func(i int) { refused = append(refused, i) })
		for _, op := range ops {
			alone.run.room.Apply(op, &b)
		}
		together.run.room.Tick(together.run.room.now, &a)
		alone.run.room.Tick(alone.run.room.now, &b)
		if len(refused) != 1 || refused[0] != 2 || len(a.Send) != len(b.Send) {
			t.Errorf("refused %v; %d messages together, %d alone", refused, len(a.Send), len(b.Send))
		}
	}
	rooms := [2]*GameRoom{together.run.room, alone.run.room}
	if a, b := rooms[0].store.FullHash(), rooms[1].store.FullHash(); a != b {
		field, _ := state.Diff(rooms[0].store, rooms[1].store)
		t.Errorf("together %v, alone %v: %s", a, b, field)
	}
	for _, r := range rooms {
		if r.players.get(together.seats[1].place.id) != nil || r.players.count != 3 {
			t.Error("the player whose commands panicked three times is still there, or another is not")
		}
	}
}
