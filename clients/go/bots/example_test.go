package bots_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/parlor-server/parlor/clients/go/bots"
)

// Ten rooms of twenty players who do as they please.
func Example() {
	summary, err := bots.Run(context.Background(), bots.Config{
		URL: "ws://127.0.0.1:7777", Kind: "walkers",
		Rooms: 10, Players: 20, Duration: 30 * time.Second,
		Progress: os.Stderr,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary)
}
