// Package notes is rich texts that people write together, each a Yjs room that
// a stock editor connects to. This file is all of its rules; the page is in web.
//
// What is in a document is the editor's business: the page binds Quill to the
// document's text "body". The document notes/contents lists the others: it has
// a map "documents" of titles by name.
package notes

import (
	"context"
	"errors"

	"github.com/parlor-server/parlor/canvas"
)

// Room is the definition of the documents.
func Room() canvas.Room {
	return canvas.Room{
		Durable:     true,    // what others have seen is on disk
		MaxBytes:    8 << 20, // in memory: some hundred pages with all their history
		ReadersShow: true,    // the cursors of those who only read are seen
		Role:        role,
	}
}

// role lets everybody write, but those of whom their token says otherwise:
// "notes": "reader" reads, "notes": "none" is kept out.
func role(_ context.Context, _ string, u canvas.User) (canvas.Role, error) {
	switch u.Claims["notes"] {
	case "reader":
		return canvas.Reader, nil
	case "none":
		return "", errors.New("these notes are not for you; ask for a token that lets you in")
	}
	return canvas.Writer, nil
}
