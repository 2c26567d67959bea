package host

import (
	"context"
	"runtime/debug"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// reused are ops that the machine does not keep.
type reused struct{ mutate records.Mutate }

// apply hands one item to the machine.
func (r *room) apply(now int64, it *item, out *outbox) {
	switch it.kind {
	case itemMutate:
		if !it.seat.in {
			return
		}
		op := &r.ops.mutate
		*op = records.Mutate{
			Conn: it.seat.id, ID: it.id, Name: it.name, Args: r.bytes[it.from:it.to], Version: it.version, Void: it.void,
		}
		r.machine.Apply(now, op, &out.Outbox)
	case itemOp:
		if it.seat == nil {
			r.machine.Apply(now, it.op, &out.Outbox)
		} else if it.seat.in {
			r.applyOf(now, it.seat, it.op, out)
		}
	case itemEnter:
		r.attach(now, it.seat, out)
	case itemLeave:
		if it.seat.in {
			it.seat.in = false
			r.machine.Apply(now, &records.Detach{Conn: it.seat.id}, &out.Outbox)
			out.After = append(out.After, records.Send{Kind: records.SendLeft, Conn: it.seat.id, Code: schema.CodeLeft})
		}
	case itemLost:
		if it.seat.in {
			r.machine.Apply(now, &records.Detach{Conn: it.seat.id}, &out.Outbox)
		}
		r.remove(&it.seat.conn)
	}
}

// applyOf hands in an op that names its connection.
func (r *room) applyOf(now int64, s *Seat, op records.Op, out *outbox) {
	switch op := op.(type) {
	case *records.Subscribe:
		op.Conn, op.Floor = s.id, r.store.Floor()
	case *records.Unsubscribe:
		op.Conn = s.id
	case *records.Renew:
		op.Conn = s.id
	}
	r.machine.Apply(now, op, &out.Outbox)
}

// attach brings a client in.
func (r *room) attach(now int64, s *Seat, out *outbox) {
	r.lastConn++
	s.id, s.in, s.asked = r.lastConn, true, s.request.Request
	r.conns[s.id] = &s.conn
	q := &s.request
	r.machine.Apply(now, &records.Attach{
		Conn: s.id, Request: q.Request, User: q.User, ClientID: q.Client, Epoch: q.Epoch, Cursor: q.Cursor,
		SchemaHash: q.SchemaHash, Version: q.Version,
	}, &out.Outbox)
}

// prepare runs a Prepare hook, on the pool, and hands its result to the room.
func (h *Host) prepare(r *room, p records.Preparation) {
	ctx, cancel := context.WithTimeout(h.ctx, h.cfg.PrepareTimeout)
	defer cancel()
	op := &records.Prepared{Token: p.Token}
	func() {
		defer func() {
			if e := recover(); e != nil {
				op.Err = r.failed("Prepare", e, debug.Stack())
			}
		}()
		op.Result, op.Err = p.Run(ctx)
	}()
	r.push(item{kind: itemOp, op: op})
}

// follow runs an AfterCommit hook, on the pool. A panic hurts nothing (R6.1).
func (h *Host) follow(room string, hook func(context.Context)) {
	defer func() {
		if p := recover(); p != nil {
			h.cfg.Logger.Error("an AfterCommit hook failed", "room", room, "panic", p, "stack", string(debug.Stack()))
		}
	}()
	hook(h.ctx)
}
