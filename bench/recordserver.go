//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/demos/bank"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/tick"
)

// Item is a record of the shelf, a room whose size a benchmark chooses.
type Item struct {
	ID   int32 `parlor:"key,auto"`
	Text string
}

type shelf struct {
	Items records.Collection[int32, Item]
}

const (
	shelfRoom  = "shelf/main"
	shelfBytes = 2 << 30 // a million records of 200 bytes are above the default
	fillChunk  = 5_000   // records of one transaction
	itemMeta   = 40      // of a record's bytes, about: who, when, the key, lengths
)

// recordKinds are the rooms that benchmarks open.
func recordKinds(accounts int) []records.Kind {
	return []records.Kind{
		records.Define("bank", bank.Room(accounts)),
		records.Define("shelf", records.Room[shelf]{Version: 1, Limits: records.Limits{Bytes: shelfBytes}}),
	}
}

// newRecordServer is Parlor with those rooms.
func newRecordServer(data string, accounts int) (*parlor.Server, error) {
	return parlor.New(parlor.Config{
		Records: recordKinds(accounts), MutationRate: bankRate, Data: data, Record: "off", UDPAddr: "off", AdminAddr: "off",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
}

// fillShelf puts records of so many bytes on the shelf.
func fillShelf(ctx context.Context, s *parlor.Server, n, bytes int) error {
	text := strings.Repeat("x", max(0, bytes-itemMeta))
	for left := n; left > 0; left -= fillChunk {
		err := records.Write(ctx, s, shelfRoom, func(w *shelf, _ *records.Ctx) error {
			for range min(left, fillChunk) {
				if _, err := w.Items.Insert(Item{Text: text}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// serveShelf is a process that fills a shelf, or opens a full one and says how
// long the first answer took. It ends cleanly, unless it is killed before.
func serveShelf(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("shelf", flag.ContinueOnError)
	data := flags.String("data", "", "folder")
	items := flags.Int("items", 0, "records to add before the question")
	bytes := flags.Int("bytes", 200, "of a record")
	threads := flags.Int("threads", 2, "GOMAXPROCS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	began := time.Now()
	s, err := newRecordServer(*data, 1)
	if err != nil {
		return err
	}
	if err := fillShelf(ctx, s, *items, *bytes); err != nil {
		return err
	}
	result, err := s.Records().Query(ctx, shelfRoom, host.Caller{Operator: true}, "Items", query.Query{Limit: 1})
	if err != nil {
		return err
	}
	if len(result.Rows) != 1 {
		return fmt.Errorf("the shelf gave %d records", len(result.Rows))
	}
	fmt.Println(time.Since(began).Seconds(), cpuOf(os.Getpid()))
	_, _ = io.ReadAll(os.Stdin) // until whoever asked has killed this, or wants a clean end
	return s.Close()
}

// serveRecords is Parlor with record rooms and, in the same process, rooms of a
// game with players. It answers how late their ticks were since the last time.
func serveRecords(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("records server", flag.ContinueOnError)
	data := flags.String("data", "", "folder")
	accounts := flags.Int("accounts", 10_000, "accounts in the bank")
	items := flags.Int("items", 0, "records on the shelf")
	bytes := flags.Int("bytes", 200, "of a record")
	games := flags.Int("rooms", 0, "rooms of 20 players")
	threads := flags.Int("threads", 2, "GOMAXPROCS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	s, err := newRecordServer(*data, *accounts)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := fillShelf(ctx, s, *items, *bytes); err != nil {
		return err
	}
	late := &lateness{}
	if *games > 0 {
		if err := late.play(ctx, *games); err != nil {
			return err
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/profile", floorProfile)
	mux.Handle("/late", late)
	return serveBeside(ctx, s.Handler(), mux)
}

// lateness is how late ticks of the game's rooms began.
type lateness struct {
	mu     sync.Mutex // guards delays
	delays delays
}

// play begins rooms of 20 moving players without sockets.
func (t *lateness) play(ctx context.Context, n int) error {
	game := walkers.Game()
	h := &house{plan: ticksPlan{Rooms: n, Players: 20, Hz: game.Hz}, epoch: time.Now(), scheduler: tick.NewScheduler(tick.SchedulerConfig{})}
	var err error
	h.registry, err = rooms.NewRegistry(rooms.Config{
		Kinds: []rooms.Kind{rooms.Define(kindWalkers, game)}, Scheduler: h.scheduler, MaxRooms: n,
		OnTick: func(_, late time.Duration) {
			t.mu.Lock()
			t.delays.add(late)
			t.mu.Unlock()
		},
	})
	if err != nil {
		return err
	}
	return h.fill(ctx)
}

// ServeHTTP answers with the 99th percentile in milliseconds, and begins anew.
func (t *lateness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(w, t.delays.quantile(0.99), t.delays.count)
	t.delays.reset()
}
