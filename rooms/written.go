package rooms

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// RecordRooms is what game rooms need of record rooms.
type RecordRooms interface {
	// Write runs one transaction in a record room and does not wait. done is
	// called once, on any goroutine: nil when the transaction is durable, else
	// why nothing was written, a *schema.Error if it is for users to read.
	Write(room string, writes []state.RecordWrite, done func(error))
	// Read gives the records of a collection that a query selects, as a JSON
	// array. It may wait for the room to be loaded.
	Read(ctx context.Context, room, collection string, query []byte) ([]byte, error)
}

// maxPendingWrites is how many transactions of one game room may be without an
// outcome; more are refused.
const maxPendingWrites = 4096

// Written is the outcome of a transaction that rules made with state.Records.
type Written struct {
	ID   state.WriteID
	Room string      // the record room
	Code schema.Code // 0: it is durable; else nothing was written
	Text string      // why
}

// appendTo packs an outcome as OpWritten carries it; the room is known.
func (w *Written) appendTo(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(w.ID))
	b = binary.AppendUvarint(b, uint64(w.Code))
	return append(b, w.Text...)
}

func parseWritten(b []byte) (w Written, ok bool) {
	id, n := binary.Uvarint(b)
	if n <= 0 {
		return w, false
	}
	code, m := binary.Uvarint(b[n:])
	if m <= 0 || code > 1<<16-1 {
		return w, false
	}
	return Written{ID: state.WriteID(id), Code: schema.Code(code), Text: string(b[n+m:])}, true
}

// outcome is what became of a transaction.
func outcome(id state.WriteID, err error) Written {
	var coded *schema.Error
	switch {
	case err == nil:
		return Written{ID: id}
	case errors.As(err, &coded):
		return Written{ID: id, Code: coded.Code, Text: coded.Message}
	}
	return Written{ID: id, Code: schema.CodeInternal, Text: "the write failed"}
}

// written settles a transaction: its events leave, and the Written hook runs.
func (r *GameRoom) written(op Op, out *Outbox) {
	w, ok := parseWritten(op.Payload)
	if !ok {
		return
	}
	_ = r.try(out, func() error {
		w.Room, ok = r.store.Settle(w.ID, w.Code == 0)
		return nil
	})
	if ok && r.hooks.written != nil {
		_ = r.call("Written", nil, out, func() error { r.hooks.written(&r.ctx, w); return nil })
	}
}

// putWrites hands the transactions of this tick's calls out.
func (r *GameRoom) putWrites(out *Outbox) {
	out.Put = append(out.Put, r.store.Transactions()...)
}

// write hands the outbox' transactions to the record rooms. Their outcome
// comes back as an op.
func (r *runner) write() {
	for i := range r.out.Put {
		t := &r.out.Put[i]
		done := func(err error) { r.settle(t.Room, outcome(t.ID, err)) }
		switch {
		case r.reg.cfg.Records == nil:
			done(schema.Errorf(schema.CodeNoSuchKind, "this server has no record rooms"))
		case r.store.WritesPending() > maxPendingWrites:
			done(schema.Errorf(schema.CodeRateLimited, "%d writes of this room are still without an outcome", maxPendingWrites))
		default:
			r.reg.cfg.Records.Write(t.Room, t.Writes, done)
		}
	}
	r.out.Put = nil // those who write hold on to it
}

// settle queues an outcome. Any goroutine may call it.
func (r *runner) settle(room string, w Written) {
	if w.Code != 0 {
		r.logger.Warn("a write of the rules was refused", "record_room", room, "code", w.Code, "reason", w.Text)
	}
	r.inbox.push(item{kind: itemWritten, order: &order{written: w}})
	r.wake()
}

func (r *runner) takeWritten(w Written) {
	r.payload = w.appendTo(r.payload[:0])
	r.apply(Op{Kind: OpWritten, Payload: r.payload})
}

// ReadRecords gives a Load hook records of a record room, named "kind/name":
// those of a collection that a query selects, such as {"where":{"eq":["Slot",3]}}; nil: all.
// What it returns reaches the rules, and the recording, with what Load returns.
func ReadRecords[T any](ctx context.Context, r JoinRequest, room, collection string, query []byte) ([]T, error) {
	if r.records == nil {
		return nil, errors.New("rooms: this server has no record rooms")
	}
	rows, err := r.records.Read(ctx, room, collection, query)
	if err != nil {
		return nil, fmt.Errorf("failed to read %s of %s: %w", collection, room, err)
	}
	var list []T
	if err := json.Unmarshal(rows, &list); err != nil {
		return nil, fmt.Errorf("failed to read %s of %s: %w", collection, room, err)
	}
	return list, nil
}
