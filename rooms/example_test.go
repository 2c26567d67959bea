package rooms_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Everything that a room remembers stands in its World. Clients see all of it
// but what is tagged local, and coins of their own rows only.
type Meadow struct {
	Sheep   state.Table[Sheep]
	Flowers state.Table[Flower]
	Round   state.Value[Round]
	Bell    state.Timers[Chime]
	Munched state.Event[Munch]
}

type Sheep struct {
	Name  string
	X, Y  float32 `parlor:"quant=0.01"`
	Coins uint32  `parlor:"owner"`
}

type Flower struct{ X, Y float32 }
type Round struct{ Number uint16 }
type Chime struct{ Ends uint16 }
type Munch struct{ By state.ID }

// Walk is what a player's stick says, once a tick.
type Walk struct {
	X int8 `parlor:"min=-1,max=1"`
	Y int8 `parlor:"min=-1,max=1"`
}

// Eat is what a player does now and then.
type Eat struct{ Flower state.ID }

// Fleece is what Load brings of a player.
type Fleece struct{ Coins uint32 }

const (
	speed = 3 // meters a second
	reach = 1 // meters
	round = 90 * time.Second
)

// meadow is the game: its settings, hooks and inputs. A misspelt hook does not compile.
var meadow = rooms.Game[Meadow, Fleece]{
	Hz:         20,
	MaxPlayers: 8,
	Version:    "1",
	Auth:       noWolves,
	Load:       loadFleece,
	Create:     (*Meadow).create,
	Join:       (*Meadow).join,
	Leave:      (*Meadow).leave,
	Tick:       (*Meadow).tick,
	Inputs: []rooms.Input[Meadow]{
		rooms.Command(func(m *Meadow) *state.Table[Sheep] { return &m.Sheep }, walkSheep),
		rooms.Event((*Meadow).eat),
	},
}

// noWolves may look anywhere: it runs before the join, outside of the room.
func noWolves(_ context.Context, r rooms.JoinRequest) error {
	if r.User.Name == "wolf" {
		return errors.New("sheep only")
	}
	return nil
}

// loadFleece stands for a database. What it returns is recorded with the join.
func loadFleece(context.Context, rooms.JoinRequest) (Fleece, error) { return Fleece{Coins: 5}, nil }

func (m *Meadow) create(ctx *rooms.Ctx) {
	for range 3 {
		m.Flowers.Insert(Flower{ctx.Rand().Range(-5, 5), ctx.Rand().Range(-5, 5)})
	}
	m.Round.Set(Round{1})
	m.Bell.After(round, Chime{Ends: 1})
	ctx.SetMetadata(map[string]int{"round": 1}) // for the room list
}

func (m *Meadow) join(ctx *rooms.Ctx, p *rooms.Player, f Fleece) {
	m.Sheep.Put(p.ID, Sheep{Name: p.Name, Coins: f.Coins}) // the player's own row has its ID
	ctx.Broadcast("bleat", p.Name+" is here")
}

func (m *Meadow) leave(_ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { m.Sheep.Delete(p.ID) }

func (m *Meadow) tick(ctx *rooms.Ctx) {
	for chime := range m.Bell.Due() {
		next := chime.Ends + 1
		m.Round.Set(Round{next})
		m.Bell.After(round, Chime{Ends: next})
		ctx.SetMetadata(map[string]uint16{"round": next})
	}
}

// walkSheep is pure, so that clients can predict it. Products that are added
// are converted first: the same bits on every machine.
func walkSheep(s *Sheep, w Walk, dt float32) {
	s.X += float32(float32(w.X) * speed * dt)
	s.Y += float32(float32(w.Y) * speed * dt)
}

// eat refuses by returning an error: all that it changed is undone, and the
// player gets the text.
func (m *Meadow) eat(_ *rooms.Ctx, p *rooms.Player, e Eat) error {
	sheep, flower := m.Sheep.Edit(p.ID), m.Flowers.Edit(e.Flower)
	if sheep == nil || flower == nil {
		return rooms.ErrIgnored // somebody was faster
	}
	dx, dy := sheep.X-flower.X, sheep.Y-flower.Y
	if float32(dx*dx)+float32(dy*dy) > reach*reach {
		return errors.New("too far away")
	}
	m.Flowers.Delete(e.Flower)
	m.Munched.Send(Munch{By: p.ID})
	sheep.Coins++
	return nil
}

// A whole small game. A server runs it with parlor.Config{Kinds: …}; package
// roomstest tests its rules without one.
func Example() {
	kind := rooms.Define("meadow", meadow)
	if err := kind.Err(); err != nil {
		log.Fatal(err) // it names the field of the world that cannot be
	}
	fmt.Println(kind.Name(), kind.Hz(), "Hz,", kind.MaxPlayers(), "seats")
	for _, in := range kind.Schema().Inputs {
		fmt.Println(in.Name, "command:", in.Command)
	}
	// Output:
	// meadow 20 Hz, 8 seats
	// Walk command: true
	// Eat command: false
}

// A Local is a room by itself: no network, no clock, no goroutine.
func ExampleKind_OpenLocal() {
	local, err := rooms.Define("meadow", meadow).OpenLocal(1, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = local.Join(context.Background(), rooms.GuestRequest("wolf", nil))
	fmt.Println("wolf:", err)
	dolly, err := local.Join(context.Background(), rooms.GuestRequest("dolly", nil))
	if err != nil {
		log.Fatal(err)
	}
	right, payload, _ := local.Encode(Walk{X: 1})
	for range 20 { // a second
		local.Apply(rooms.Op{Kind: rooms.OpCommand, Player: dolly, Index: uint8(right), Payload: payload})
		local.Tick()
	}
	world := local.Room().World().(*Meadow)
	sheep, _ := world.Sheep.Get(dolly)
	fmt.Printf("%s is at %.2f with %d coins; flowers: %d\n", sheep.Name, sheep.X, sheep.Coins, world.Flowers.Len())
	fmt.Println("replayed:", local.Verify() == nil)
	// Output:
	// wolf: sheep only
	// dolly is at 3.00 with 5 coins; flowers: 3
	// replayed: true
}

// A Registry opens rooms and finds seats in them. The server's own does that
// for every Join message; the connection then calls Seat.Enter.
func ExampleRegistry() {
	scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 1})
	defer scheduler.Close()
	registry, err := rooms.NewRegistry(rooms.Config{Kinds: []rooms.Kind{rooms.Define("meadow", meadow)}, Scheduler: scheduler})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	defer func() {
		if err := registry.Close(ctx); err != nil {
			log.Fatal(err)
		}
	}()

	for _, name := range []string{"dolly", "molly"} {
		seat, err := registry.Reserve(ctx, rooms.JoinRequest{Kind: "meadow", User: auth.User{ID: name, Name: name}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, "is player", seat.Player())
	}
	for _, info := range registry.List("meadow", nil) {
		fmt.Printf("%s: %d of %d players, %s\n", info.Kind, info.Players, info.MaxPlayers, info.Metadata)
	}
	_, err = registry.Reserve(ctx, rooms.JoinRequest{Mode: rooms.JoinByID, Room: "elsewhere"})
	fmt.Println(err)
	// Output:
	// dolly is player 0v1
	// molly is player 1v1
	// meadow: 2 of 8 players, {"round":1}
	// NO_SUCH_ROOM: there is no room "elsewhere"
}
