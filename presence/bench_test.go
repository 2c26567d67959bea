package presence_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// crowd is a room of n members whose cursors all move in every tick.
type crowd struct {
	*rig
	n      int
	bodies [][]byte // a Show of each member, for each of some ticks
	frames int
	bytes  int
	at     int
}

// newCrowd makes a room on a plane of side × side. With a view each looks at a
// square of that size around where it begins.
func newCrowd(t testing.TB, n int, room presence.Room[Cursor], side, view float32) *crowd {
	room.MaxMembers = n
	c := &crowd{rig: newRig(t, room), n: n}
	random := rand.New(rand.NewPCG(1, 2))
	type point struct{ x, y float32 }
	at := make([]point, n)
	for i := range n {
		c.rig.join(uint32(i), fmt.Sprintf("user-%d", i))
		at[i] = point{random.Float32() * side, random.Float32() * side}
		c.must(c.rig.show(uint32(i), Cursor{Name: fmt.Sprintf("Name %d", i), X: at[i].x, Y: at[i].y}, ""))
		if view > 0 {
			c.must(c.rig.look(uint32(i), at[i].x-view/2, at[i].y-view/2, view, view, 0))
		}
	}
	state := c.codec.Collection()
	for range 8 {
		for i := range n {
			at[i].x, at[i].y = at[i].x+random.Float32()*8-4, at[i].y+random.Float32()*8-4
			p, _ := state.MakePatch(
				value.Change{Field: state.Field("X"), Value: value.OfFloat(float64(at[i].x))},
				value.Change{Field: state.Field("Y"), Value: value.OfFloat(float64(at[i].y))})
			c.bodies = append(c.bodies, append([]byte(nil), c.b.Show(p, "")...))
		}
	}
	return c
}

func (c *crowd) send(_ uint32, _ schema.Header, body []byte) bool {
	c.frames++
	c.bytes += len(body)
	return true
}

// step is what all show between two ticks, and the tick.
func (c *crowd) step() {
	head := schema.Header{Kind: schema.KindShow}
	for i := range c.n {
		_ = c.m.Receive(c.now, uint32(i), head, c.bodies[c.at*c.n+i])
	}
	c.at = (c.at + 1) % 8
	c.now = c.now.Add(50 * time.Millisecond)
	c.m.Tick(c.now, c.send)
}

func plainRoom() presence.Room[Cursor] {
	return presence.Room[Cursor]{Position: func(c *Cursor) (x, y float32) { return c.X, c.Y }}
}

func (c *crowd) measure(b *testing.B) {
	for range 20 {
		c.step()
	}
	b.ReportAllocs()
	c.frames, c.bytes = 0, 0
	for b.Loop() {
		c.step()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*c.n), "ns/member")
	b.ReportMetric(float64(c.bytes)/float64(max(c.frames, 1)), "bytes/frame")
}

// A tick of a room in which all move: what 50 rooms of 20 do 20 times a second.
func BenchmarkRoomOf20(b *testing.B) { newCrowd(b, 20, plainRoom(), 1000, 0).measure(b) }

// The same with a Check hook.
func BenchmarkRoomOf20Checked(b *testing.B) {
	room := plainRoom()
	room.Check = func(_ presence.User, old, now *Cursor) error { now.Name = old.Name; return nil }
	newCrowd(b, 20, room, 1000, 0).measure(b)
}

// One room of 1,000 that see a sample of each other.
func BenchmarkRoomOf1000Sampled(b *testing.B) { newCrowd(b, 1000, plainRoom(), 10_000, 0).measure(b) }

// One room of 1,000 on a plane of 10,000 × 10,000, each with a viewport of
// 2,000 × 2,000: about 40 see each other.
func BenchmarkRoomOf1000Viewports(b *testing.B) {
	newCrowd(b, 1000, plainRoom(), 10_000, 2000).measure(b)
}

// 10,000 members in 500 rooms.
func BenchmarkTenThousand(b *testing.B) {
	rooms := make([]*crowd, 500)
	for i := range rooms {
		rooms[i] = newCrowd(b, 20, plainRoom(), 1000, 0)
		rooms[i].step()
		rooms[i].step()
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, c := range rooms {
			c.step()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*10_000), "ns/member")
}

// TestNoAllocation: neither a Show nor a frame allocates, once buffers have
// grown.
func TestNoAllocation(t *testing.T) {
	checked := plainRoom()
	checked.Check = func(_ presence.User, old, now *Cursor) error { now.Name = old.Name; return nil }
	for name, c := range map[string]*crowd{
		"shared": newCrowd(t, 20, plainRoom(), 1000, 0), "checked": newCrowd(t, 20, checked, 1000, 0),
		"sampled": newCrowd(t, 300, plainRoom(), 1000, 0), "viewports": newCrowd(t, 300, plainRoom(), 1000, 300),
	} {
		for range 50 {
			c.step()
		}
		if n := testing.AllocsPerRun(50, c.step); n > 0 {
			t.Errorf("%s: a tick of %d members allocates %g times", name, c.n, n)
		}
	}
}
