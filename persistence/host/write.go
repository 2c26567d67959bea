package host

import (
	"context"
	"fmt"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// Host is a records.Writer.
var _ records.Writer = (*Host)(nil)

// Caller is who asks for a Call or a Query without a connection.
type Caller struct {
	User     records.User
	Operator bool   // of the server: may all, and is asked nothing
	Remote   string // the caller's address
}

// WriteRecords runs do in the room as one transaction, and returns when that is
// durable, with do's error, or when ctx ends: then it may still happen.
func (h *Host) WriteRecords(ctx context.Context, room string, do func(world any, ctx *records.Ctx) error) error {
	var failed error
	err := h.ask(ctx, room, Caller{Operator: true}, func(done func()) records.Op {
		return &records.Transact{Do: do, Done: func(_ records.Outcome, err error) { failed = err; done() }}
	})
	if err != nil {
		return err
	}
	return failed
}

// Call runs a named mutation; args are a JSON object. What refuses it is in the
// receipt; the error says that it could not be asked.
func (h *Host) Call(ctx context.Context, room string, caller Caller, mutation string, args []byte) (records.Receipt, error) {
	var receipt records.Receipt
	err := h.ask(ctx, room, caller, func(done func()) records.Op {
		return &records.Invoke{
			User: caller.User, Operator: caller.Operator, Name: mutation, Args: args,
			Done: func(r records.Receipt) { receipt = r; done() },
		}
	})
	if err != nil {
		return records.Receipt{}, err
	}
	return receipt, nil
}

// Query runs a query once. The result's rows must not be changed.
func (h *Host) Query(ctx context.Context, room string, caller Caller, collection string, q query.Query) (records.Result, error) {
	var result records.Result
	var failed error
	err := h.ask(ctx, room, caller, func(done func()) records.Op {
		return &records.Read{
			User: caller.User, Operator: caller.Operator, Collection: collection, Query: q,
			Done: func(r records.Result, err error) { result, failed = r, err; done() },
		}
	})
	if err != nil {
		return records.Result{}, err
	}
	return result, failed
}

// ask opens the room, hands it an op, and waits for its answer.
func (h *Host) ask(ctx context.Context, name string, caller Caller, op func(done func()) records.Op) error {
	if !caller.Operator {
		if err := h.authorize(ctx, name, caller.User); err != nil {
			return err
		}
	}
	r, err := h.enter(name, caller.Remote)
	if err != nil {
		return err
	}
	defer h.release(r)
	if err := r.wait(ctx); err != nil {
		return err
	}
	answered := make(chan struct{})
	switch r.inbox.offer(item{kind: itemOp, op: op(func() { close(answered) })}, 0) {
	case full:
		h.stats.Overloaded.Add(1)
		return schema.Errorf(schema.CodeRateLimited, overloaded)
	case gone:
		return r.refusal()
	}
	r.wake()
	select {
	case <-answered:
		return nil
	case <-r.gone:
		select {
		case <-answered: // both
			return nil
		default:
			return r.refusal()
		}
	case <-ctx.Done():
		return fmt.Errorf("failed to wait for room %s: %w", name, ctx.Err())
	}
}
