package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// watchCommand follows a live query.
type watchCommand struct {
	selection
	URL   string `default:"${bots_url}" placeholder:"URL" help:"The players' address of the server: ws:// or wss://."`
	Token string `env:"PARLOR_TOKEN" placeholder:"TOKEN" help:"A user's signed token. Without it, a guest watches."`
}

// Help is the long text of watch --help.
func (watchCommand) Help() string {
	return `Prints what a query finds, and then every change of that, one JSON object a
line, until Ctrl-C. "op" is enter, change or leave; it shows what the user whose
token it is may read.

Examples:

    PROGRAM watch tasks/main Tasks --where '{"eq": ["List", "a"]}'
    PROGRAM watch tasks/main Tasks --order-by Votes:desc --limit 10 --url wss://game.example.com`
}

// Run watches until the program's context, or the room, ends.
func (c *watchCommand) Run(p *program) error {
	q, err := c.query()
	if err != nil {
		return err
	}
	connection, err := client.Dial(p.ctx, c.URL, client.Options{Token: c.Token})
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no server listens at %s: start one with %q, or name another with --url", c.URL, p.name+" serve")
	}
	if err != nil {
		return fmt.Errorf("failed to connect: %w", err)
	}
	defer func() { _ = connection.Close() }()
	room, err := connection.OpenRecords(p.ctx, c.Room, client.RecordsOptions{})
	if err != nil {
		return fmt.Errorf("failed to open %s: %w", c.Room, err)
	}
	printed := newChangePrinter(p, room.Schema().Collection(c.Collection))
	live, err := room.Watch(c.Collection, q, printed.step)
	if err != nil {
		return err
	}
	if err := live.Ready(p.ctx); err != nil && p.ctx.Err() == nil {
		return err
	}
	select {
	case <-p.ctx.Done():
		return nil
	case <-room.Gone():
		return room.Err()
	case <-printed.broken:
		return nil // nobody reads the output any more
	}
}

// query is the selection as the client sends it.
func (s *selection) query() (query.Query, error) {
	text := map[string]any{"limit": s.Limit, "offset": s.Offset}
	for name, part := range map[string]string{"where": s.Where, "orderBy": parlor.OrderBy(s.OrderBy)} {
		if part == "" {
			continue
		}
		if !json.Valid([]byte(part)) {
			return query.Query{}, fmt.Errorf("%s is not JSON: %s", name, part)
		}
		text[name] = json.RawMessage(part)
	}
	whole, err := json.Marshal(text)
	if err != nil {
		return query.Query{}, fmt.Errorf("failed to write the query: %w", err)
	}
	return query.Parse(whole)
}

// changePrinter prints steps, on the client's goroutine.
type changePrinter struct {
	program    *program
	collection *value.Collection
	broken     chan struct{} // closed when printing fails
	failed     bool
	line       []byte
}

func newChangePrinter(p *program, c *value.Collection) *changePrinter {
	return &changePrinter{program: p, collection: c, broken: make(chan struct{})}
}

func (w *changePrinter) step(c client.Change[value.Row]) {
	for _, row := range c.Left {
		w.print("leave", row)
	}
	for _, row := range c.Entered {
		w.print("enter", row)
	}
	for _, pair := range c.Changed {
		w.print("change", pair.After)
	}
}

func (w *changePrinter) print(op string, row value.Row) {
	w.line = append(w.line[:0], `{"op":"`+op+`","record":`...)
	w.line = append(w.collection.AppendJSON(w.line, row), '}', '\n')
	if _, err := w.program.stdout.Write(w.line); err != nil && !w.failed {
		w.failed = true
		close(w.broken)
	}
}
