package bots

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/parlor-server/parlor/clients/go"
)

// Config says what Run does.
type Config struct {
	URL      string        // of the server: udp://, udps://, ws:// or wss://
	Kind     string        // the room kind
	Rooms    int           // default 1
	Players  int           // in each room; default 1
	Duration time.Duration // of play, from the moment that all are in; default 10 s

	Behavior Behavior  // nil: Random
	Progress io.Writer // gets a line once a second; nil: none
	Token    string    // a signed token for every bot; empty: guests
	Private  bool      // make rooms that nobody else finds
	Join     bool      // join rooms that are there, as people do, instead of making new ones
	JoinRate int       // joins started in a second; default 200
	Seed     uint64    // of the bots' random numbers
	Logger   *slog.Logger
}

const (
	joinWorkers = 16 // rooms that are filled at the same time
	joinTimeout = 20 * time.Second
)

// run is a Run under way.
type run struct {
	cfg      Config
	schemas  *client.Schemas
	ack      histogram
	failures failures
	play     sync.WaitGroup     // the rooms' thinking goroutines
	stop     context.CancelFunc // ends them

	mu    sync.Mutex // guards what follows
	rooms []*room
}

// Run opens the rooms, fills them with bots, lets them play for the duration
// and measures. The first player of each room creates it, the others join it
// by ID. It fails when the configuration is wrong or no bot gets in; all else
// that goes wrong is counted in the summary. When ctx ends early, the summary
// is of the time until then.
func Run(ctx context.Context, cfg Config) (Summary, error) {
	if cfg.URL == "" || cfg.Kind == "" {
		return Summary{}, errors.New("bots need a server URL and a room kind")
	}
	cfg.Rooms, cfg.Players = max(cfg.Rooms, 1), max(cfg.Players, 1)
	if cfg.Duration <= 0 {
		cfg.Duration = 10 * time.Second
	}
	if cfg.JoinRate <= 0 {
		cfg.JoinRate = 200
	}
	if cfg.Behavior == nil {
		cfg.Behavior = Random
	}
	r := &run{cfg: cfg, schemas: client.NewSchemas()}
	r.failures.log = cfg.Logger
	playing, stop := context.WithCancel(ctx)
	r.stop = stop
	defer r.close()
	r.fill(ctx, playing)
	if len(r.rooms) == 0 {
		if err := ctx.Err(); err != nil {
			return Summary{}, fmt.Errorf("join %q: %w", cfg.Kind, err)
		}
		return Summary{}, fmt.Errorf("no bot could join %q: %w", cfg.Kind, r.failures.err())
	}
	return r.measure(ctx), nil
}

// fail counts a failure, and keeps the first one.
func (r *run) fail(err error) { r.failures.add(err) }

// close ends all bots.
func (r *run) close() {
	r.stop()
	r.play.Wait()
	limit := make(chan struct{}, 64)
	var closing sync.WaitGroup
	for _, room := range r.rooms {
		for _, p := range room.players {
			closing.Go(func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				_ = p.client.Close()
			})
		}
	}
	closing.Wait()
}

// fill starts all rooms at the join rate. It returns when every bot is in or
// has failed.
func (r *run) fill(ctx, playing context.Context) {
	pace := time.NewTicker(time.Second / time.Duration(r.cfg.JoinRate))
	defer pace.Stop()
	jobs := make(chan int)
	var workers sync.WaitGroup
	for range min(joinWorkers, r.cfg.Rooms) {
		workers.Go(func() {
			for n := range jobs {
				r.fillRoom(ctx, playing, n, pace.C)
			}
		})
	}
	for n := 0; n < r.cfg.Rooms && ctx.Err() == nil; n++ {
		jobs <- n
	}
	close(jobs)
	workers.Wait()
}

func (r *run) fillRoom(ctx, playing context.Context, n int, pace <-chan time.Time) {
	room := &room{run: r}
	for i := range r.cfg.Players {
		select {
		case <-pace:
		case <-ctx.Done():
			return
		}
		p, err := r.join(ctx, n*r.cfg.Players+i, room.id)
		if err != nil {
			if r.fail(err); room.id == "" {
				return
			}
			continue
		}
		if room.add(p); room.id == "" {
			room.id = p.room.ID()
			r.mu.Lock()
			r.rooms = append(r.rooms, room)
			r.mu.Unlock()
			r.failures.entered()
			r.play.Go(func() { room.think(playing) })
		}
	}
}

// join connects one bot; without a room ID it creates the room, unless bots
// join what is there.
func (r *run) join(ctx context.Context, n int, id string) (*player, error) {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	p := &player{run: r, bot: r.cfg.Behavior(n), rand: rand.New(rand.NewPCG(r.cfg.Seed, uint64(n)))}
	var err error
	p.client, err = client.Dial(ctx, r.cfg.URL, client.Options{
		Token: r.cfg.Token, Name: "parlor-bots", Schemas: r.schemas, Logger: r.cfg.Logger,
	})
	if err != nil {
		return nil, err
	}
	options := client.JoinOptions{Options: p.bot.Join(), Private: r.cfg.Private, Setup: p.watch}
	switch {
	case r.cfg.Join:
		p.room, err = p.client.JoinOrCreate(ctx, r.cfg.Kind, options)
	case id == "":
		p.room, err = p.client.Create(ctx, r.cfg.Kind, options)
	default:
		p.room, err = p.client.JoinByID(ctx, id, options)
	}
	if err != nil {
		_ = p.client.Close()
		return nil, err
	}
	return p, nil
}
