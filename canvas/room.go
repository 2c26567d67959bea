package canvas

import (
	"context"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// Room is the definition of Yjs rooms. Zero values are the defaults.
type Room struct {
	// Role says what a user may do in a room ("notes/today"), or refuses the
	// user with an error, which the client reads. It may wait for I/O until ctx
	// ends. Nil: everyone is a Writer.
	Role func(ctx context.Context, room string, u User) (Role, error)

	// Durable: others see an edit when it is on disk. Else they see it at once,
	// and the server's crash may lose the last moments of what only the server
	// and clients that end at the same time had.
	Durable bool

	// MaxBytes is how large a document may get in memory: 64 MiB. An edit that
	// would make it larger is refused, unless it only deletes.
	MaxBytes int

	// ReadersShow: readers may show themselves (cursor, name) as writers do.
	ReadersShow bool

	// Changed is called after an edit of a client has been applied, on the
	// goroutine that runs the room: be quick, and do no I/O. An edit cannot be
	// refused any more, but corrected: see Edit.Transact.
	Changed func(e *Edit)
}

// Define makes a kind of Yjs rooms. Its error, if there is one, is in the Kind,
// and makes the server refuse to start.
func Define(name string, r Room) Kind {
	settings := Settings{
		Durable: r.Durable, Limits: yjs.Limits{Bytes: r.MaxBytes}, ReadersShow: r.ReadersShow, Changed: r.Changed,
	}
	return NewKind(name, Definition{
		Role: r.Role, Stock: true,
		Open: func(load Loader, o OpenOptions, out *Outbox) (Machine, error) {
			return OpenDocument(load, o, settings)
		},
	})
}
