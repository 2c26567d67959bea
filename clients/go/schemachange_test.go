package client_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// A game before and after a deployment: the new one has another table in
// front, another column in a row, an event and a command; it has lost a table.

type oldWorld struct {
	Players state.Table[oldRow]
	Flags   state.Table[flag]
	Cheers  state.Event[cheer]
}

type oldRow struct{ X int32 }

type flag struct{ Team uint8 }

type cheer struct{ Volume int32 }

type newWorld struct {
	Rounds  state.Value[flag]
	Players state.Table[newRow]
	Booms   state.Event[cheer]
	Cheers  state.Event[newCheer]
}

type newRow struct {
	Level uint16
	X     int32
}

type newCheer struct {
	By     state.ID
	Volume int32
}

type shove struct{ DX int32 }

type walk struct{ DX int32 }

func oldGame() rooms.Kind {
	return rooms.Define("field", rooms.Game[oldWorld, struct{}]{
		Hz: 50, MaxPlayers: 4,
		Join: func(w *oldWorld, _ *rooms.Ctx, p *rooms.Player, _ struct{}) {
			w.Players.Put(p.ID, oldRow{X: 1})
			w.Flags.Insert(flag{Team: 1})
		},
		Inputs: []rooms.Input[oldWorld]{
			rooms.Command(func(w *oldWorld) *state.Table[oldRow] { return &w.Players }, func(r *oldRow, m walk, _ float32) { r.X += m.DX }),
		},
	})
}

func newGame() rooms.Kind {
	return rooms.Define("field", rooms.Game[newWorld, struct{}]{
		Hz: 50, MaxPlayers: 4,
		Join: func(w *newWorld, _ *rooms.Ctx, p *rooms.Player, _ struct{}) {
			w.Players.Put(p.ID, newRow{Level: 7, X: 100})
		},
		Tick: func(w *newWorld, _ *rooms.Ctx) {
			w.Booms.Send(cheer{Volume: 1})
			w.Cheers.Send(newCheer{Volume: 5})
		},
		Inputs: []rooms.Input[newWorld]{
			rooms.Command(func(w *newWorld) *state.Table[newRow] { return &w.Players }, func(r *newRow, m shove, _ float32) { r.X -= m.DX }),
			rooms.Command(func(w *newWorld) *state.Table[newRow] { return &w.Players }, func(r *newRow, m walk, _ float32) { r.X += m.DX }),
		},
	})
}

// serve starts a server, which lives as long as the test.
func serve(t *testing.T, kind rooms.Kind) *parlor.Server {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Rooms: []rooms.Kind{kind}, Data: t.TempDir(), Record: "off", AdminAddr: "off", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Views, callbacks, events, inputs and predictions that were made for one
// schema go on with the next.
func TestRejoinWithAnotherSchema(t *testing.T) {
	var handler atomic.Pointer[http.Handler]
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*handler.Load()).ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	before, after := serve(t, oldGame()).Handler(), serve(t, newGame()).Handler()
	handler.Store(&before)
	c, err := client.Dial(within(t), strings.Replace(front.URL, "http", "ws", 1), client.Options{Reconnect: client.Reconnect{Base: 1, Max: 1}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	room, err := c.JoinOrCreate(within(t), "field", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	players, err := client.Table[newRow](room, "Players") // Level stays zero for now
	if err != nil {
		t.Fatal(err)
	}
	flags, err := client.Table[flag](room, "Flags")
	if err != nil {
		t.Fatal(err)
	}
	p, err := client.NewPredictor(room, "Players", func(r *newRow, m walk, _ float32) { r.X += m.DX })
	if err != nil {
		t.Fatal(err)
	}
	var flagsAdded, flagsRemoved int
	room.View(func() {
		flags.OnAdded(func(state.ID, flag) { flagsAdded++ })
		flags.OnRemoved(func(state.ID, flag) { flagsRemoved++ })
	})
	cheers := make(chan int32, 1000)
	if _, err := client.OnEvent(room, "Cheers", func(c cheer) { cheers <- c.Volume }); err != nil {
		t.Fatal(err)
	}
	back := make(chan bool, 1)
	room.OnReconnect(func(same bool) { back <- same })
	came := frames(room)
	if _, err := p.Advance(until(t, came, 1).Arrived, walk{DX: 1}); err != nil {
		t.Fatal(err)
	}
	until(t, came, room.Tick()+1)
	handler.Store(&after)
	c.Cut()
	if <-back {
		t.Fatal("the same seat, on another server")
	}
	for f := range came {
		if f.Keyframe {
			break
		}
	}
	if volume := <-cheers; volume != 5 {
		t.Errorf("a cheer of %d: another event, or another column", volume)
	}
	for moved := 0; moved < 3 || p.Pending() > 0; {
		now := until(t, came, 1).Arrived
		if moved < 3 {
			n, err := p.Advance(now, walk{DX: 1})
			if err != nil {
				t.Fatal(err)
			}
			moved += n
		}
	}
	room.View(func() {
		server, _ := players.Get(room.Player())
		row, ok := p.Row()
		if !ok || row.Level != 7 || server.Level != 7 || row.X <= 100 {
			t.Errorf("predicted %+v, the server has %+v", row, server)
		}
		if flagsAdded != 1 || flagsRemoved != 1 || flags.Len() != 0 {
			t.Errorf("flags: %d added, %d removed, %d there", flagsAdded, flagsRemoved, flags.Len())
		}
	})
	if s := c.Stats(); s.Rejoins != 1 || s.BadFrames+s.Desyncs != 0 {
		t.Errorf("stats %+v", s)
	}
}
