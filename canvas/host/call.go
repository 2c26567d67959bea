package host

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// call is something that the server itself does with a room.
type call struct {
	do       func(m canvas.Machine, now time.Time, out *canvas.Outbox) error
	err      error         // do's; written before answered is closed
	answered chan struct{} // closed when what do put is durable
}

// Transact edits a room's document from the server: f's edits are one update. It
// returns when that is on disk, with f's error, or when ctx ends: then it may
// still happen. f runs on the room's goroutine: be quick, do no I/O, keep
// nothing. If f gives an error, or panics, nothing has happened.
func (h *Host) Transact(ctx context.Context, room string, f func(doc *yjs.Doc, tx *yjs.Tx) error) error {
	return h.Do(ctx, room, func(m canvas.Machine, now time.Time, out *canvas.Outbox) error {
		return m.Transact(now, out, func(tx *yjs.Tx) error {
			return h.guard(room, func() error { return f(m.Doc(), tx) })
		})
	})
}

// Read lets f look at a room's document, as View does at its machine.
func (h *Host) Read(ctx context.Context, room string, f func(doc *yjs.Doc) error) error {
	return h.View(ctx, room, func(m canvas.Machine) error { return f(m.Doc()) })
}

// View lets f look at a room's machine, when all that is in it is on disk. f runs
// on the room's goroutine: be quick, change nothing, keep nothing of it. A room
// that does not exist is not made: the error is NO_SUCH_ROOM.
func (h *Host) View(ctx context.Context, room string, f func(m canvas.Machine) error) error {
	r, err := h.hold(ctx, room)
	if err != nil {
		return err
	}
	defer h.release(r)
	return r.do(ctx, func(m canvas.Machine, _ time.Time, out *canvas.Outbox) error {
		if !r.store.Exists() && len(out.Puts) == 0 {
			return schema.Errorf(schema.CodeNoSuchRoom, "there is no room %s", room)
		}
		return h.guard(room, func() error { return f(m) })
	})
}

// Do lets f work with a room's machine, on the room's goroutine, with the
// server's rights; packages such as canvas/board build their calls on it. It
// returns as Transact does, when what f put is on disk. If f panics the room is
// closed, for the machine may be half done.
func (h *Host) Do(ctx context.Context, room string, f func(m canvas.Machine, now time.Time, out *canvas.Outbox) error) error {
	r, err := h.hold(ctx, room)
	if err != nil {
		return err
	}
	defer h.release(r)
	return r.do(ctx, f)
}

// hold opens a room; release lets go of it.
func (h *Host) hold(ctx context.Context, room string) (*room, error) {
	r, err := h.enter(room, "")
	if err != nil {
		return nil, err
	}
	if err := r.wait(ctx); err != nil {
		h.release(r)
		return nil, err
	}
	return r, nil
}

// do hands in a call and waits for its answer.
func (r *room) do(ctx context.Context, f func(m canvas.Machine, now time.Time, out *canvas.Outbox) error) error {
	c := &call{do: f, answered: make(chan struct{})}
	switch r.inbox.offer(item{kind: itemCall, call: c}, nil) {
	case full:
		r.host.stats.Overloaded.Add(1)
		return schema.Errorf(schema.CodeRateLimited, overloaded)
	case gone:
		return r.refusal()
	}
	r.wake()
	select {
	case <-c.answered:
		return c.err
	case <-r.gone:
		select {
		case <-c.answered: // both
			return c.err
		default:
			return r.refusal()
		}
	case <-ctx.Done():
		return fmt.Errorf("failed to wait for room %s: %w", r.name, ctx.Err())
	}
}

// guard makes an error of a panic.
func (h *Host) guard(room string, f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.cfg.Logger.Error("a call into a canvas room panicked", "room", room, "panic", p, "stack", string(debug.Stack()))
			err = schema.Errorf(schema.CodeInternal, "the call failed; the server's log says why")
		}
	}()
	return f()
}
