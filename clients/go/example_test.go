package client_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// Player and Move are the game's own types; a client shares them with the rules.
type Player struct {
	X, Y float32 `parlor:"quant=0.01"`
	Name string
}

type Move struct {
	X, Y int8 `parlor:"min=-1,max=1"`
}

// Step is the rules' step function.
func Step(p *Player, m Move, dt float32) {
	p.X += float32(float32(m.X) * 8 * dt)
	p.Y += float32(float32(m.Y) * 8 * dt)
}

// A program that says who is in a room.
func Example() {
	ctx := context.Background()
	c, err := client.Dial(ctx, "ws://127.0.0.1:7777", client.Options{Name: "watcher/1.0"})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	room, err := c.JoinOrCreate(ctx, "arena", client.JoinOptions{Options: map[string]string{"Name": "Ada"}})
	if err != nil {
		log.Fatal(err)
	}
	players, err := client.Table[Player](room, "Players")
	if err != nil {
		log.Fatal(err)
	}
	players.OnAdded(func(id state.ID, p Player) { fmt.Println(p.Name, "is here") })
	players.OnRemoved(func(id state.ID, p Player) { fmt.Println(p.Name, "has left") })
	room.OnLeft(func(why *schema.Error) { fmt.Println("over:", why) })
	<-room.Gone()
}

// A game loop: the player's own row is predicted, the others are interpolated.
func Example_gameLoop() {
	var room *client.Room // from a join
	me, err := client.NewPredictor(room, "Players", Step)
	if err != nil {
		log.Fatal(err)
	}
	others, err := client.NewInterpolator[Player](room, "Players")
	if err != nil {
		log.Fatal(err)
	}
	for now := range time.Tick(time.Second / 60) {
		if _, err := me.Advance(now, Move{X: 1}); err != nil {
			continue // while the connection is lost
		}
		if p, ok := me.Row(); ok {
			fmt.Println("I am at", p.X, p.Y)
		}
		for id, p := range others.All(now) {
			if id != room.Player() {
				fmt.Println(p.Name, "is at", p.X, p.Y)
			}
		}
	}
}
