package client_test

import (
	"context"
	"fmt"
	"log"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/clients/go"
)

// Cursor is what the members of a presence room show.
type Cursor struct {
	Name string
	X, Y float32
}

// Emote is a message that is no state.
type Emote struct{ Kind string }

// A program that shows where it points, and greets who waves.
func ExampleOpenPresence() {
	ctx := context.Background()
	var c *client.Client // from Dial
	room, err := client.OpenPresence(ctx, c, "cursors/lobby", Cursor{Name: "Ada"})
	if err != nil {
		log.Fatal(err)
	}
	emotes, err := client.CastOf[Emote](room)
	if err != nil {
		log.Fatal(err)
	}
	emotes.On(func(e client.Casted[Emote]) {
		if from, ok := room.Member(e.From); ok {
			fmt.Println(from.State.Name, e.Data.Kind)
		}
	})
	room.OnChange(func([]uint32) { fmt.Println(len(room.Members()), "others are here") })
	if err := room.Update(func(me *Cursor) { me.X, me.Y = 10, 20 }); err != nil {
		log.Fatal(err)
	}
}

// A program that draws a rectangle, drags it and thinks better of it.
func ExampleOpenBoard() {
	ctx := context.Background()
	var c *client.Client // from Dial
	board, err := client.OpenBoard(ctx, c, "board/main", client.BoardOptions{First: client.Person{Name: "Ada"}})
	if err != nil {
		log.Fatal(err)
	}
	id := client.NewID()
	added, err := board.Edit(client.AddShape(client.Shape{ID: id, Kind: "rect", Geo: client.Geo{X: 1, Y: 2, W: 30, H: 20}}))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := added.Wait(ctx); err != nil {
		log.Fatal(err) // what the board has against it
	}
	hand := board.Gesture()
	for x := range 100 {
		if err := hand.Drag(client.Place{ID: id, Geo: client.Geo{X: float64(x), Y: 2, W: 30, H: 20}}); err != nil {
			log.Fatal(err)
		}
	}
	hand.End()
	if _, err := board.Undo(); err != nil { // the whole drag
		log.Fatal(err)
	}
}

// A program that adds a line to a shared text, with or without a connection.
func ExampleOpenDocument() {
	ctx := context.Background()
	var c *client.Client // from Dial
	notes, err := client.OpenDocument(ctx, c, "notes/today", client.DocumentOptions{})
	if err != nil {
		log.Fatal(err)
	}
	err = notes.Transact(func(doc *yjs.Doc, tx *yjs.Tx) error {
		text := doc.Text("text")
		return text.Insert(tx, text.Len(), "one more line\n")
	})
	if err != nil {
		log.Fatal(err)
	}
}
