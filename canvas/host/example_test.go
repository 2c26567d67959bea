package host_test

import (
	"context"
	"fmt"
	"os"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
)

func Example() {
	dir, err := os.MkdirTemp("", "notes")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	h, err := host.New(host.Config{Store: s, Kinds: []canvas.Kind{canvas.Define("notes", canvas.Room{Durable: true})}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer h.Close(ctx)
	err = h.Transact(ctx, "notes/today", func(doc *yjs.Doc, tx *yjs.Tx) error {
		return doc.Text("body").Insert(tx, 0, "Minutes of the meeting")
	})
	fmt.Println(err)
	err = h.Read(ctx, "notes/today", func(doc *yjs.Doc) error {
		fmt.Println(doc.Text("body"))
		return nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// Minutes of the meeting
	// <nil>
}
