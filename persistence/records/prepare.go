package records

import (
	"context"

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
