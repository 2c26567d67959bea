package parlor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// The line is a world that depends on its tick alone, so that a client can tell
// by itself whether what it sees is what the server had at that tick.
const (
	lineHz    = 20
	lineSpeed = 0.25 // a tick
	postEvery = 5    // ticks between two posts that are set up
	postStay  = 20   // ticks that a post stays
)

type runner struct {
	X float32 `parlor:"quant=0.01"`
}

type post struct{ Since uint32 }

type mark struct{ N uint32 }

type lineWorld struct {
	Runners state.Table[runner]
	Posts   state.Table[post]
	Slow    state.Table[post] `parlor:"reliable"` // one row that counts every tenth tick
	Marks   state.Event[mark]
}

type heard struct{ N uint32 } // an event of a player, which is counted

type step struct{ On bool } // a command, without a row to step

func lineKind() rooms.Kind {
	return rooms.Define("line", rooms.Game[lineWorld, struct{}]{
		Hz: lineHz, MaxPlayers: 8, EmptyFor: time.Hour, Grace: time.Minute,
		Create: func(w *lineWorld, _ *rooms.Ctx) {
			w.Runners.Insert(runner{})
			w.Slow.Insert(post{})
		},
		Tick: (*lineWorld).tick,
		Inputs: []rooms.Input[lineWorld]{
			rooms.Command(func(w *lineWorld) *state.Table[runner] { return &w.Runners }, func(*runner, step, float32) {}),
			rooms.Event(func(_ *lineWorld, ctx *rooms.Ctx, p *rooms.Player, m heard) error {
				ctx.Send(p, "heard", m.N)
				return nil
			}),
		},
	})
}

func (w *lineWorld) tick(ctx *rooms.Ctx) {
	now := uint32(ctx.Tick())
	for id := range w.Runners.IDs() {
		w.Runners.Edit(id).X = runnerAt(now)
	}
	for id, p := range w.Posts.All() {
		if p.Since+postStay <= now {
			w.Posts.Delete(id)
		}
	}
	if now%postEvery == 0 {
		w.Posts.Insert(post{now})
	}
	if now%10 == 0 {
		for id := range w.Slow.IDs() {
			w.Slow.Edit(id).Since = now
		}
	}
	w.Marks.Send(mark{now})
}

func runnerAt(now uint32) float32 { return float32(now) * lineSpeed }

// lineNet is a server and its clients on a network in memory, in virtual time.
type lineNet struct {
	t       *testing.T
	cfg     netsim.Config // of each direction
	network *netsim.Network
	server  *Server
	conn    *netsim.PacketConn // the server's
	players []*player

	granting atomic.Pointer[Server] // server, for the clients' goroutines; nil: it is away
}

const lineAddress = "10.0.0.1:7777"

// virtually runs f in a bubble of virtual time, with a server whose lines are
// as bad as cfg says.
func virtually(t *testing.T, cfg netsim.Config, f func(t *testing.T, l *lineNet)) {
	synctest.Test(t, func(t *testing.T) {
		l := &lineNet{t: t, cfg: cfg, network: netsim.NewNetwork(cfg)}
		l.start()
		defer l.stop()
		f(t, l)
	})
}

