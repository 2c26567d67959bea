package board

import (
	"fmt"
	"math"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// bench is a board whose messages go nowhere.
type bench struct {
	*Board
	now     time.Time
	out     canvas.Outbox
	builder *schema.Builder
	id      uint64
}

func newBench(b testing.TB) *bench {
	room := testRoom()
	room.Limits.Shapes = math.MaxInt32
	room.Limits.Ops = 10000
	room.MaxBytes = 1 << 40
	def, err := newDefinition("board", room)
	if err != nil {
		b.Fatal(err)
	}
	x := &bench{now: time.Unix(1000, 0), builder: schema.NewBuilder()}
	x.out.Offer = func(canvas.Conn, schema.Header, []byte) bool { return true }
	if x.Board, err = open(def, disk{}, canvas.OpenOptions{Room: "board/a", Now: x.now, Client: 1}, &x.out); err != nil {
		b.Fatal(err)
	}
	return x
}

func (x *bench) do(op canvas.Op) {
	x.Apply(x.now, op, &x.out)
	x.out.Reset()
}

func (x *bench) enter(conn canvas.Conn) {
	id := strconv.Itoa(int(conn))
	x.do(&canvas.Enter{Conn: conn, User: canvas.User{ID: "user" + id}, Role: canvas.Writer, Client: id})
}

func (x *bench) mutate(conn canvas.Conn, args []byte) {
	x.id++
	x.do(&canvas.Receive{Conn: conn, Head: schema.Header{Kind: schema.KindMutate}, Body: x.builder.Mutate(schema.MutateInfo{ID: x.id, Name: "edit", Args: args})})
}

func appendAdd(b []byte, i int) []byte {
	return fmt.Appendf(b, `{"add":{"id":"shape%d","kind":"rect","geo":{"x":%d.5,"y":%d,"w":120,"h":80,"r":0},"style":{"color":"black","fill":"#ffd966","size":"m"},"props":{"radius":4,"label":"shape %d"}}}`, i, i%1000, i/1000, i)
}

func appendPatch(b []byte, shape, i int) []byte {
	return fmt.Appendf(b, `{"patch":{"id":"shape%d","geo":{"x":%d.5,"y":%d}}}`, shape, i%1000, i%777)
}

// ops is an edit of n ops.
func ops(n int, each func(b []byte, i int) []byte) []byte {
	b := []byte(`{"ops":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, i)
	}
	return append(b, "]}"...)
}

func (x *bench) fill(n int) {
	for i := 0; i < n; i += 100 {
		x.mutate(1, ops(100, func(b []byte, j int) []byte { return appendAdd(b, i+j) }))
	}
}

func BenchmarkCreate(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run("batch="+strconv.Itoa(batch), func(b *testing.B) {
			x := newBench(b)
			x.enter(1)
			edits := make([][]byte, b.N/batch+1)
			for i := range edits {
				edits[i] = ops(batch, func(b []byte, j int) []byte { return appendAdd(b, i*batch+j) })
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, e := range edits {
				x.mutate(1, e)
			}
			b.ReportMetric(float64(len(edits)*batch)/b.Elapsed().Seconds(), "shapes/s")
		})
	}
}

func BenchmarkMove(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run("batch="+strconv.Itoa(batch), func(b *testing.B) {
			x := newBench(b)
			x.enter(1)
			x.fill(1000)
			edits := make([][]byte, b.N/batch+1)
			for i := range edits {
				edits[i] = ops(batch, func(b []byte, j int) []byte { return appendPatch(b, (i*batch+j)%1000, i*batch+j) })
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, e := range edits {
				x.mutate(1, e)
			}
			b.ReportMetric(float64(len(edits)*batch)/b.Elapsed().Seconds(), "moves/s")
		})
	}
}

// BenchmarkGesture is one drag of one shape that is committed.
func BenchmarkGesture(b *testing.B) {
	x := newBench(b)
	x.enter(1)
	x.fill(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		payload := appendMove(nil, "shape"+strconv.Itoa(i%1000), Geo{X: float64(i % 1000), Y: 1, W: 2, H: 3})
		x.do(&canvas.Receive{Conn: 1, Head: schema.Header{Kind: schema.KindDrag}, Body: x.builder.Drag(uint32(i+1), schema.DragEnd, payload)})
	}
}

// BenchmarkJoin is the full state of 10,000 shapes for one who joins, made and
// made again from what is kept of it.
func BenchmarkJoin(b *testing.B) {
	x := newBench(b)
	x.enter(1)
	x.fill(10000)
	for _, kept := range []bool{false, true} {
		b.Run(fmt.Sprintf("kept=%t", kept), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !kept {
					x.snapshot = nil
				}
				x.enter(2)
				x.do(&canvas.Leave{Conn: 2})
			}
		})
	}
}

// BenchmarkLoad opens a board of 10,000 shapes from its snapshot.
func BenchmarkLoad(b *testing.B) {
	x := newBench(b)
	x.enter(1)
	d := disk{}
	for i := 0; i < 10000; i += 100 {
		x.Apply(x.now, &canvas.Receive{Conn: 1, Head: schema.Header{Kind: schema.KindMutate}, Body: x.builder.Mutate(schema.MutateInfo{
			ID: uint64(i/100 + 1), Name: "edit", Args: ops(100, func(b []byte, j int) []byte { return appendAdd(b, i+j) })})}, &x.out)
		d.take(x.out.Puts)
		x.out.Reset()
	}
	for b.Loop() {
		if _, err := open(x.def, d, canvas.OpenOptions{Room: "board/a", Now: x.now, Client: 2}, &x.out); err != nil {
			b.Fatal(err)
		}
		x.out.Reset()
	}
}

// BenchmarkPeople is one second of 50 people who all move their cursors and drag
// a shape at 30 Hz.
func BenchmarkPeople(b *testing.B) {
	const people, hz = 50, 30
	x := newBench(b)
	for i := range people {
		x.enter(canvas.Conn(i + 1))
	}
	x.fill(1000)
	cursor := x.cursors(b)
	drag := func(who, step int) []byte {
		return x.builder.Drag(uint32(who+1), schema.DragOn, appendMove(nil, "shape"+strconv.Itoa(who), Geo{X: float64(step % 1000), Y: 1, W: 2, H: 3}))
	}
	b.ReportAllocs()
	for step := 0; b.Loop(); {
		for range hz {
			step++
			for who := range people {
				conn := canvas.Conn(who + 1)
				x.do(&canvas.Receive{Conn: conn, Head: schema.Header{Kind: schema.KindShow}, Body: cursor(step)})
				x.do(&canvas.Receive{Conn: conn, Head: schema.Header{Kind: schema.KindDrag}, Body: drag(who, step)})
			}
			x.now = x.now.Add(time.Second / hz)
			x.do(&canvas.Tick{})
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "cores")
}

// cursors makes the Shows of a cursor that moves.
func (x *bench) cursors(b *testing.B) func(step int) []byte {
	d, err := wire.Parse(x.def.presence.Descriptor())
	if err != nil {
		b.Fatal(err)
	}
	return func(step int) []byte {
		p, err := d.State.MakePatch(
			value.Change{Field: d.State.Field("X"), Value: value.OfFloat(float64(step % 1000))},
			value.Change{Field: d.State.Field("Y"), Value: value.OfFloat(float64(step % 777))})
		if err != nil {
			b.Fatal(err)
		}
		return x.builder.Show(p, "")
	}
}

// TestHeap holds 10,000 shapes to their memory.
func TestHeap(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory")
	}
	before := heap()
	x := newBench(t)
	t.Logf("%s", x.def.schema)
	x.enter(1)
	x.fill(10000)
	x.undos, x.clients = nil, nil
	used := float64(heap()-before) / (1 << 20)
	t.Logf("%.1f MiB for 10,000 shapes", used)
	if used > 30 {
		t.Errorf("%.1f MiB for 10,000 shapes; the goal is 30", used)
	}
	runtime.KeepAlive(x)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
