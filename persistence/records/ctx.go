package records

import (
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// Ctx is the transaction as a hook sees it: who asks, the time, random numbers.
// It is valid until the hook returns.
type Ctx struct {
	m *Machine
}

// User is who called; its ID is empty for the server itself.
func (c *Ctx) User() User { panic("not yet") }

// Role is the caller's; "" for the server itself.
func (c *Ctx) Role() string { panic("not yet") }

// Room is the room's name, such as "tasks/main".
func (c *Ctx) Room() string { panic("not yet") }

// Time is the transaction's: one time for all of it, and no earlier than that
// of the transaction before.
func (c *Ctx) Time() time.Time { panic("not yet") }

// Rand gives the transaction's random numbers. They are not for secrets.
func (c *Ctx) Rand() *tick.Rand { panic("not yet") }

// NewID returns an ID that sorts by the transaction's time (a ULID).
func (c *Ctx) NewID() string { panic("not yet") }

// Result is what the caller gets with its receipt; v is encoded as JSON.
func (c *Ctx) Result(v any) { panic("not yet") }

// Log writes to the server's log with the room's name.
func (c *Ctx) Log() *slog.Logger { panic("not yet") }
