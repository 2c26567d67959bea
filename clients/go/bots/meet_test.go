package bots_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/clients/go/bots"
	"github.com/parlor-server/parlor/presence"
)

type (
	// cursor has fields that the room checks, one of which bots cannot guess.
	cursor struct {
		Name, Color string
		X, Y        float32
		Age         uint8
		Away        bool
		Tags        []string
	}
	wave  struct{ Strength int }
	emote struct{ Kind string }
	rect  struct {
		Radius float64 `json:"radius,omitempty"`
	}
	pen  struct{ Points []int }
	rune struct{ Letter string }
)

func (p *pen) Validate() error {
	if len(p.Points) < 2 {
		return errors.New("a stroke has at least one point")
	}
	return nil
}

func (r *rune) Validate() error {
	if r.Letter != "ᚠ" {
		return errors.New("which bots do not know")
	}
	return nil
}

func checkCursor(_ presence.User, _, now *cursor) error {
	if now.Color != "" {
		return errors.New("a colour is #rrggbb")
	}
	if now.X > 1 || now.Y > 1 {
		return errors.New("outside of the page")
	}
	return nil
}

// serveMeetings runs a server with rooms that are no games.
func serveMeetings(t *testing.T) (url string) {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Presence: []presence.Kind{presence.Define("cursors", presence.Room[cursor]{
			Check: checkCursor,
			Casts: []presence.Cast[cursor]{
				presence.OnCast[cursor, wave](100),
				presence.OnCast(100, func(presence.User, *cursor, *emote) error { return errors.New("no such emote") }),
			},
		}), presence.Define("crowds", presence.Room[cursor]{Sample: 3})},
		Canvas: []canvas.Kind{
			canvas.Define("notes", canvas.Room{}),
			board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[rect]("rect"), board.Shape[pen]("pen"), board.Shape[rune]("rune")}}),
		},
		Data: t.TempDir(), Record: "off", AdminAddr: "off", UDPAddr: "off", Logger: slog.New(slog.DiscardHandler),
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

func TestBotsMeet(t *testing.T) {
	url := serveMeetings(t)
	for kind, sort := range map[string]bots.Sort{
		"cursors": bots.Presence, "crowds": bots.Presence, "board": bots.Board, "notes": bots.Document, "notes/today": bots.Document,
	} {
		t.Run(kind, func(t *testing.T) {
			var progress, log bytes.Buffer
			s, err := bots.Meet(t.Context(), sort, bots.Config{
				URL: url, Kind: kind, Rooms: 2, Players: 6, Duration: 1500 * time.Millisecond, Progress: &progress,
				Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
			})
			if err != nil {
				t.Fatal(err)
			}
			rooms := 2
			if strings.Contains(kind, "/") {
				rooms = 1
			}
			t.Log(s)
			if s.Rooms != rooms || s.Players != 6*rooms || s.Transport != "websocket" || s.Desyncs+s.Errors+s.Disconnects != 0 {
				t.Errorf("%v\n%s", s, log.String())
			}
			if s.Seconds < 1.5 || s.Acts == 0 || s.AckP50 <= 0 || s.AckP99 < s.AckP50 || s.Checks != uint64(rooms) || s.DownBytes <= 0 {
				t.Errorf("%v", s)
			}
			if !strings.Contains(progress.String(), " players") {
				t.Errorf("progress %q", progress.String())
			}
			out, err := json.Marshal(s)
			if err != nil || !strings.Contains(string(out), `"desyncs":0`) {
				t.Errorf("%s, %v", out, err)
			}
		})
	}
}

func TestMeetRefuses(t *testing.T) {
	url := serveMeetings(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx  context.Context
		sort bots.Sort
		cfg  bots.Config
	}{
		"no URL":         {t.Context(), bots.Board, bots.Config{Kind: "board"}},
		"no kind":        {t.Context(), bots.Board, bots.Config{URL: url}},
		"no sort":        {t.Context(), 0, bots.Config{URL: url, Kind: "board"}},
		"unknown kind":   {t.Context(), bots.Board, bots.Config{URL: url, Kind: "chess"}},
		"another sort":   {t.Context(), bots.Board, bots.Config{URL: url, Kind: "notes"}},
		"nobody listens": {t.Context(), bots.Board, bots.Config{URL: "ws://127.0.0.1:1", Kind: "board"}},
		"ended":          {ended, bots.Board, bots.Config{URL: url, Kind: "board"}},
	} {
		if s, err := bots.Meet(c.ctx, c.sort, c.cfg); err == nil {
			t.Errorf("%s: %v", name, s)
		}
	}
}
