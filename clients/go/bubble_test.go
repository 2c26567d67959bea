package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

const (
	serverAddr = "10.0.0.1:7777"
	udpURL     = "udp://" + serverAddr
	crowdSpeed = 20 // units a second
)

// The game of the bubble: a crowd walks at constant speed, in a world that is
// larger than a packet; players walk as they like; shouts come back as an event
// and as a message, which name the tick; the score goes the reliable way.
type (
	crowdRow struct {
		X float32 `parlor:"quant=0.01"`
		N uint32
	}
	playerRow struct {
		X      float32 `parlor:"quant=0.01"`
		Shouts uint32
	}
	scoreRow struct{ Shouts uint32 }
	heard    struct{ Tick, Shouts uint32 }
	step     struct {
		X int8 `parlor:"min=-1,max=1"`
	}
	call       struct{ N uint32 }
	crowdWorld struct {
		Crowd   state.Table[crowdRow]
		Players state.Table[playerRow]
		Score   state.Value[scoreRow] `parlor:"reliable"`
		Heard   state.Event[heard]
	}
)

func stepPlayer(p *playerRow, m step, dt float32) { p.X += float32(float32(m.X) * 5 * dt) }

// crowdGame has a crowd of that many.
func crowdGame(crowd int) rooms.Kind {
	return rooms.Define("crowd", rooms.Game[crowdWorld, struct{}]{
		Hz: 20, MaxPlayers: 64,
		Create: func(w *crowdWorld, _ *rooms.Ctx) {
			for n := range crowd {
				w.Crowd.Insert(crowdRow{N: uint32(n)})
			}
		},
		Join: func(w *crowdWorld, _ *rooms.Ctx, p *rooms.Player, _ struct{}) { w.Players.Put(p.ID, playerRow{}) },
		Leave: func(w *crowdWorld, _ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) {
			w.Players.Delete(p.ID)
		},
		Tick: func(w *crowdWorld, ctx *rooms.Ctx) {
			for id, row := range w.Crowd.All() { // each at a speed of its own
				speed := float64(crowdSpeed) + float64(row.N%100)/3
				w.Crowd.Edit(id).X = float32(speed * float64(ctx.Tick()) / 20)
			}
		},
		Inputs: []rooms.Input[crowdWorld]{
			rooms.Command(func(w *crowdWorld) *state.Table[playerRow] { return &w.Players }, stepPlayer),
			rooms.Event(func(w *crowdWorld, ctx *rooms.Ctx, p *rooms.Player, _ call) error {
				row := w.Players.Edit(p.ID)
				row.Shouts++
				w.Score.Edit().Shouts++
				w.Heard.Send(heard{uint32(ctx.Tick()), row.Shouts})
				ctx.Send(p, "heard", row.Shouts)
				return nil
			}),
		},
	})
}

// bubble is a whole server in a network in memory, for use inside of a
// synctest bubble.
type bubble struct {
	t       *testing.T
	network *netsim.Network
	crowd   int
	spy     *spy

	mu     sync.Mutex // guards what follows
	udp    *udp.Server
	kill   func()
	guests int
}

func newBubble(t *testing.T, crowd int, cfg netsim.Config) *bubble {
	t.Helper()
	b := &bubble{t: t, network: netsim.NewNetwork(cfg), crowd: crowd}
	b.start()
	t.Cleanup(func() { b.kill() })
	return b
}

type noAuth struct{}

func (noAuth) Authenticate(context.Context, string) (auth.User, string, error) {
	return auth.User{}, "", errors.New("there are no tokens here")
}

// bubbleHost joins sessions to rooms, as the server does.
type bubbleHost struct{ registry *rooms.Registry }

type bubbleSeat struct{ *rooms.Seat }

func (s bubbleSeat) Enter(l *netcode.Link) error { return s.Seat.Enter(l) }

