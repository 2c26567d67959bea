package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// RecordsOptions are the choices of OpenRecords. The zero value takes any
// version of the room and keeps durable writes in memory only.
type RecordsOptions struct {
	// Queue is the path of the file that keeps durable writes until they are
	// confirmed, so that they survive the program's end. A file belongs to one
	// room and one user, and is locked while the room is open. "": durable
	// writes survive lost connections, but not the program.
	Queue string
	// QueueLimit is how many durable writes may wait; 0: 10,000. One more is
	// refused with ErrQueueFull.
	QueueLimit int
	// Version is the schema version that the program was built for; 0: any.
	Version uint32
	// Timeout is how long a confirmed write waits for its receipt; 0: 10 s.
	Timeout time.Duration
	// Setup, if set, runs once, when the room has opened and before anything is
	// sent to it: the place for mutations, subscriptions and callbacks that must
	// miss nothing. It is a callback.
	Setup func(*RecordRoom) error

	files disk.FS // nil: the system's
}

// RecordStatus is how a record room stands with its server.
type RecordStatus uint8

// The states of a record room.
const (
	RecordsOffline RecordStatus = iota // no connection, or not opened yet
	RecordsOpen
	RecordsEnded // for good; Err says why
)

// String returns the status's name.
func (s RecordStatus) String() string {
	return [...]string{"offline", "open", "ended", "unknown"}[min(s, 3)]
}

// RecordRoom is this client's copy of a part of a record room, and the writes
// that it has not yet seen confirmed. It outlives lost connections. Its methods
// may be called from any goroutine, those that wait not in callbacks.
//
// Callbacks of a room run one at a time: on the client's goroutine when the
// server was the cause, on that of the caller when a write of its own was.
type RecordRoom struct {
	c    *Client
	name string
	opts RecordsOptions

	opened chan struct{} // closed when the room has opened for the first time
	gone   chan struct{} // closed at its end
	setup  sync.Once

	// order is held from the choice of a mutation's ID until the message has
	// left, and while the queue file is written. It is taken before mu.
	order sync.Mutex
	queue *queueFile // guarded by order; nil: no file

	mu       sync.Mutex // guards what follows
	link     recordLink
	replica  replica
	bindings []func(*value.Schema) error // bring handles to a new schema
	writes   writeLog
	notices  []func() // callbacks that are due
	noticing bool     // a goroutine is running them
	heard    bool     // Setup has registered callbacks, which until then are kept back
	ended    *schema.Error

	onStatus     callbacks[func(RecordStatus)]
	onRejected   callbacks[func(Rejection)]
	onUnresolved callbacks[func(Unresolved)]
}

// OpenRecords enters the record room "kind/name" and returns when the server
// has let this client in; while the connection is lost, it waits for that. When
// the server refuses, the error wraps a *schema.Error.
func (c *Client) OpenRecords(ctx context.Context, room string, o RecordsOptions) (*RecordRoom, error) {
	r, err := newRecordRoom(c, room, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", room, err)
	}
	c.openRecords(r)
	select {
	case <-r.opened:
		return r, nil
	case <-r.gone:
		return nil, fmt.Errorf("open %s: %w", room, r.Err())
	case <-ctx.Done():
		r.end(&schema.Error{Code: schema.CodeLeft, Message: "given up before it had opened"})
		return nil, fmt.Errorf("open %s: %w", room, ctx.Err())
	}
}

// Name is the room's name, "kind/name".
func (r *RecordRoom) Name() string { return r.name }

// Client is the client that the room belongs to.
func (r *RecordRoom) Client() *Client { return r.c }

// Schema describes the room's collections and mutations. It is shared: do not
// change it.
func (r *RecordRoom) Schema() *value.Schema {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replica.schema
}

// Role is what the room takes this user for.
func (r *RecordRoom) Role() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link.role
}

// Cursor is the sequence number up to which this client knows the room.
func (r *RecordRoom) Cursor() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link.cursor
}

// Status is how the room stands with its server.
func (r *RecordRoom) Status() RecordStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.status()
}

func (r *RecordRoom) status() RecordStatus {
	switch {
	case r.ended != nil:
		return RecordsEnded
	case r.link.handle != 0:
		return RecordsOpen
	}
	return RecordsOffline
}

// Gone is closed when the room is over for good; Err then says why.
func (r *RecordRoom) Gone() <-chan struct{} { return r.gone }

// Err says why the room is over; nil while it is not.
func (r *RecordRoom) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended == nil {
		return nil // not a nil *schema.Error in an error
	}
	return r.ended
}

// OnStatus registers f, called when the connection to the room is lost, is
// back, or is over for good. What it returns takes f back.
func (r *RecordRoom) OnStatus(f func(RecordStatus)) (cancel func()) { return r.onStatus.add(f) }

// Close leaves the room. Durable writes that wait stay in the queue file, if
// there is one.
func (r *RecordRoom) Close() error {
	r.end(&schema.Error{Code: schema.CodeLeft, Message: "closed"})
	return nil
}

// unlock releases mu and runs the callbacks that are due, unless another
// goroutine is at it, which then runs these too. order must not be held.
func (r *RecordRoom) unlock() {
	if r.noticing || !r.heard {
		r.mu.Unlock()
		return
	}
	r.noticing = true
	for len(r.notices) > 0 {
		due := r.notices
		r.notices = nil
		r.mu.Unlock()
		for _, f := range due {
			f()
		}
		r.mu.Lock()
	}
	r.noticing = false
	r.mu.Unlock()
}

// notify makes a callback due; mu is held.
func (r *RecordRoom) notify(f func()) { r.notices = append(r.notices, f) }

// tellStatus makes the callbacks about a change of status due; mu is held.
func (r *RecordRoom) tellStatus() {
	s := r.status()
	r.notify(func() {
		for f := range r.onStatus.all() {
			f(s)
		}
	})
}
