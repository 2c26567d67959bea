// Command interop serves Yjs rooms of every kind to stock Yjs clients, for
// run.mjs beside it.
package main

import (
	"context"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/cli"
)

// smallRoom is what a document of the kind "small" may have in memory.
const smallRoom = 256 << 10

func main() {
	cli.Main(parlor.Config{Record: "off", Canvas: []canvas.Kind{
		canvas.Define("notes", canvas.Room{Durable: true}),
		canvas.Define("drafts", canvas.Room{}),
		canvas.Define("small", canvas.Room{MaxBytes: smallRoom}),
		canvas.Define("wall", canvas.Room{Role: byClaim, ReadersShow: true}),
		canvas.Define("vault", canvas.Room{Role: byClaim}),
	}})
}

// byClaim lets those write whose token says that they do.
func byClaim(_ context.Context, _ string, u canvas.User) (canvas.Role, error) {
	if u.Claims["role"] == "writer" {
		return canvas.Writer, nil
	}
	return canvas.Reader, nil
}
