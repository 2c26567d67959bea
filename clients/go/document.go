package client

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// DocumentOptions are the choices of OpenDocument.
type DocumentOptions struct {
	// Limits bound the copy of the document; zero values are those of yjs.New.
	Limits yjs.Limits
}

// Document is this client's copy of a Yjs document, which may be edited while
// the connection is lost: what both sides lack is exchanged when it is back.
// Its methods may be called from any goroutine; callbacks run one at a time and
// must not wait.
type Document struct {
	*seat
}

// OpenDocument enters the Yjs room "kind/name" and returns when the server's
// document is here.
func OpenDocument(ctx context.Context, c *Client, room string, o DocumentOptions) (*Document, error) {
	return nil, errors.New("not yet")
}

// View runs f while the document stands still. The document and what is read
// from it are valid during f.
func (d *Document) View(f func(*yjs.Doc)) { panic("not yet") }

// Transact runs f, whose edits become one update. If f gives an error then none
// of them has happened.
func (d *Document) Transact(f func(*yjs.Doc, *yjs.Tx) error) error { panic("not yet") }

// OnChange registers f, called after the document has changed; remote: by others.
func (d *Document) OnChange(f func(remote bool)) (cancel func()) { panic("not yet") }

// Synced reports whether all that the server had is here, and all that was
// edited here has been sent.
func (d *Document) Synced() bool { panic("not yet") }

// ID is the number under which this client edits and shows itself.
func (d *Document) ID() uint64 { panic("not yet") }

// ShowAwareness shows state, any value of JSON, to others in the document; nil:
// nothing any more.
func (d *Document) ShowAwareness(state any) error { panic("not yet") }

// Awareness is what each client shows, by ID.
func (d *Document) Awareness() map[uint64]json.RawMessage { panic("not yet") }

// OnAwareness registers f, called when somebody shows something else.
func (d *Document) OnAwareness(f func()) (cancel func()) { panic("not yet") }
