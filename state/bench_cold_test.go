package state

import "testing"

// coldStores are more worlds than a core's caches hold: about what one server
// steps round robin.
const coldStores = 2000

// walker is a row of the walkers demo: of its nine columns two change in every tick.
type walker struct {
	ID     uint32
	X, Y   float32 `parlor:"quant=0.01"`
	VX, VY float32
	HP     uint16
	Score  int32
	Name   string
}

type walkerWorld struct {
	Walkers Table[walker]
	Count   Value[uint32] `parlor:"local"`
}

// coldWorld is one of many.
type coldWorld struct {
	world *walkerWorld
	store *Store
	ids   []ID
}

func newColdWorld(b *testing.B) coldWorld {
	c := coldWorld{world: new(walkerWorld)}
	var err error
	if c.store, err = NewStore(c.world, Options{Hz: 30}); err != nil {
		b.Fatal(err)
	}
	step(c.store, func() {
		for i := range 20 {
			c.ids = append(c.ids, c.world.Walkers.Insert(walker{ID: uint32(i), X: float32(i), Y: 50, HP: 100, Name: "walker"}))
		}
	})
	return c
}

// tick is a whole tick: all commands in one call, the rules' own call, one delta, the full hash.
func (c *coldWorld) tick(buffer []byte) []byte {
	s := c.store
	s.StartTick(s.Tick() + 1)
	t := s.Tick()
	s.Begin()
	for i, id := range c.ids {
		w := c.world.Walkers.Edit(id)
		d := float32(0.1)
		if (uint32(t)+uint32(i))>>5&1 != 0 {
			d = -d
		}
		w.X += d
		w.Y -= d
	}
	s.Commit()
	s.Begin()
	for id, w := range c.world.Walkers.All() {
		if (uint32(t)+w.ID)%20 == 0 {
			c.world.Walkers.Edit(id).Score += 10
		}
	}
	s.Commit()
	s.EndTick()
	s.FullHash()
	buffer, _ = s.AppendDelta(buffer[:0], t-1, false)
	return buffer
}

// BenchmarkTickCold steps many worlds by turns, so that each finds its memory
// out of the cache, as in a server. Its ring is full from the beginning.
func BenchmarkTickCold(b *testing.B) {
	worlds := make([]coldWorld, coldStores)
	var buffer []byte
	for i := range worlds {
		worlds[i] = newColdWorld(b)
	}
	for range ringTicks + 1 { // by turns, as rooms grow: their memory lies interleaved
		for i := range worlds {
			buffer = worlds[i].tick(buffer)
		}
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		buffer = worlds[n%coldStores].tick(buffer)
	}
}
