//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const usage = `bench measures Parlor.

  go run ./bench walkers   a server with players over WebSocket, and beside it the
                           least that a program needs to send the same bytes
      --transport udp      the same over UDP
  go run ./bench ticks     thousands of rooms without any network
  go run ./bench idle      the memory of players who do nothing
  go run ./bench flood     players over UDP beside 100,000 forged first packets a second
  go run ./bench age       how old what players see is, over a network that loses packets
  go run ./bench smooth    how evenly it moves, over many such networks
  go run ./bench crash     what is left of confirmed writes when processes are killed
  go run ./bench bank      durable transfers, beside PostgreSQL and SQLite
  go run ./bench records   record rooms: fan-out, subscriptions, opening, late joiners
  go run ./bench presence  cursors in presence rooms, beside the least that it takes
  go run ./bench canvas    boards: the core beside yjs, full boards, many people

Each has --help.
`

// commands are what bench does; those with a dash in front are its own child
// processes.
func commands() map[string]func(ctx context.Context, args []string) error {
	return map[string]func(context.Context, []string) error{
		"walkers": runWalkers,
		"ticks":   runTicks,
		"idle":    runIdle,
		"flood":   runFlood,
		"age":     runAge,
		"smooth":  runSmooth,
		"crash":   runCrash,
		"bank":    runBank,
		"records": runRecords,

		"presence": runPresence,
		"canvas":   runCanvas,

		"-load":     serveLoad,
		"-floor":    serveFloor,
		"-udpfloor": serveUDPFloor,
		"-flood":    serveFlood,
		"-rooms":    serveRooms,
		"-crash":    serveCrash,
		"-bank":     serveBank,
		"-bankload": serveBankLoad,

		"-records":     serveRecords,
		"-recordsload": serveRecordsLoad,
		"-shelf":       serveShelf,

		"-together":   serveTogether,
		"-canvascore": serveCanvasCore,
		"-latejoin":   serveLateJoin,
	}
}

func main() {
	started := time.Now()
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	command := commands()[os.Args[1]]
	if command == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(withStart(ctx, started), os.Args[2:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type startKey struct{}

// withStart remembers when the program began: benchmarks keep a time budget.
func withStart(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, startKey{}, t)
}

func elapsed(ctx context.Context) time.Duration {
	t, _ := ctx.Value(startKey{}).(time.Time)
	return time.Since(t)
}
