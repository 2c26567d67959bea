//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/demos/bank"
	"github.com/parlor-server/parlor/persistence/records"
)

// bankRate is so high that no client of the benchmark meets it.
const bankRate = 1_000_000

// serveBank is Parlor with the demo's bank, and more accounts.
func serveBank(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("bank server", flag.ContinueOnError)
	data := flags.String("data", "", "folder")
	accounts := flags.Int("accounts", 100_000, "accounts")
	threads := flags.Int("threads", 2, "GOMAXPROCS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	s, err := parlor.New(parlor.Config{
		Records:      []records.Kind{records.Define("bank", bank.Room(*accounts))},
		MutationRate: bankRate, Data: *data, Record: "off", UDPAddr: "off", AdminAddr: "off",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return serveBeside(ctx, s.Handler(), http.HandlerFunc(floorProfile))
}

// serveBeside serves main, and at another port what the bench asks for during
// the run. It prints both addresses, and ends with ctx.
func serveBeside(ctx context.Context, main, side http.Handler) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("failed to listen: %w", err)
	}
	beside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("failed to listen: %w", err)
	}
	go func() { _ = http.Serve(beside, side) }()
	server := &http.Server{Handler: main}
	fmt.Println(l.Addr(), beside.Addr())
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	if err := server.Serve(l); ctx.Err() == nil {
		return fmt.Errorf("failed to serve: %w", err)
	}
	return nil
}
