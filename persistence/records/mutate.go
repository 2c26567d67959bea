package records

import (
	"context"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// waiting is a mutation that waits: for its own preparation, or behind one
// that does.
type waiting struct {
	Mutate
	user   User
	client *client // nil: it has no ID
	call   *Invoke // nil: it came over a connection
	f      *mutation
	args   value.Row // in their present shape
}

// apply runs a client's mutation, exactly once if it has an ID (R7).
func (op *Mutate) apply(m *Machine, out *Outbox) {
	c := m.conns[op.Conn]
	if c == nil {
		return
	}
	if op.ID == 0 {
		m.start(op, c, nil, out)
		return
	}
	cl, err := m.clientOf(c, op.ID)
	if err != nil {
		m.receipt(c.id, Receipt{Mutation: op.ID, Code: err.code, Message: err.text}, out)
		return
	}
	if op.ID <= cl.last {
		m.again(c, cl, op.ID, out)
		return
	}
	if behind := op.ID - cl.last - 1; behind < uint64(len(cl.line)) {
		cl.line[behind].Conn = c.id // pushed again over another connection: the receipt goes there
		return
	}
	if op.ID != cl.last+1+uint64(len(cl.line)) || len(cl.line) >= m.def.limits.Waiting {
		m.receipt(c.id, Receipt{Mutation: op.ID, Code: schema.CodeOutOfOrder, Message: "the mutations before it have not arrived; push from the first one that has no receipt"}, out)
		return
	}
	if len(cl.line) > 0 {
		w := &waiting{Mutate: *op, user: c.user, client: cl}
		w.Args = slices.Clone(op.Args)
		cl.line = append(cl.line, w)
		return
	}
	m.start(op, c, cl, out)
}

// clientOf is who pushes the mutation of that ID over a connection: a client
// that is known, or new with its first mutation.
func (m *Machine) clientOf(c *conn, id uint64) (*client, *refusal) {
	if c.client == nil || c.client.gone {
		c.client = m.clients[c.clientID]
	}
	switch cl := c.client; {
	case cl != nil && cl.user != c.user.ID:
		return nil, &refusal{code: schema.CodeForbidden, text: "this client ID belongs to another user"}
	case cl != nil:
		return cl, nil
	case c.clientID == "":
		return nil, &refusal{code: schema.CodeClientUnknown, text: "the room was opened without a client ID"}
	case id != 1:
		return nil, &refusal{code: schema.CodeClientUnknown, text: "the room does not know this client ID, or no longer"}
	}
	c.client = &client{id: c.clientID, user: c.user.ID, fresh: true}
	if len(m.clients) == 0 {
		m.forget = m.now + m.def.limits.Clients.Microseconds()
	}
	m.clients[c.clientID] = c.client
	return c.client, nil
}

// again answers a mutation that ran already: nothing runs (R7.1).
func (m *Machine) again(c *conn, cl *client, id uint64, out *Outbox) {
	if s := cl.stored(id, m.def.limits.Receipts); s != nil {
		m.receipt(c.id, s.receipt(), out)
		return
	}
	m.receipt(c.id, Receipt{Mutation: id, Seq: m.seq, Code: schema.CodeResultExpired, Message: "processed, result expired"}, out)
}

// start runs a mutation, or asks for its preparation first.
func (m *Machine) start(op *Mutate, c *conn, cl *client, out *Outbox) {
	if op.Void {
		if cl != nil {
			m.finish(cl, op, refuse(schema.CodeVoided, "the client gave it up"), out)
		}
		return
	}
	if c.role == "" { // of a stand-in: see connFor
		m.finish(cl, op, errOutsider, out)
		return
	}
	if op.Name == "" {
		m.run(op, &c.user, c.role, cl, nil, nil, nil, out)
		return
	}
	f, args, err := m.accept(op, c.role)
	if err == nil && f.prepare != nil && len(m.waiting) >= maxWaiting {
		m.overloaded(op, c, cl, out)
		return
	}
	if err == nil && f.prepare != nil {
		w := &waiting{Mutate: *op, user: c.user, client: cl, f: f, args: slices.Clone(args)}
		w.Mutate.Args = nil
		if cl != nil {
			cl.line = append(cl.line, w)
		}
		m.prepare(w, out)
		return
	}
	if err != nil {
		m.finish(cl, op, err, out)
		return
	}
	if f.after != nil {
		args = slices.Clone(args) // AfterCommit has them, and what Execute took out of them
	}
	m.run(op, &c.user, c.role, cl, f, args, nil, out)
}

// maxWaiting is how many preparations may be under way in a room, of all users.
const maxWaiting = 1024

const overloaded = "the room prepares as much as it can; send it again later"

// overloaded asks to send a mutation again later. Nothing is kept of it: it has
// not been seen.
func (m *Machine) overloaded(op *Mutate, c *conn, cl *client, out *Outbox) {
	m.stats.Refused++
	if cl == nil {
		out.refuse(c.id, 0, schema.CodeRateLimited, overloaded)
		return
	}
	m.receipt(c.id, Receipt{Mutation: op.ID, Code: schema.CodeRateLimited, Message: overloaded}, out)
}

// accept finds a named mutation and brings its arguments into their present
// shape.
func (m *Machine) accept(op *Mutate, role string) (f *mutation, args value.Row, err error) {
	defer m.recover(&err) // of an Upgrade
	if f, err = m.mutationFor(op.Name, role, false); err != nil {
		return nil, nil, err
	}
	args, err = m.argsOf(f, op.Args, op.Version)
	return f, args, err
}

// mutationFor finds a mutation that the role may call.
func (m *Machine) mutationFor(name, role string, operator bool) (*mutation, error) {
	f := m.world.mutations[name]
	if f == nil {
		for _, run := range m.world.runs {
			if run.name == name {
				return nil, refuse(schema.CodeForbidden, "%s runs by the clock only", name)
			}
		}
		return nil, refuse(schema.CodeNoSuchMutation, "this room has no mutation %q", name)
	}
	if f.roles != nil && !operator && !slices.Contains(f.roles, role) {
		return nil, refuse(schema.CodeForbidden, "the role %s may not call %s", role, name)
	}
	return f, nil
}

// prepare asks the runner to run a Prepare hook.
func (m *Machine) prepare(w *waiting, out *Outbox) {
	m.token++
	m.waiting[m.token] = w
	f, user, args := w.f, w.user, w.args
	out.Prepare = append(out.Prepare, Preparation{Token: m.token, Run: func(ctx context.Context) (any, error) {
		return f.prepare(ctx, user, args)
	}})
}

// apply runs a mutation that is prepared, and those that waited behind it.
func (p *Prepared) apply(m *Machine, out *Outbox) {
	w := m.waiting[p.Token]
	if w == nil {
		return
	}
	delete(m.waiting, p.Token)
	if w.call != nil {
		m.runCall(w.call, w.f, w.args, p.Result, p.Err, out)
		return
	}
	m.resume(w, p.Result, p.Err, out)
	if w.client == nil {
		return
	}
	// start may put the next one at the head of the line again.
	rest := w.client.line[1:]
	w.client.line = nil
	for i, next := range rest {
		c := m.connFor(next)
		m.start(&next.Mutate, c, w.client, out)
		if len(w.client.line) > 0 {
			w.client.line = append(w.client.line, rest[i+1:]...)
			return
		}
	}
}

// resume runs the mutation whose preparation has ended.
func (m *Machine) resume(w *waiting, prepared any, failed error, out *Outbox) {
	c := m.connFor(w)
	if failed == nil && c.role == "" {
		failed = errOutsider
	}
	if failed != nil {
		m.finish(w.client, &w.Mutate, failed, out)
		return
	}
	if _, err := m.mutationFor(w.Name, c.role, false); err != nil { // the role may have changed
		m.finish(w.client, &w.Mutate, err, out)
		return
	}
	m.run(&w.Mutate, &c.user, c.role, w.client, w.f, w.args, prepared, out)
}

// connFor is the connection that a waiting mutation belongs to, or a stand-in
// when it is gone: the mutation runs all the same.
func (m *Machine) connFor(w *waiting) *conn {
	if c := m.conns[w.Conn]; c != nil && c.user.ID == w.user.ID {
		return c
	}
	c := &conn{user: w.user, client: w.client}
	c.role, _ = m.roleOf(&c.user)
	return c
}

// run is the transaction of one mutation: f with its arguments, or the built-in
// operations when f is nil.
func (m *Machine) run(op *Mutate, u *User, role string, cl *client, f *mutation, args value.Row, prepared any, out *Outbox) {
	m.begin(u, role, false, m.def.limits.Operations)
	var err error
	if f != nil {
		err = m.invoke(f, args, prepared)
	} else {
		err = m.call(func(*Ctx) error { return m.operations(op, cl != nil) })
	}
	var result []byte
	if err == nil {
		result, err = m.ctx.encodeResult()
	}
	if err != nil {
		m.undo()
		m.finish(cl, op, err, out)
		return
	}
	var stored *storedReceipt
	if cl != nil {
		m.stored = storedReceipt{client: cl, id: op.ID}
		stored = &m.stored
		if result != nil {
			stored.more = &receiptMore{result: result}
		}
	}
	before := len(out.After)
	seq := m.commit(out, stored)
	if f != nil && f.after != nil {
		m.after(f, args, out)
	}
	if cl != nil {
		m.joinStep(out.After[before:], op.Conn, seq)
		m.receipt(op.Conn, Receipt{Mutation: op.ID, Seq: seq, Result: result}, out)
	}
}

// joinStep makes the caller's receipt part of the step that its deltas are: the
// last of them says that more follows, so that a client replaces its optimistic
// change by the confirmed one at once.
func (m *Machine) joinStep(sent []Send, c Conn, seq uint64) {
	for i := len(sent) - 1; i >= 0; i-- {
		if s := &sent[i]; s.Kind == SendDelta && s.Conn == c && s.Seq == seq {
			s.Flags |= schema.DeltaMore
			return
		}
	}
}

// finish ends a mutation that was refused: its receipt is all that stays of it.
// One without an ID is told when what was read to refuse it is durable.
func (m *Machine) finish(cl *client, op *Mutate, err error, out *Outbox) {
	r := m.refused(nameOf(op), err)
	if cl == nil {
		out.After = append(out.After, Send{Kind: SendError, Conn: op.Conn, Code: r.code, Message: r.text})
		return
	}
	m.begin(&User{}, "", true, 0)
	m.stored = storedReceipt{client: cl, id: op.ID, more: &receiptMore{code: r.code, field: r.field, message: r.text}}
	seq := m.commit(out, &m.stored)
	m.receipt(op.Conn, Receipt{Mutation: op.ID, Seq: seq, Code: r.code, Field: r.field, Message: r.text}, out)
}

func nameOf(op *Mutate) string {
	if op.Name == "" {
		return "create, put, remove"
	}
	return op.Name
}

// receipt answers a mutation once all before it is durable. It waits while the
// connection's deltas do (R4.1).
func (m *Machine) receipt(id Conn, r Receipt, out *Outbox) {
	c := m.conns[id]
	switch {
	case c == nil:
	case m.hub.Paused(id):
		if c.held = append(c.held, r); len(c.held) > maxHeldReceipts {
			delete(m.conns, id)
			m.hub.Drop(id)
			out.After = append(out.After, Send{Kind: SendLeft, Conn: id, Code: schema.CodeSlowClient, Message: "the connection takes no messages"})
		}
	default:
		out.receipt(id, r)
	}
}

// apply runs a mutation that came over HTTP.
func (op *Invoke) apply(m *Machine, out *Outbox) {
	role := ""
	if !op.Operator {
		var err error
		if role, err = m.roleOf(&op.User); err != nil || role == "" {
			m.answerCall(op, m.seq, nil, errOutsider, out)
			return
		}
	}
	f, err := m.mutationFor(op.Name, role, op.Operator)
	if err != nil {
		m.answerCall(op, m.seq, nil, err, out)
		return
	}
	patch, err := f.args.PatchFromJSON(op.Args)
	if err == nil {
		err = f.args.CheckRequired(patch)
	}
	if err != nil {
		m.answerCall(op, m.seq, nil, err, out)
		return
	}
	args := f.args.New(patch)
	if f.prepare != nil && len(m.waiting) >= maxWaiting {
		m.answerCall(op, m.seq, nil, refuse(schema.CodeRateLimited, overloaded), out)
		return
	}
	if f.prepare != nil {
		copied := *op
		m.prepare(&waiting{user: op.User, call: &copied, f: f, args: args}, out)
		return
	}
	m.runCall(op, f, args, nil, nil, out)
}

// runCall is the transaction of an Invoke.
func (m *Machine) runCall(op *Invoke, f *mutation, args value.Row, prepared any, err error, out *Outbox) {
	role := ""
	if !op.Operator {
		if role, _ = m.roleOf(&op.User); role == "" && err == nil {
			err = errOutsider
		}
	}
	if err == nil {
		_, err = m.mutationFor(op.Name, role, op.Operator)
	}
	var result []byte
	seq := m.seq
	if err == nil {
		m.begin(&op.User, role, op.Operator, m.def.limits.Operations)
		if err = m.invoke(f, args, prepared); err == nil {
			result, err = m.ctx.encodeResult()
		}
		if err != nil {
			m.undo()
		} else {
			seq = m.commit(out, nil)
			if f.after != nil {
				m.after(f, args, out)
			}
		}
	}
	m.answerCall(op, seq, result, err, out)
}

func (m *Machine) answerCall(op *Invoke, seq uint64, result []byte, err error, out *Outbox) {
	receipt := Receipt{Seq: seq, Result: result}
	if err != nil {
		r := m.refused(op.Name, err)
		receipt.Code, receipt.Field, receipt.Message = r.code, r.field, r.text
	}
	done := op.Done
	out.answer(func() { done(receipt) })
}
