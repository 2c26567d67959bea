package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/clients/go/bots"
	"github.com/parlor-server/parlor/persistence/store"
)

// botsCommand plays with headless clients.
type botsCommand struct {
	URL      string        `group:"load" default:"${bots_url}" placeholder:"URL" help:"The server: ws:// or wss:// for WebSocket, udp:// or udps:// for UDP, with WebSocket where UDP is blocked."`
	Room     string        `group:"load" default:"${kind}" placeholder:"KIND" help:"The kind of room to play in; of presence rooms, boards and documents also KIND/NAME, one room."`
	Rooms    int           `group:"load" default:"1" placeholder:"N" help:"How many rooms to open."`
	Players  int           `group:"load" placeholder:"N" help:"How many bots in each room. Default: as many as fit, at most 8."`
	Duration time.Duration `group:"load" default:"10s" placeholder:"TIME" help:"How long to play once all are in."`
	Token    string        `group:"load" placeholder:"TOKEN" help:"A signed token for all bots. Without it they are guests."`
	JoinRate int           `group:"load" default:"200" placeholder:"N" help:"How many bots join in a second."`
	Seed     uint64        `group:"load" default:"1" placeholder:"N" help:"Of the bots' random choices."`
	Private  bool          `group:"load" help:"Open rooms that nobody else finds."`
	Join     bool          `group:"load" help:"Join rooms that have a free seat, as people do, instead of opening new ones."`
	JSON     bool          `name:"json" group:"load" help:"Print the summary as one JSON object, on the last line of stdout."`
}

// Help is the long text of bots --help.
func (botsCommand) Help() string {
	return `Every bot keeps a copy of the room's state and compares its hash with the
server's. A difference is a desync, and makes the exit status 1. What the bots
do is up to the game; where it does not say, they send random commands.

In presence rooms bots move what they show and cast, on boards they draw, drag,
edit and undo, in documents they type and set entries of a map. Every few
seconds and at the end they rest and compare what they hold: what they do not
agree about is a desync. Their rooms are KIND/bots-1, KIND/bots-2 and so on,
unless --room names one.

Examples:

    PROGRAM bots --room KIND --players 4 --join
    PROGRAM bots --room KIND --rooms 50 --players 20 --duration 30s --json | tail -1
    PROGRAM bots --room KIND --url udp://127.0.0.1:7777
    PROGRAM bots --room board/main --players 20`
}

// Run plays, with a progress line on stderr, and prints the summary.
func (c *botsCommand) Run(p *program) error {
	logger, err := parlor.NewLogger(p.stderr, parlor.LogText, slog.LevelWarn)
	if err != nil {
		return err
	}
	summary, desyncs, err := c.play(p, bots.Config{
		URL: c.URL, Kind: c.Room, Rooms: c.Rooms, Players: c.players(p.cfg), Duration: c.Duration,
		Behavior: p.behaviors[c.Room], Progress: p.stderr, Token: c.Token, Private: c.Private, Join: c.Join,
		JoinRate: c.JoinRate, Seed: c.Seed, Logger: logger,
	})
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server listens at %s: start one with %q, or name another with --url", c.URL, p.name+" serve")
	}
	if err != nil {
		return err
	}
	if err := c.print(p.stdout, summary); err != nil {
		return fmt.Errorf("failed to print the summary: %w", err)
	}
	if desyncs > 0 {
		fmt.Fprintf(p.stderr, "%s: %d desyncs: clients had another state than the server, or than each other\n", p.name, desyncs)
		return exitFailed
	}
	return nil
}

// play lets bots into games, or into rooms where people meet.
func (c *botsCommand) play(p *program, cfg bots.Config) (summary fmt.Stringer, desyncs uint64, err error) {
	sort, meets, err := meetingSort(p.cfg, c.Room)
	if err != nil {
		return nil, 0, err
	}
	if !meets {
		s, err := bots.Run(p.ctx, cfg)
		return s, s.Desyncs, err
	}
	if c.Join || c.Private {
		return nil, 0, fmt.Errorf("--join and --private are for games: name the room that bots are to enter, as in --room %s/main", strings.Split(c.Room, "/")[0])
	}
	s, err := bots.Meet(p.ctx, sort, cfg)
	return s, s.Desyncs, err
}

// meetingSort tells which sort of room the kind is; meets is false if it is none
// in which people meet.
func meetingSort(cfg parlor.Config, room string) (sort bots.Sort, meets bool, err error) {
	name, _, _ := strings.Cut(room, "/")
	for _, kind := range cfg.Presence {
		if kind.Name() == name {
			return bots.Presence, true, nil
		}
	}
	kind, ok := canvasKind(cfg.Canvas, name)
	if !ok {
		return 0, false, nil
	}
	var out canvas.Outbox
	machine, err := kind.Open(emptyRoom{}, canvas.OpenOptions{Room: name + "/bots", Now: time.Now(), Seed: 1, Log: slog.New(slog.DiscardHandler)}, &out)
	if err != nil {
		return 0, false, fmt.Errorf("failed to learn what %s is: %w", name, err)
	}
	if _, ok := machine.(*board.Board); ok {
		return bots.Board, true, nil
	}
	return bots.Document, true, nil
}

// emptyRoom is what a store has of a new room.
type emptyRoom struct{}

// Each implements canvas.Loader.
func (emptyRoom) Each(store.Space, func(key, value []byte, seq uint64) error) error { return nil }

// usualPlayers is how many bots are in a room when nobody says.
const usualPlayers = 8

func (c *botsCommand) players(cfg parlor.Config) int {
	if c.Players > 0 {
		return c.Players
	}
	for _, kind := range cfg.Rooms {
		if kind.Name() == c.Room {
			return min(usualPlayers, kind.MaxPlayers())
		}
	}
	return usualPlayers
}

func (c *botsCommand) print(w io.Writer, summary fmt.Stringer) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(summary)
	}
	_, err := fmt.Fprintln(w, summary)
	return err
}