func (h bubbleHost) Reserve(ctx context.Context, r netcode.JoinRequest) (netcode.Seat, error) {
	s, err := h.registry.Reserve(ctx, rooms.JoinRequest{
		Request: r.Request, Mode: rooms.JoinMode(r.Mode), Kind: r.Kind, Room: r.Room, Token: r.Token,
		RawOptions: r.Options, Filter: r.Filter, SchemaHash: r.SchemaHash, Private: r.Private, User: r.User, Remote: r.Remote,
	})
	if err != nil {
		return nil, err
	}
	return bubbleSeat{s}, nil
}

// start starts a server; kill ends it without a word to its players.
func (b *bubble) start() {
	b.t.Helper()
	must := func(err error) {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
	}
	var server *udp.Server
	scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 1, AfterBatch: func() {
		b.mu.Lock()
		u := b.udp
		b.mu.Unlock()
		if u != nil {
			u.Flush()
		}
	}})
	registry, err := rooms.NewRegistry(rooms.Config{Kinds: []rooms.Kind{crowdGame(b.crowd)}, Scheduler: scheduler})
	must(err)
	sessions, err := netcode.NewServer(netcode.Config{Auth: noAuth{}, Host: bubbleHost{registry}})
	must(err)
	conn, err := b.network.Listen(serverAddr)
	must(err)
	keys, err := wire.NewKeyRing([32]byte{1})
	must(err)
	server, err = udp.Listen(udp.Config{Conn: conn, Keys: keys, Sessions: sessions})
	must(err)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.udp = server
	b.kill = sync.OnceFunc(func() {
		b.mu.Lock()
		b.udp = nil
		b.mu.Unlock()
		_ = conn.Close() // first, so that nobody is told
		_ = server.Close()
		_ = sessions.Close()
		_ = registry.Close(context.Background())
		scheduler.Close()
	})
}

// grant is what matchmaking would answer.
func (b *bubble) grant(user string) func(context.Context) (client.ConnectGrant, error) {
	return func(context.Context) (client.ConnectGrant, error) {
		b.mu.Lock()
		server := b.udp
		b.mu.Unlock()
		if server == nil {
			return client.ConnectGrant{}, errors.New("the server is down")
		}
		g, err := server.Grant(udp.GrantRequest{User: auth.User{ID: user, Guest: true}})
		return client.ConnectGrant{Token: g.Token, Key: g.Key, Addresses: []string{serverAddr}}, err
	}
}

// dial connects a player.
func (b *bubble) dial(o client.Options) *client.Client {
	b.t.Helper()
	b.guests++
	o.NoFallback, o.Grant = true, b.grant(fmt.Sprint("guest-", b.guests))
	o.PacketConn = func(netip.AddrPort) (net.PacketConn, error) { return b.network.Listen("10.0.1.1:0") }
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	c, err := client.Dial(ctx, udpURL, o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = c.Close() })
	return c
}

// join enters the room.
func (b *bubble) join(c *client.Client, setup func(*client.Room)) *client.Room {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute)
	defer cancel()
	room, err := c.JoinOrCreate(ctx, "crowd", client.JoinOptions{Setup: setup})
	if err != nil {
		b.t.Fatal(err)
	}
	return room
}

// spy remembers the last data packet that a player sent.
type spy struct {
	mu   sync.Mutex // guards what follows
	from netip.AddrPort
	echo [wire.EchoSize]byte
	ok   bool
}

func (s *spy) watch(from, to netip.AddrPort, packet []byte) {
	if to.String() != serverAddr {
		return
	}
	if _, data := wire.SessionOf(packet); !data {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from = from
	s.echo, s.ok = wire.EchoOf(packet)
}

// forgeReject tells the last player who sent something that the server does
// not know its session; 0: there is none yet.
func (b *bubble) forgeReject() int {
	if b.spy == nil {
		b.spy = &spy{}
		b.network.Watch(b.spy.watch)
	}
	b.spy.mu.Lock()
	from, echo, ok := b.spy.from, b.spy.echo, b.spy.ok
	b.spy.mu.Unlock()
	if !ok {
		return 0
	}
	packet := wire.AppendReject(nil, wire.Reject{Code: wire.RejectUnknownSession, Echo: echo})
	b.network.Inject(netip.MustParseAddrPort(serverAddr), from, packet)
	return 1
}
