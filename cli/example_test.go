package cli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/cli"
	"github.com/parlor-server/parlor/clients/go/bots"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

type World struct{ Visitors state.Value[uint32] }

func lobby() rooms.Kind { return rooms.Define("lobby", rooms.Game[World, struct{}]{Hz: 10}) }

// visitor is a bot that joins and watches.
type visitor struct{}

func (visitor) Join() any       { return nil }
func (visitor) Think(*bots.Ctx) {}

// A game's whole main function.
func ExampleMain() {
	cli.Main(parlor.Config{Rooms: []rooms.Kind{lobby()}},
		cli.Bots("lobby", func(int) bots.Bot { return visitor{} }))
}

// A mistake says what to type, and ends with status 2.
func ExampleRun() {
	status := cli.Run(context.Background(), parlor.Config{Rooms: []rooms.Kind{lobby()}},
		[]string{"game", "replay", "verify"}, os.Stdout, os.Stdout)
	fmt.Println("status", status)
	// Output:
	// game: expected "<file> ..."
	// Run "game replay verify --help" for help.
	// status 2
}
