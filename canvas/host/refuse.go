package host

import (
	"errors"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

const (
	overloaded  = "the room has more to do than it can; send it again later"
	goingAway   = "the server is shutting down"
	storeFailed = "the server's disk has failed; nothing is confirmed until the server is restarted"
	tooSlow     = "the client does not read what it is sent"
)

// refusal is what the one who asked for a room learns of an error. What is not
// a *schema.Error already, and none of the store's, stays as it is: INTERNAL.
func refusal(err error) error {
	var coded *schema.Error
	var quarantined *store.QuarantineError
	var broken *store.DamageError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return coded
	case errors.As(err, &quarantined), errors.As(err, &broken), errors.Is(err, canvas.ErrDamaged):
		return schema.Errorf(schema.CodeQuarantined, "%v", err)
	case errors.Is(err, store.ErrClosed):
		return schema.Errorf(schema.CodeGoingAway, goingAway)
	case errors.Is(err, store.ErrFailed):
		return schema.Errorf(schema.CodeStoreFailed, storeFailed)
	}
	return err
}
