package cli

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/persistence/store"
)

// canvasKind is the kind of a room, if it is a board or a document.
func canvasKind(kinds []canvas.Kind, room string) (canvas.Kind, bool) {
	name, _, _ := strings.Cut(room, "/")
	for _, kind := range kinds {
		if kind.Name() == name {
			return kind, true
		}
	}
	return canvas.Kind{}, false
}

// dumpCanvas prints a board or a document. It opens the room as a server does,
// but keeps nothing of what that would write.
func (c *dumpCommand) dumpCanvas(w io.Writer, kind canvas.Kind, room *store.Room) error {
	var out canvas.Outbox
	machine, err := kind.Open(loaderOf{room}, canvas.OpenOptions{Room: c.Room, Epoch: room.Epoch(), Now: time.Now(), Seed: 1, Log: slog.New(slog.DiscardHandler)}, &out)
	if err != nil {
		return fmt.Errorf("failed to open %s: %w", c.Room, err)
	}
	if c.Format == "yjs" {
		_, err = w.Write(machine.Doc().EncodeState(nil))
		return err
	}
	b, ok := machine.(*board.Board)
	if !ok {
		return fmt.Errorf("%s is a document: use --format yjs, which any Yjs program reads", c.Room)
	}
	switch c.Format {
	case "json":
		return b.Export(w)
	case "svg":
		return b.SVG(w)
	}
	return fmt.Errorf("%s is a board: use --format json, svg or yjs", c.Room)
}

// loaderOf shows a room of the store as canvas sees it.
type loaderOf struct{ room *store.Room }

// Each implements canvas.Loader.
func (l loaderOf) Each(space store.Space, f func(key, value []byte, seq uint64) error) error {
	return l.room.Each(space, f)
}
