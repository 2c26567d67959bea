package client

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Write is one transaction that a record room may be asked for: made by
// Collection.Create, Put and Remove, by Together, or by what Mutation returned.
// It is a value: it does nothing until Call, Send, Fire or Durable is given it.
type Write struct {
	name    string            // of a mutation; "": ops
	args    []byte            // of a mutation
	ops     []value.Operation // built-in
	version uint32            // of the schema that it was made for
	err     error             // why it cannot be made
}

// Together makes several built-in writes one transaction: all happen or none.
func Together(writes ...Write) Write {
	var all Write
	for _, w := range writes {
		switch {
		case w.err != nil:
			return w
		case w.name != "":
			return Write{err: fmt.Errorf("the mutation %s is a transaction of its own", w.name)}
		}
		all.ops, all.version = append(all.ops, w.ops...), w.version
	}
	return all
}

// maxArgs leaves room for the rest of a message of at most 1 MiB.
const maxArgs = 1<<20 - 4096

// encode is the write as the wire carries it.
func (w Write) encode() (name string, args []byte, err error) {
	if w.err != nil {
		return "", nil, w.err
	}
	name, args = w.name, w.args
	if name == "" {
		if len(w.ops) > value.MaxOperations {
			return "", nil, &RefusedError{Code: schema.CodeTooManyOperations, Message: fmt.Sprintf("%d operations, a write takes %d", len(w.ops), value.MaxOperations)}
		}
		args = value.AppendOperations(nil, w.ops...)
	}
	if len(args) > maxArgs {
		return "", nil, &RefusedError{Code: schema.CodeTooLarge, Message: fmt.Sprintf("the write has %d bytes, a room takes %d", len(args), maxArgs)}
	}
	return name, args, nil
}

// Receipt is the server's word that a write is done and durable.
type Receipt struct {
	// Seq is the write's place in the room's log. The room's cursor has passed it.
	Seq uint64
	// Result is JSON, what the mutation gave back, or the key of a create whose
	// key the server counts.
	Result json.RawMessage
}

// Pending is a write on its way.
type Pending struct {
	done    chan struct{}
	receipt Receipt // valid once done is closed
	err     error   // the same
}

func newPending() *Pending { return &Pending{done: make(chan struct{})} }

// Done is closed when the write's end is known.
func (p *Pending) Done() <-chan struct{} { return p.done }

// Err says why the write failed; nil before Done is closed and when it is done.
func (p *Pending) Err() error {
	select {
	case <-p.done:
		return p.err
	default:
		return nil
	}
}

// Wait waits for the write's end. The context bounds the wait, not the write.
func (p *Pending) Wait(ctx context.Context) (Receipt, error) {
	select {
	case <-p.done:
		return p.receipt, p.err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

// Call makes a confirmed write and waits for its receipt. It fails with
// ErrNotConnected when the room is not open, ErrWriteLost when the connection
// breaks before the receipt, ErrWriteTimeout when none comes; with a
// *RefusedError when the server refuses.
func (r *RecordRoom) Call(ctx context.Context, w Write) (Receipt, error) {
	p, err := r.Send(w)
	if err != nil {
		return Receipt{}, err
	}
	return p.Wait(ctx)
}

// Send is Call without the wait, for writes that overlap.
func (r *RecordRoom) Send(w Write) (*Pending, error) {
	name, args, err := w.encode()
	if err != nil {
		return nil, err
	}
	return r.add(&write{mode: confirmed, name: name, args: args, version: w.version})
}

// Fire makes a write without a receipt. It is dropped while the room is not
// open, and nobody learns whether it was refused; live queries show it when it
// has happened.
func (r *RecordRoom) Fire(w Write) error {
	name, args, err := w.encode()
	if err != nil {
		return err
	}
	r.mu.Lock()
	handle := r.link.handle
	r.mu.Unlock()
	if handle == 0 {
		return nil
	}
	_ = r.c.send.mutate(handle, schema.MutateInfo{Name: name, Args: args, Version: w.version}) // a lost connection is told elsewhere
	return nil
}

// Durable queues a write, which is delivered after those before it as soon as
// the room is open, once, whatever happens to connection and program. It
// returns when the write is in the queue file, if there is one. A write that
// the server refuses is told to OnRejected and stays in Rejected.
func (r *RecordRoom) Durable(w Write) (*Pending, error) {
	name, args, err := w.encode()
	if err != nil {
		return nil, err
	}
	return r.add(&write{mode: durable, name: name, args: args, version: w.version})
}
