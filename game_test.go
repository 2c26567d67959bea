package parlor

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

type testPlayer struct {
	X    int32
	Name string
}

type testWorld struct{ Players state.Table[testPlayer] }

type testOptions struct {
	Map   string `json:"map"`
	Crash bool   `json:"crash"`
}

type testMove struct {
	X int8 `parlor:"min=-1,max=1"`
}

// testKind is a game of two seats whose map is in its metadata.
func testKind() rooms.Kind {
	return rooms.Define("test", rooms.Game[testWorld, struct{}]{
		Hz: 60, MaxPlayers: 2, EmptyFor: time.Minute,
		Create: func(_ *testWorld, ctx *rooms.Ctx) {
			var o testOptions
			if err := ctx.Options(&o); err == nil && o.Map != "" {
				ctx.SetMetadata(map[string]string{"map": o.Map})
			}
			if o.Crash {
				panic("as asked")
			}
		},
		Join: func(w *testWorld, _ *rooms.Ctx, p *rooms.Player, _ struct{}) {
			w.Players.Put(p.ID, testPlayer{X: 41, Name: p.User})
		},
		Leave: func(w *testWorld, _ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { w.Players.Delete(p.ID) },
		Inputs: []rooms.Input[testWorld]{
			rooms.Command(func(w *testWorld) *state.Table[testPlayer] { return &w.Players },
				func(p *testPlayer, m testMove, _ float32) { p.X += int32(m.X) }),
		},
	})
}

// wrongKind has a world that cannot be hashed.
func wrongKind() rooms.Kind {
	type world struct{ Names map[string]string }
	return rooms.Define("bad", rooms.Game[world, struct{}]{})
}

func testConfig(t *testing.T) Config {
	return Config{
		Rooms: []rooms.Kind{testKind()}, Addr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", Data: t.TempDir(),
		Logger: slog.New(slog.DiscardHandler), Loops: 1, DrainTimeout: time.Minute,
	}
}

func newServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	cfg := testConfig(t)
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("failed to close the server: %v", err)
		}
	})
	return s
}

// runServer runs a server until stop is called; ended gives what Run returned.
func runServer(t *testing.T, change func(*Config)) (s *Server, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	s = newServer(t, change)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	result := make(chan error, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		result <- s.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		_ = s.Close() // ends a drain that a failed test left
		<-done
	})
	return s, stop, result
}