func (l *lineNet) start() {
	l.t.Helper()
	server, err := New(Config{
		Rooms: []rooms.Kind{lineKind()}, Record: "off", AdminAddr: "off", Loops: 1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	conn, err := l.network.Listen(lineAddress)
	if err != nil {
		l.t.Fatal(err)
	}
	if l.server != nil {
		server.keys = l.server.keys // as of a server with a file of keys
	}
	u, err := udp.Listen(udp.Config{Conn: conn, Keys: server.keys, Sessions: server.sessions})
	if err != nil {
		l.t.Fatal(err)
	}
	server.udp.Store(u)
	l.server, l.conn = server, conn
	l.granting.Store(server)
}

func (l *lineNet) stop() {
	for _, p := range l.players {
		if err := p.client.Close(); err != nil {
			l.t.Errorf("failed to close a client: %v", err)
		}
	}
	if err := l.server.Close(); err != nil {
		l.t.Errorf("failed to close the server: %v", err)
	}
}

// grant is what POST /v1/connect would answer.
func (l *lineNet) grant(user string) (g client.ConnectGrant, err error) {
	server := l.granting.Load()
	if server == nil {
		return g, errors.New("the server is away")
	}
	c, err := server.Connect(auth.User{ID: user}, "", "")
	if err != nil {
		return g, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal(text, &g)
}

// player is a client with what it has seen.
type player struct {
	client *client.Client
	room   *client.Room
	conn   *netsim.PacketConn

	frames  int
	wrong   []string // what was not as it should be
	marks   []uint32
	heard   []uint32
	slow    uint32 // what the reliable table said last
	desyncs int
}

func (p *player) fault(format string, args ...any) {
	if len(p.wrong) < 5 {
		p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
	}
}

// join brings a client into the line's room.
func (l *lineNet) join(ctx context.Context) *player {
	l.t.Helper()
	n := len(l.players) + 1
	user, address := fmt.Sprint("user", n), fmt.Sprintf("10.0.1.%d:5000", n)
	p := &player{}
	c, err := client.Dial(ctx, "udp://"+lineAddress, client.Options{
		NoFallback: true,
		Grant:      func(context.Context) (client.ConnectGrant, error) { return l.grant(user) },
		PacketConn: func(netip.AddrPort) (net.PacketConn, error) {
			conn, err := l.network.Listen(address)
			p.conn = conn
			return conn, err
		},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	p.client = c
	l.players = append(l.players, p)
	p.room, err = c.JoinOrCreate(ctx, "line", client.JoinOptions{Setup: func(r *client.Room) { p.watch(l.t, r) }})
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

// watch compares every frame with what the world was at its tick.
func (p *player) watch(t *testing.T, r *client.Room) {
	runners, err1 := client.Table[runner](r, "Runners")
	posts, err2 := client.Table[post](r, "Posts")
	slow, err3 := client.Table[post](r, "Slow")
	_, err4 := client.OnEvent(r, "Marks", func(m mark) {
		if m.N > uint32(r.Tick()) {
			p.fault("the event of tick %d came at tick %d", m.N, r.Tick())
		}
		p.marks = append(p.marks, m.N)
	})
	for _, err := range []error{err1, err2, err3, err4} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r.OnMessage(func(m client.Message) {
		var n uint32
		if err := json.Unmarshal(m.Data, &n); err != nil || m.Name != "heard" {
			p.fault("message %s %s: %v", m.Name, m.Data, err)
		}
		p.heard = append(p.heard, n)
	})
	r.OnDesync(func(client.Desync) { p.desyncs++ })
	r.OnFrame(func(f client.Frame) {
		if f.Partial {
			return
		}
		p.frames++
		p.check(uint32(f.Tick), runners, posts, slow)
	})
}

func (p *player) check(now uint32, runners *client.TableView[runner], posts, slow *client.TableView[post]) {
	for _, r := range runners.All() {
		if want := runnerAt(now); r.X < want-0.011 || r.X > want+0.011 {
			p.fault("at tick %d the runner is at %v, want %v", now, r.X, want)
		}
	}
	want := 0
	for since := now - now%postEvery; since > 0 && since+postStay > now; since -= postEvery {
		want++
	}
	if posts.Len() != want {
		p.fault("at tick %d there are %d posts, want %d", now, posts.Len(), want)
	}
	for _, q := range posts.All() {
		if q.Since > now || q.Since+postStay <= now || q.Since%postEvery != 0 {
			p.fault("at tick %d there is a post of tick %d", now, q.Since)
		}
	}
	for _, s := range slow.All() { // by its own lane: in order, and a lost frame's tick or two ahead
		if s.Since > now+10 || s.Since < p.slow || s.Since%10 != 0 {
			p.fault("at tick %d the slow one says %d, after %d", now, s.Since, p.slow)
		}
		p.slow = s.Since
	}
}

// settled checks what must hold at the end: all events in order, none twice.
func (p *player) settled(t *testing.T, sent uint32) {
	t.Helper()
	for _, w := range p.wrong {
		t.Error(w)
	}
	if p.desyncs > 0 {
		t.Errorf("%d desyncs", p.desyncs)
	}
	for i := 1; i < len(p.marks); i++ {
		if p.marks[i] != p.marks[i-1]+1 {
			t.Errorf("the event of tick %d followed that of tick %d", p.marks[i], p.marks[i-1])
			break
		}
	}
	for i, n := range p.heard {
		if n != uint32(i+1) {
			t.Errorf("answer %d was about event %d", i+1, n)
			break
		}
	}
	if uint32(len(p.heard)) != sent {
		t.Errorf("%d of %d events were answered", len(p.heard), sent)
	}
}

// overNetworks plays over each of the matrix's networks, or over three of them
// in a short run.
func overNetworks(t *testing.T, play func(t *testing.T, l *lineNet)) {
	for _, rtt := range []time.Duration{0, 50, 150, 300} {
		for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
			if testing.Short() && !(rtt == 0 && loss == 0 || rtt == 150 && loss == 0.05 || rtt == 300 && loss == 0.2) {
				continue
			}
			rtt := rtt * time.Millisecond
			t.Run(fmt.Sprintf("%v and %g%% loss", rtt, 100*loss), func(t *testing.T) {
				t.Parallel()
				cfg := netsim.Config{Loss: loss, Delay: rtt / 2, Seed: uint64(rtt) + uint64(1000*loss)}
				if loss > 0 {
					cfg.Dup, cfg.Reorder, cfg.Jitter = 0.01, 0.02, rtt/20
				}
				virtually(t, cfg, play)
			})
		}
	}
}

func TestNetworkMatrix(t *testing.T) { overNetworks(t, playLine) }

// playLine plays for a while with two clients, who send events as they go.
func playLine(t *testing.T, l *lineNet) {
	ctx := t.Context()
	players := []*player{l.join(ctx), l.join(ctx)}
	const events = 100
	for i := range uint32(events) {
		time.Sleep(100 * time.Millisecond)
		for _, p := range players {
			if _, err := client.SendEvent(p.room, heard{N: i + 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
	time.Sleep(5 * time.Second)
	for _, p := range players {
		p.room.View(func() {
			p.settled(t, events)
			if p.frames < 100 {
				t.Errorf("%d frames were applied", p.frames)
			}
		})
	}
}
