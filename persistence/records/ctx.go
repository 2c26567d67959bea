package records

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/tick"
)

// Ctx is the transaction as a hook sees it: who asks, the time, random numbers.
// It is valid until the hook returns.
type Ctx struct {
	m        *Machine
	user     User
	role     string
	operator bool // the server itself, or an operator: neither roles nor Authorize count
	seeded   bool
	rand     tick.Rand
	result   any
}

// User is who called; its ID is empty for the server itself.
func (c *Ctx) User() User { return c.user }

// Role is the caller's; "" for the server itself.
func (c *Ctx) Role() string { return c.role }

// Room is the room's name, such as "tasks/main".
func (c *Ctx) Room() string { return c.m.room }

// Time is the transaction's: one time for all of it, to the microsecond, and no
// earlier than that of the transaction before.
func (c *Ctx) Time() time.Time { return time.UnixMicro(c.m.now).UTC() }

// Rand gives the transaction's random numbers. They are not for secrets.
func (c *Ctx) Rand() *tick.Rand {
	if !c.seeded {
		c.rand, c.seeded = tick.NewRand(c.m.random.Uint64()), true
	}
	return &c.rand
}

// NewID returns an ID that sorts by the transaction's time: a ULID.
func (c *Ctx) NewID() string { return newULID(c.m.now/1000, c.Rand()) }

// maxResult limits the JSON of Ctx.Result.
const maxResult = 64 << 10

// Result is what the caller gets with its receipt; v is encoded as JSON when
// the hook has returned, 64 KiB at most.
func (c *Ctx) Result(v any) { c.result = v }

// Log writes to the server's log with the room's name.
func (c *Ctx) Log() *slog.Logger { return c.m.log }

// Write makes one built-in operation, for server code that knows a collection
// by its name only: row is a JSON object with the names of the Go fields. A Put
// changes the fields that row has; of a Remove only the key counts.
func (c *Ctx) Write(kind value.OperationKind, collection string, row []byte) error {
	m := c.m
	m.mustWrite(collection)
	i := m.schema.CollectionIndex(collection)
	if i < 0 || m.tables[i].event {
		return refuseCollection(collection)
	}
	patch, err := m.tables[i].collection.PatchFromJSON(row)
	if err != nil {
		return err
	}
	op := value.Operation{Kind: kind, Collection: i, Patch: patch}
	op.Key, _ = m.tables[i].collection.PatchKey(patch)
	_, err = m.operate(&op, true)
	return err
}

// reset makes the context ready for a transaction.
func (c *Ctx) reset(u *User, role string, operator bool) {
	c.user, c.role, c.operator = *u, role, operator
	c.seeded, c.result = false, nil
}

// encodeResult is what the receipt carries.
func (c *Ctx) encodeResult() ([]byte, error) {
	if c.result == nil {
		return nil, nil
	}
	data, err := json.Marshal(c.result)
	if err != nil {
		return nil, fmt.Errorf("failed to encode the result: %w", err)
	}
	if len(data) > maxResult {
		return nil, fmt.Errorf("the result has %d bytes, it may have %d: receipts are kept", len(data), maxResult)
	}
	return data, nil
}

// crockford are the digits of a ULID.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// newULID makes a ULID (github.com/ulid/spec): 48 bits of milliseconds, 80
// random ones, in 26 digits of 5 bits.
func newULID(milliseconds int64, r *tick.Rand) string {
	var text [26]byte
	for i := 9; i >= 0; i-- {
		text[i] = crockford[milliseconds&31]
		milliseconds >>= 5
	}
	for i := 10; i < 26; i++ {
		text[i] = crockford[r.Uint32()>>27]
	}
	return string(text[:])
}
