package bots_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/clients/go/bots"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

func TestMain(m *testing.M) {
	// kcp-go starts these when it is imported.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/xtaci/kcp-go/v5.(*TimedSched).sched"),
		goleak.IgnoreTopFunction("github.com/xtaci/kcp-go/v5.(*TimedSched).prepend"))
}

// serve runs a server with the walkers.
func serve(t *testing.T) (url string) {
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
	return strings.Replace(server.URL, "http", "ws", 1)
}

func TestRandomBotsPlay(t *testing.T) {
	var progress bytes.Buffer
	s, err := bots.Run(t.Context(), bots.Config{
		URL: serve(t), Kind: "walkers", Rooms: 2, Players: 3, Duration: 1500 * time.Millisecond, Progress: &progress,
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rooms != 2 || s.Players != 6 || s.Transport != "websocket" || s.Desyncs != 0 || s.Errors != 0 || s.Disconnects != 0 {
		t.Errorf("%v", s)
	}
	if s.Seconds < 1.5 || s.TickHzMin <= 0 || s.AckP50 <= 0 || s.AckP99 < s.AckP50 || s.DownBytes <= 0 {
		t.Errorf("%v", s)
	}
	if !strings.Contains(progress.String(), "6 players") {
		t.Errorf("progress %q", progress.String())
	}
	t.Log(s)
	out, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"rooms", "players", "seconds", "transport", "tick_hz_min", "ack_ms_p50", "ack_ms_p99", "down_bytes_per_player_s", "desyncs", "errors", "disconnects"} {
		if !strings.Contains(string(out), `"`+key+`":`) {
			t.Errorf("%s lacks %s", out, key)
		}
	}
}

// runner walks right, and counts how often it may think.
type runner struct {
	thoughts atomic.Int64
	table    *client.TableView[walkers.Walker]
	saw      atomic.Bool
}

func (r *runner) Join() any { return map[string]string{"name": "runner"} }

func (r *runner) Think(c *bots.Ctx) {
	r.thoughts.Add(1)
	if r.table == nil {
		r.table, _ = client.Table[walkers.Walker](c.Room, "Players")
	}
	if w, ok := r.table.Get(c.Room.Player()); ok && w.VX > 0 {
		r.saw.Store(true)
	}
	bots.Command(c, walkers.Walk{DX: 1})
}

func TestBehavior(t *testing.T) {
	r := &runner{}
	s, err := bots.Run(t.Context(), bots.Config{
		URL: serve(t), Kind: "walkers", Duration: time.Second, Behavior: func(int) bots.Bot { return r }, Private: true,
	})
	if err != nil || s.Errors != 0 {
		t.Fatal(s, err)
	}
	if r.thoughts.Load() == 0 || !r.saw.Load() {
		t.Errorf("thought %d times; saw itself move: %v", r.thoughts.Load(), r.saw.Load())
	}
}

func TestRunRefuses(t *testing.T) {
	url := serve(t)
	for name, cfg := range map[string]bots.Config{
		"no URL":         {Kind: "walkers"},
		"no kind":        {URL: url},
		"unknown kind":   {URL: url, Kind: "chess"},
		"nobody listens": {URL: "ws://127.0.0.1:1", Kind: "walkers"},
	} {
		if s, err := bots.Run(t.Context(), cfg); err == nil {
			t.Errorf("%s: %v", name, s)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := bots.Run(ended, bots.Config{URL: url, Kind: "walkers"}); err == nil {
		t.Error("ran in a context that had ended")
	}
}

func TestBotsJoinTheRoomThatIsThere(t *testing.T) {
	url := serve(t)
	c, err := client.Dial(t.Context(), url, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	room, err := c.JoinOrCreate(t.Context(), "walkers", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var most atomic.Int32
	players, err := client.Table[walkers.Walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	players.OnAdded(func(state.ID, walkers.Walker) { most.Add(1) })
	if _, err := bots.Run(t.Context(), bots.Config{URL: url, Kind: "walkers", Players: 3, Duration: 500 * time.Millisecond, Join: true}); err != nil {
		t.Fatal(err)
	}
	if most.Load() != 4 { // the player's own row, and three bots'
		t.Errorf("%d rows were seen in the room, want 4", most.Load())
	}
}

// serveUDP runs a server that players reach over UDP too.
func serveUDP(t *testing.T) (url string) {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Addr:  "127.0.0.1:0",
		Rooms: []rooms.Kind{rooms.Define("walkers", walkers.Game())},
		Data:  t.TempDir(), Record: "off", AdminAddr: "off", Logger: slog.New(slog.DiscardHandler),
	})
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
	t.Cleanup(func() {
		_ = s.Close()
		stop()
		<-done
	})
	return "udp" + strings.TrimSuffix(strings.TrimPrefix(s.URL(), "http"), "/")
}

func TestBotsPlayOverUDP(t *testing.T) {
	s, err := bots.Run(t.Context(), bots.Config{URL: serveUDP(t), Kind: "walkers", Rooms: 2, Players: 5, Duration: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s)
	if s.Transport != "udp" || s.Players != 10 || s.Desyncs+s.Errors+s.Disconnects != 0 {
		t.Errorf("%v", s)
	}
	if s.TickHzMin < 15 || s.AckP50 <= 0 || s.AckP99 < s.AckP50 || s.DownBytes <= 0 {
		t.Errorf("%v", s)
	}
}
