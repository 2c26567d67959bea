// Command sql is the databases' side of the bank benchmark: a load on
// PostgreSQL, an HTTP server over SQLite, and the load on that. All of them do
// the same work: each call moves an amount between two random accounts in one
// transaction and is over when that is durable.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"
)

const usage = `sql is the databases' side of the bank benchmark.

  sql setup  --dsn DSN --accounts N      makes the accounts in PostgreSQL
  sql serve  --file FILE --accounts N    serves SQLite over HTTP, prints its address
  sql load   --dsn DSN | --url URL       calls transfer and prints what it measured
`

func main() {
	commands := map[string]func(context.Context, []string) error{"setup": runSetup, "serve": runServe, "load": runLoad}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := commands[os.Args[1]](ctx, os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "sql:", err)
		os.Exit(1)
	}
}

// work is what the clients do.
type work struct {
	accounts  int
	contended bool // four of five calls touch the first hundredth of the accounts only
	clients   int
	inFlight  int
	warm      time.Duration
	window    time.Duration
}

// transfer is one call.
type transfer struct{ from, to, amount int32 }

func (w work) next(r *rand.Rand) transfer {
	n := w.accounts
	if w.contended && r.IntN(5) != 0 {
		n = max(n/100, 2)
	}
	from := r.IntN(n)
	to := r.IntN(n - 1)
	if to >= from {
		to++
	}
	return transfer{int32(from), int32(to), int32(1 + r.IntN(10))}
}

// client calls until ctx ends and gives each call's latency to done.
type client func(ctx context.Context, r *rand.Rand, done func(time.Duration)) error

// result is what a load measured.
type result struct {
	TPS    float64 `json:"tps"`
	P50    float64 `json:"ms_p50"`
	P99    float64 `json:"ms_p99"`
	Calls  int     `json:"calls"`
	Errors string  `json:"error,omitempty"`
}

// measure runs the clients and counts what ends inside the window.
func measure(ctx context.Context, w work, connect func(ctx context.Context) (client, error)) (result, error) {
	clients := make([]client, w.clients)
	for i := range clients {
		c, err := connect(ctx)
		if err != nil {
			return result{}, err
		}
		clients[i] = c
	}
	begin := time.Now().Add(w.warm)
	end := begin.Add(w.window)
	ctx, cancel := context.WithDeadline(ctx, end.Add(200*time.Millisecond))
	defer cancel()
	latencies := make([][]time.Duration, w.clients)
	errs := make([]error, w.clients)
	var group sync.WaitGroup
	for i, c := range clients {
		group.Go(func() {
			errs[i] = c(ctx, rand.New(rand.NewPCG(uint64(i), 1)), func(d time.Duration) {
				if now := time.Now(); now.After(begin) && now.Before(end) {
					latencies[i] = append(latencies[i], d)
				}
			})
		})
	}
	group.Wait()
	all := slices.Concat(latencies...)
	if len(all) == 0 {
		return result{}, fmt.Errorf("no call ended: %v", slices.Concat(errs))
	}
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
	res := result{TPS: float64(len(all)) / w.window.Seconds(), P50: at(0.5), P99: at(0.99), Calls: len(all)}
	for _, err := range errs {
		if err != nil {
			res.Errors = err.Error()
		}
	}
	return res, nil
}

func runLoad(ctx context.Context, args []string) error {
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	var w work
	dsn := f.String("dsn", "", "PostgreSQL's connection string")
	url := f.String("url", "", "address of sql serve")
	f.IntVar(&w.accounts, "accounts", 100_000, "accounts")
	f.BoolVar(&w.contended, "contended", false, "80 % of calls on 1 % of accounts")
	f.IntVar(&w.clients, "clients", 64, "connections")
	f.IntVar(&w.inFlight, "in-flight", 1, "calls under way on each connection")
	f.DurationVar(&w.warm, "warm", time.Second, "time before the window")
	f.DurationVar(&w.window, "window", 4*time.Second, "time that counts")
	if err := f.Parse(args); err != nil {
		return err
	}
	connect := func(ctx context.Context) (client, error) { return connectPostgres(ctx, *dsn, w) }
	if *url != "" {
		connect = func(context.Context) (client, error) { return connectHTTP(*url, w), nil }
	}
	res, err := measure(ctx, w, connect)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(res)
}
