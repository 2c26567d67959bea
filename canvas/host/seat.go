package host

import (
	"context"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// Seat is one client's way into one room. Its methods may be called by any
// goroutine, do not block, and copy what they keep.
type Seat struct{}

// Open asks the kind's Role hook, and loads the room if nobody has it open. It
// waits as long as ctx lets it. The error is a *schema.Error if it is for the
// client.
func (h *Host) Open(ctx context.Context, req OpenRequest) (*Seat, error) { panic("not yet") }

// Enter brings the client into the room. If link is a RawLink it is a stock
// client; else Opened arrives through it, or an Error and then nothing more.
// After an error the seat is no more.
func (s *Seat) Enter(link Link) error { panic("not yet") }

// Receive takes a verified message. The error, if there is one, is a
// *schema.Error for the client; the message had no effect.
func (s *Seat) Receive(head schema.Header, body []byte) error { panic("not yet") }

// Sync takes a stock client's message. The error is a *schema.Error to close it
// with.
func (s *Seat) Sync(message []byte) error { panic("not yet") }

// Renew says that the client's user has shown a new token: the Role hook is asked
// again.
func (s *Seat) Renew(user canvas.User) { panic("not yet") }

// Leave says that the client wants to leave: Left arrives after all that is
// under way. Of Leave and Lost the first call counts.
func (s *Seat) Leave() { panic("not yet") }

// Lost says that the connection has ended. For a seat that never entered it
// lets go of the room.
func (s *Seat) Lost() { panic("not yet") }
