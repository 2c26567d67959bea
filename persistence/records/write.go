package records

import (
	"context"
	"fmt"
)

// Writer runs transactions in rooms; the server is one.
type Writer interface {
	// WriteRecords runs do in the room, and returns when the transaction is
	// durable, with do's error, or when ctx is done. World is the room's *W.
	WriteRecords(ctx context.Context, room string, do func(world any, ctx *Ctx) error) error
}

// Write runs one transaction in a room, from server code (R6.5): it is all or
// nothing, its changes are broadcast, and it returns once they are durable.
func Write[W any](ctx context.Context, server Writer, room string, do func(w *W, ctx *Ctx) error) error {
	return server.WriteRecords(ctx, room, func(world any, c *Ctx) error {
		w, ok := world.(*W)
		if !ok {
			return fmt.Errorf("the room %s has the world %T, not %T", room, world, w)
		}
		return do(w, c)
	})
}
