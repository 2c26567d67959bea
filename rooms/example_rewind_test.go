package rooms_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// Pond has ducks that swim, and players who photograph them. The tag keeps the
// ducks' last 400 ms.
type Pond struct {
	Ducks state.Table[Duck] `parlor:"rewind"`
	Shots state.Table[Shot]
}

type Duck struct{ X float32 }
type Shot struct{ Duck float32 }
type Photograph struct{ Duck state.ID }

var pond = rooms.Game[Pond, struct{}]{
	Hz:     20,
	Create: func(w *Pond, _ *rooms.Ctx) { w.Ducks.Insert(Duck{}) },
	Join:   func(w *Pond, _ *rooms.Ctx, p *rooms.Player, _ struct{}) { w.Shots.Put(p.ID, Shot{}) },
	Tick: func(w *Pond, _ *rooms.Ctx) {
		for id := range w.Ducks.IDs() {
			w.Ducks.Edit(id).X++
		}
	},
	Inputs: []rooms.Input[Pond]{rooms.Event((*Pond).photograph)},
}

// photograph shows the duck where the player saw it, not where it has come
// since.
func (w *Pond) photograph(ctx *rooms.Ctx, p *rooms.Player, in Photograph) error {
	duck, ok := w.Ducks.At(ctx.Rewind(p)).Get(in.Duck)
	if !ok {
		return rooms.ErrIgnored // it was not there yet
	}
	w.Shots.Edit(p.ID).Duck = duck.X
	return nil
}

// Rules see a table as a player saw it who is behind by the network and by the
// interpolation. A server measures that; here it is said, as a recording says it.
func ExampleCtx_Rewind() {
	local, err := rooms.Define("pond", pond).OpenLocal(1, nil)
	if err != nil {
		log.Fatal(err)
	}
	player, err := local.Join(context.Background(), rooms.GuestRequest("dolly", nil))
	if err != nil {
		log.Fatal(err)
	}
	for range 10 {
		local.Tick()
	}
	world := local.Room().World().(*Pond)
	for duck, now := range world.Ducks.All() {
		index, payload, _ := local.Encode(Photograph{Duck: duck})
		lag := binary.LittleEndian.AppendUint16(nil, 2*16+8) // two and a half ticks
		local.Apply(rooms.Op{Kind: rooms.OpLag, Player: player, Payload: lag})
		local.Apply(rooms.Op{Kind: rooms.OpEvent, Player: player, Index: uint8(index), Payload: payload})
		shot, _ := world.Shots.Get(player)
		fmt.Printf("the duck is at %g and was seen at %g\n", now.X, shot.Duck)
	}
	// Output:
	// the duck is at 10 and was seen at 8.5
}
