package canvas_test

import (
	"context"
	"fmt"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
)

func ExampleDefine() {
	kind := canvas.Define("notes", canvas.Room{
		Durable: true,
		Role: func(_ context.Context, _ string, u canvas.User) (canvas.Role, error) {
			if u.Guest {
				return canvas.Reader, nil
			}
			return canvas.Writer, nil
		},
		Changed: func(e *canvas.Edit) { // titles have 80 characters at most
			title := e.Doc.Text("title")
			if title.Len() > 80 {
				_ = e.Transact(func(tx *yjs.Tx) error { return title.Delete(tx, 80, title.Len()-80) })
			}
		},
	})
	role, err := kind.Role(context.Background(), "notes/today", canvas.User{Guest: true})
	fmt.Println(kind.Name(), role, err)
	// Output: notes reader <nil>
}
