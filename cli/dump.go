package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/persistence/value"
)

// dumpCommand writes a collection's records, or a board, as text.
type dumpCommand struct {
	Room       string `required:"" placeholder:"KIND/NAME" help:"The record room, board or document."`
	Collection string `placeholder:"NAME" help:"The collection of a record room. Without it, the collections are listed."`
	Format     string `default:"json" enum:"json,csv,svg,yjs" placeholder:"FORMAT" help:"Of records json, one object a line, or csv; of a board json, svg or yjs; of a document yjs."`
	dataFolder
}

// Help is the long text of dump --help.
func (dumpCommand) Help() string {
	return `Prints all records of a collection, in the order of their keys, or a board or
document, out of the data folder of a server that does not run.

Examples:

    PROGRAM dump --room tasks/main
    PROGRAM dump --room tasks/main --collection Tasks --format csv > tasks.csv
    PROGRAM dump --room board/main --format svg > main.svg`
}

// Run prints.
func (c *dumpCommand) Run(p *program) (err error) {
	s, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	room, err := c.room(s)
	if err != nil {
		return err
	}
	if kind, ok := canvasKind(p.cfg.Canvas, c.Room); ok {
		return c.dumpCanvas(p.stdout, kind, room)
	}
	if c.Format != "json" && c.Format != "csv" {
		return fmt.Errorf("%s is a record room: use --format json or csv", c.Room)
	}
	schema, spaces, err := records.ReadSchema(spacesOf{room})
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", c.Room, err)
	}
	if schema == nil {
		return fmt.Errorf("%s has no records", c.Room)
	}
	at := schema.CollectionIndex(c.Collection)
	if at < 0 {
		return c.list(p, schema)
	}
	out := bufio.NewWriter(p.stdout)
	if spaces[at] != 0 { // events are not stored
		if err := c.dump(out, room, &schema.Collections[at], spaces[at]); err != nil {
			return fmt.Errorf("failed to print %s of %s: %w", c.Collection, c.Room, err)
		}
	}
	return out.Flush()
}

// room finds the room, which the store would make.
func (c *dumpCommand) room(s *store.Store) (*store.Room, error) {
	var names []string
	for _, info := range s.Rooms() {
		if info.Name == c.Room {
			return s.Room(c.Room)
		}
		if names = append(names, info.Name); len(names) == 20 {
			names = append(names, "…")
			break
		}
	}
	return nil, fmt.Errorf("there is no room %q in %s; there is %s", c.Room, c.Data, strings.Join(names, ", "))
}

// list prints the names of the collections, as the answer or as a hint.
func (c *dumpCommand) list(p *program, schema *value.Schema) error {
	names := make([]string, len(schema.Collections))
	for i := range schema.Collections {
		names[i] = schema.Collections[i].Name
	}
	if c.Collection != "" {
		return fmt.Errorf("%s has no collection %q: it has %s", c.Room, c.Collection, strings.Join(names, ", "))
	}
	_, err := fmt.Fprintln(p.stdout, strings.Join(names, "\n"))
	return err
}

func (c *dumpCommand) dump(w io.Writer, room *store.Room, collection *value.Collection, space uint32) error {
	if c.Format == "csv" {
		return dumpCSV(w, room, collection, space)
	}
	var line []byte
	return room.Each(store.Space(space), func(_, row []byte, _ uint64) error {
		line = append(collection.AppendJSON(line[:0], row), '\n')
		_, err := w.Write(line)
		return err
	})
}

// dumpCSV writes text as it is, and null as nothing.
func dumpCSV(w io.Writer, room *store.Room, collection *value.Collection, space uint32) error {
	out := csv.NewWriter(w)
	line := make([]string, len(collection.Fields))
	for i := range collection.Fields {
		line[i] = collection.Fields[i].Name
	}
	if err := out.Write(line); err != nil {
		return err
	}
	err := room.Each(store.Space(space), func(_, row []byte, _ uint64) error {
		for i := range collection.Fields {
			line[i] = cell(&collection.Fields[i], collection.Get(row, i))
		}
		return out.Write(line)
	})
	out.Flush()
	return errors.Join(err, out.Error())
}

func cell(f *value.Field, v value.Value) string {
	text := f.AppendJSON(nil, v)
	var s string
	switch {
	case string(text) == "null":
		return ""
	case len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &s) == nil:
		return s
	}
	return string(text)
}

// spacesOf shows a room of the store as records sees it.
type spacesOf struct{ room *store.Room }

// Each implements records.Loader.
func (s spacesOf) Each(space uint32, f func(key, value []byte, seq uint64) error) error {
	return s.room.Each(store.Space(space), f)
}
