package client_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/tick"
)

// runWalkers runs the real server on loopback, and returns its udp:// URL and
// what kills it.
func runWalkers(t *testing.T, cfg parlor.Config) (url string, kill func()) {
	t.Helper()
	cfg.Rooms = []rooms.Kind{rooms.Define("walkers", walkers.Game())}
	cfg.Data, cfg.Record, cfg.AdminAddr, cfg.Logger = t.TempDir(), "off", "off", slog.New(slog.DiscardHandler)
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	s, err := parlor.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	kill = func() {
		_ = s.Close()
		stop()
		<-done
	}
	t.Cleanup(kill)
	return strings.Replace(strings.TrimSuffix(s.URL(), "/"), "http", "udp", 1), kill
}

func dialWalkers(t *testing.T, url string, o client.Options) *client.Room {
	t.Helper()
	c, err := client.Dial(within(t), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	room, err := c.JoinOrCreate(within(t), "walkers", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return room
}

// walkOnce sends a command each tick until the frame of a tick has come.
func walkUntil(t *testing.T, room *client.Room, ticks tick.Tick) client.Frame {
	t.Helper()
	came := frames(room)
	first := until(t, came, 1).Tick
	for {
		f := until(t, came, 1)
		for at, due := room.Clock().Next(f.Arrived); due; at, due = room.Clock().Next(f.Arrived) {
			if err := client.SendCommand(room, at, walkers.Walk{DX: 1}); err != nil {
				t.Fatal(err)
			}
		}
		if f.Tick >= first+ticks {
			return f
		}
	}
}

func TestPlayOverUDP(t *testing.T) {
	url, _ := runWalkers(t, parlor.Config{})
	room := dialWalkers(t, url, client.Options{NoFallback: true})
	c := room.Client()
	if got := c.Transport(); got != "udp" || c.User() == "" || c.GuestToken() == "" {
		t.Fatalf("connected by %q as %q", got, c.User())
	}
	if f := walkUntil(t, room, 30); f.Ack == 0 {
		t.Errorf("the last frame %+v acknowledges no command", f)
	}
	if s := c.Stats(); s.BadFrames+s.Desyncs+s.Errors+s.Disconnects != 0 || s.Keyframes != 1 || s.BytesIn == 0 || s.BytesOut == 0 {
		t.Errorf("stats %+v", s)
	}
	if err := room.Leave(within(t)); err != nil {
		t.Error(err)
	}
}

// A client that moves to another address plays on in the same session.
func TestRebindOverUDP(t *testing.T) {
	url, _ := runWalkers(t, parlor.Config{})
	room := dialWalkers(t, url, client.Options{NoFallback: true})
	walkUntil(t, room, 5)
	if err := room.Client().Rebind(); err != nil {
		t.Fatal(err)
	}
	walkUntil(t, room, 20)
	if s := room.Client().Stats(); s.Disconnects+s.Desyncs+s.BadFrames != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A server without UDP is played on over WebSocket, unless that is not wanted.
func TestFallbackWithoutUDP(t *testing.T) {
	url, _ := runWalkers(t, parlor.Config{UDPAddr: "off"})
	room := dialWalkers(t, url, client.Options{})
	if got := room.Client().Transport(); got != "websocket" {
		t.Errorf("connected by %q", got)
	}
	walkUntil(t, room, 5)
	if err := room.Client().Rebind(); !errors.Is(err, client.ErrNotUDP) {
		t.Errorf("rebinding a WebSocket: %v", err)
	}
	if _, err := client.Dial(within(t), url, client.Options{NoFallback: true}); err == nil {
		t.Error("connected to a server without UDP")
	}
}

// A server that is killed and started again has its players back. How soon is
// tested in virtual time, with the whole server.
func TestServerRestartOverUDP(t *testing.T) {
	for _, scheme := range []string{"udp", "ws"} {
		t.Run(scheme, func(t *testing.T) {
			url, kill := runWalkers(t, parlor.Config{})
			away := make(chan struct{}, 8)
			room := dialWalkers(t, strings.Replace(url, "udp", scheme, 1), client.Options{
				Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
				OnState: func(s client.State) {
					if s == client.Reconnecting {
						away <- struct{}{}
					}
				},
			})
			walkUntil(t, room, 5)
			kill()
			select {
			case <-away:
			case <-within(t).Done():
				t.Fatal("the client did not notice")
			}
			back := make(chan struct{}, 8)
			room.OnFrame(func(f client.Frame) {
				if f.Keyframe {
					back <- struct{}{}
				}
			})
			runWalkers(t, parlor.Config{Addr: strings.TrimPrefix(url, "udp://")})
			select {
			case <-back:
			case <-within(t).Done():
				t.Errorf("the player is not back: %+v", room.Client().Stats())
			}
		})
	}
}
