package client_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/tick"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func frames(r *client.Room) <-chan client.Frame {
	ch := make(chan client.Frame, 200)
	r.OnFrame(func(f client.Frame) { ch <- f })
	return ch
}

// until waits for the frame of a tick.
func until(t *testing.T, ch <-chan client.Frame, at tick.Tick) client.Frame {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case f := <-ch:
			if f.Tick >= at {
				return f
			}
		case <-late:
			t.Fatalf("no frame of tick %d came", at)
		}
	}
}

// joinWalkers enters a room of the real server.
func joinWalkers(t *testing.T) *client.Room {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Rooms: []rooms.Kind{rooms.Define("walkers", walkers.Game())},
		Data:  t.TempDir(), Record: "off", AdminAddr: "off", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	c, err := client.Dial(within(t), strings.Replace(server.URL, "http", "ws", 1), client.Options{Reconnect: client.Reconnect{Base: 1, Max: 1}})
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

func TestServerKeepsTheSeat(t *testing.T) {
	room := joinWalkers(t)
	came := frames(room)
	back := make(chan bool, 1)
	room.OnReconnect(func(same bool) { back <- same })
	player, id, at := room.Player(), room.ID(), room.Tick()
	room.Client().Cut()
	if !<-back {
		t.Error("the seat was lost")
	}
	until(t, came, at+5)
	if room.Player() != player || room.ID() != id {
		t.Errorf("now player %v in %s, before %v in %s", room.Player(), room.ID(), player, id)
	}
	if s := room.Client().Stats(); s.Reseats != 1 || s.BadFrames+s.Desyncs+s.Errors != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A mirror that is not to be trusted any more is made good again.
func TestServerSendsAKeyframe(t *testing.T) {
	room := joinWalkers(t)
	came := frames(room)
	room.View(func() { room.Distrust() })
	for !until(t, came, 1).Keyframe {
	}
	if s := room.Client().Stats(); s.Keyframes != 2 || s.Desyncs+s.Errors != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestServerAgreesWithThePrediction(t *testing.T) {
	room := joinWalkers(t)
	p, err := client.NewPredictor(room, "Players", func(w *walkers.Walker, m walkers.Walk, dt float32) {
		w.VX, w.VY = float32(m.DX)*5, float32(m.DY)*5
		w.X += float32(w.VX * dt)
		w.Y += float32(w.VY * dt)
	})
	if err != nil {
		t.Fatal(err)
	}
	came := frames(room)
	at := until(t, came, 1).Tick
	for n := range 20 {
		f := until(t, came, at+tick.Tick(n))
		if _, err := p.Advance(f.Arrived, walkers.Walk{DX: 1, DY: -1}); err != nil {
			t.Fatal(err)
		}
	}
	for p.Pending() > 0 {
		until(t, came, 1)
	}
	players, err := client.Table[walkers.Walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	room.View(func() {
		server, _ := players.Get(room.Player())
		predicted, ok := p.Row()
		if dx := predicted.X - server.X; !ok || dx > 0.006 || dx < -0.006 || server.VX != 5 {
			t.Errorf("predicted %+v, the server has %+v", predicted, server)
		}
	})
}
