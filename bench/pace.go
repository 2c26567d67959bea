//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor"
	sdk "github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

const (
	kindLossy    = "lossy"    // state frames on the unreliable lane
	kindReliable = "reliable" // the same game with all of them on the reliable lane

	moverSpeed = 20 // a second
	maxMovers  = 64
	remembered = 4096 // ticks
)

// mover is a row that moves at constant speed: its player sends nothing.
type mover struct {
	X float32 `parlor:"quant=0.01"`
}

type movers struct{ Movers state.Table[mover] }

// births is when each of a room's last ticks began. Any goroutine uses it.
type births [remembered]atomic.Int64

func (b *births) note(tick uint32, at time.Time) { b[tick%remembered].Store(at.UnixNano()) }

// age is how old the state of a tick is.
func (b *births) age(tick uint32, at time.Time) time.Duration {
	return time.Duration(at.UnixNano() - b[tick%remembered].Load())
}

// paceRoom is the kind of room whose rows move at constant speed.
func paceRoom(kind string, hz int, born *births) rooms.Kind {
	place := func(ctx *rooms.Ctx) mover { return mover{X: moverSpeed * float32(ctx.Tick()) / float32(hz)} }
	return rooms.Define(kind, rooms.Game[movers, struct{}]{
		Hz: hz, MaxPlayers: maxMovers, Version: "1", Reliable: kind == kindReliable,
		Join: func(w *movers, ctx *rooms.Ctx, p *rooms.Player, _ struct{}) { w.Movers.Put(p.ID, place(ctx)) },
		Leave: func(w *movers, _ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) {
			w.Movers.Delete(p.ID)
		},
		Tick: func(w *movers, ctx *rooms.Ctx) {
			born.note(uint32(ctx.Tick()), time.Now()) // of no influence on the state
			for id := range w.Movers.All() {
				*w.Movers.Edit(id) = place(ctx)
			}
		},
	})
}

// paceServer is a server in this process, with both kinds.
type paceServer struct {
	addr            string // HOST:PORT
	lossy, reliable births
	stop            func()
}

func startPaceServer(ctx context.Context, hz int) (*paceServer, error) {
	s := new(paceServer)
	server, err := parlor.New(parlor.Config{
		Rooms: []rooms.Kind{paceRoom(kindLossy, hz, &s.lossy), paceRoom(kindReliable, hz, &s.reliable)},
		Addr:  "127.0.0.1:0", AdminAddr: "off", Record: "off", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, fmt.Errorf("failed to make a server: %w", err)
	}
	if err := server.Listen(); err != nil {
		return nil, fmt.Errorf("failed to start a server: %w", err)
	}
	at, err := url.Parse(server.URL())
	if err != nil {
		return nil, fmt.Errorf("failed to find the server: %w", err)
	}
	s.addr = at.Host
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Run(ctx) // what fails shows at its clients
	}()
	s.stop = func() {
		cancel()
		<-ended
	}
	return s, nil
}

// watcher is a client in a room of movers, at the far end of a bad network.
type watcher struct {
	relay  *netsim.Relay
	client *sdk.Client
	room   *sdk.Room
}

// watch joins a room through a network of its own. Delay is half the round trip.
func (s *paceServer) watch(ctx context.Context, network netsim.Config, join func(context.Context, *sdk.Client) (*sdk.Room, error)) (*watcher, error) {
	relay, err := netsim.NewRelay(netsim.RelayConfig{Listen: "127.0.0.1:0", To: s.addr, Config: network})
	if err != nil {
		return nil, err
	}
	w := &watcher{relay: relay}
	if w.client, err = sdk.Dial(ctx, "udp://"+relay.Addr().String(), sdk.Options{Name: "bench", NoFallback: true}); err == nil {
		w.room, err = join(ctx, w.client)
	}
	if err != nil {
		w.close()
		return nil, fmt.Errorf("failed to join through a bad network: %w", err)
	}
	return w, nil
}

func (w *watcher) close() {
	if w.client != nil {
		_ = w.client.Close()
	}
	_ = w.relay.Close()
}
