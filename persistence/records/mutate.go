package records

import (
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

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
