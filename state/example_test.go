package state_test

import (
	"fmt"
	"time"

	"github.com/parlor-server/parlor/state"
)

type Player struct {
	X, Y float32 `parlor:"quant=0.01"`
	Team uint8
	Name string
	Ammo uint8 `parlor:"owner"`
}

type Kill struct{ By, Of state.ID }

type World struct {
	Players  state.Table[Player]
	ByTeam   state.Index[uint8, Player] `parlor:"column=Team"`
	Shots    state.Value[uint32]
	Kills    state.Event[Kill]
	Respawns state.Timers[state.ID]
}

func newWorld() (*World, *state.Store) {
	w := new(World)
	s, err := state.NewStore(w, state.Options{Hz: 20, Seed: 1})
	if err != nil {
		panic(err)
	}
	return w, s
}

// A tick: calls change the world, deltas tell a client.
func Example() {
	w, server := newWorld()
	client := state.NewMirror(server.Schema())
	players, _ := state.ViewOf[Player](client, "Players")

	server.StartTick(1)
	server.Begin()
	ann := w.Players.Insert(Player{Name: "ann", X: 1})
	server.Commit()
	server.EndTick()
	_ = client.ApplyFrame(server.AppendKeyframe(nil, true), true)

	server.StartTick(2)
	server.Begin()
	w.Players.Edit(ann).X += 0.123
	server.Commit()
	server.EndTick()
	delta, _ := server.AppendDelta(nil, 1, false)
	_ = client.ApplyFrame(delta, false)

	for id, p := range players.Changed() {
		fmt.Println(id, p.Name, p.X)
	}
	fmt.Println(len(delta), "bytes, in step:", client.Hash() == server.PublicHash())
	// Output:
	// 0v1 ann 1.12
	// 4 bytes, in step: true
}

// A call that fails leaves nothing behind.
func ExampleStore_Rollback() {
	w, s := newWorld()
	s.Begin()
	w.Players.Insert(Player{Name: "ann"})
	w.Shots.Set(7)
	s.Rollback()
	fmt.Println(w.Players.Len(), w.Shots.Get())
	// Output: 0 0
}

// An index finds rows by another key than their ID.
func ExampleIndex() {
	w, s := newWorld()
	s.Begin()
	w.Players.Insert(Player{Name: "ann", Team: 1})
	w.Players.Insert(Player{Name: "bob", Team: 2})
	cy := w.Players.Insert(Player{Name: "cy", Team: 2})
	w.Players.Edit(cy).Team = 1
	for id := range w.ByTeam.Get(1) {
		p, _ := w.Players.Get(id)
		fmt.Println(p.Name)
	}
	s.Commit()
	// Output:
	// ann
	// cy
}

// Timers are data; rules drain them in their tick.
func ExampleTimers() {
	w, s := newWorld()
	for t := range 40 {
		s.StartTick(s.Tick() + 1)
		s.Begin()
		if t == 0 {
			w.Respawns.After(time.Second, w.Players.Insert(Player{Name: "ann"}))
		}
		for id := range w.Respawns.Due() {
			fmt.Println("tick", s.Tick(), "respawn", id)
		}
		s.Commit()
		s.EndTick()
	}
	// Output: tick 21 respawn 0v1
}

// Events are sent once and not kept.
func ExampleEvent() {
	w, s := newWorld()
	client := state.NewMirror(s.Schema())
	kills, _ := state.EventViewOf[Kill](client, "Kills")
	s.StartTick(1)
	s.Begin()
	w.Kills.Send(Kill{By: w.Players.Insert(Player{}), Of: w.Players.Insert(Player{})})
	s.Commit()
	s.EndTick()
	payload, _ := s.AppendEvents(nil)
	_ = client.DecodeEvents(payload, func(event int, cells []state.Cell) {
		if event == kills.Index() {
			k := kills.Read(cells)
			fmt.Println(k.By, "killed", k.Of)
		}
	})
	// Output: 0v1 killed 1v1
}

// A Record writes and reads inputs; what a client may not send is refused.
func ExampleRecord() {
	type Move struct {
		X, Y int8 `parlor:"min=-1,max=1"`
		Slot uint8
	}
	moves, _ := state.RecordOf[Move]()
	payload := moves.Append(nil, &Move{X: 1, Y: -1, Slot: 3})
	var got Move
	fmt.Printf("% x %v %+v\n", payload, moves.Decode(payload, &got), got)
	fmt.Println(moves.Decode([]byte{0x03, 0x00}, &got))
	// Output:
	// 32 00 <nil> {X:1 Y:-1 Slot:3}
	// state: Move.X: value out of range
}

// A world holds state types only.
func ExampleNewStore() {
	var world struct{ Names map[string]int }
	_, err := state.NewStore(&world, state.Options{Hz: 20})
	fmt.Println(err)
	// Output: state: World.Names: map[string]int is not a state type; use state.Table
}
