// Package demos lists the games that come with Parlor and holds their pages.
//
// The pages are written in TypeScript beside each game (arena/web,
// walkers/web, web); node demos/build.mjs bundles them into dist, which is
// committed and embedded here.
package demos

import (
	"embed"
	"fmt"
	"io/fs"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/cli"
	"github.com/parlor-server/parlor/demos/arena"
	"github.com/parlor-server/parlor/demos/bank"
	"github.com/parlor-server/parlor/demos/chat"
	"github.com/parlor-server/parlor/demos/cursors"
	"github.com/parlor-server/parlor/demos/notes"
	"github.com/parlor-server/parlor/demos/tasks"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/demos/whiteboard"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/rooms"
)

const (
	exampleTasks  = 5_000
	houseAccounts = 8
)

//go:embed dist
var dist embed.FS

// Rooms are the demos' kinds of room, the one to show first in front.
func Rooms() []rooms.Kind {
	return []rooms.Kind{
		rooms.Define("arena", arena.Game()),
		rooms.Define("walkers", walkers.Game()),
	}
}

// Records are the demos' kinds of record room.
func Records() []records.Kind {
	return []records.Kind{
		records.Define("tasks", tasks.Room(exampleTasks)),
		records.Define("bank", bank.Room(houseAccounts)),
		records.Define("inventory", arena.Shelf()),
		records.Define("chat", chat.Room()),
	}
}

// Canvas are the demos' kinds of Yjs rooms and boards.
func Canvas() []canvas.Kind {
	return []canvas.Kind{
		board.Define("board", whiteboard.Room()),
		canvas.Define("notes", notes.Room()),
	}
}

// Presence are the demos' kinds of presence room.
func Presence() []presence.Kind {
	return []presence.Kind{
		presence.Define("cursors", cursors.Room()),
		presence.Define("chatters", chat.Chatters()),
	}
}

// Bots tells how headless players behave in the demos.
func Bots() []cli.Option {
	return []cli.Option{
		cli.Bots("arena", arena.Bot()),
		cli.Bots("walkers", walkers.Bot()),
	}
}

// Web holds the pages: index.html lists the demos, each of which has a folder.
func Web() fs.FS {
	pages, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(fmt.Sprintf("demos: the embedded pages are gone: %v", err))
	}
	return pages
}
