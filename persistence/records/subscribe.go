package records

import (
	"errors"
	"time"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/schema"
)

// maxHeldReceipts is how many receipts a paused connection may owe; one that
// owes more is detached.
const maxHeldReceipts = 4096

// apply opens a live query. An error concerns this subscription only.
func (op *Subscribe) apply(m *Machine, out *Outbox) {
	c := m.conns[op.Conn]
	if c == nil {
		return
	}
	if err := m.subscribe(c, op); err != nil {
		e, ok := errors.AsType[*schema.Error](err)
		if !ok {
			m.log.Error("a subscription failed", "collection", op.Collection, "error", err)
			e = schema.Errorf(schema.CodeInternal, "the subscription failed")
		}
		out.refuse(c.id, op.ID, e.Code, e.Message)
	}
}

func (m *Machine) subscribe(c *conn, op *Subscribe) error {
	at := m.schema.CollectionIndex(op.Collection)
	if at < 0 {
		return schema.Errorf(schema.CodeNoSuchCollection, "this room has no collection %q", op.Collection)
	}
	t := &m.tables[at]
	if r := t.of(c.role); r.read.nothing() && len(r.visible) == 0 {
		return schema.Errorf(schema.CodeForbidden, "the role %s may not read %s", c.role, op.Collection)
	}
	q, err := query.Parse(op.Query)
	if err != nil {
		return err
	}
	bound, err := q.Bind(t.collection)
	if err != nil {
		return err
	}
	request := live.Request{Conn: c.id, ID: op.ID, Table: at, Query: bound, Reader: m.readerOf(c), Floor: op.Floor}
	if !c.behind {
		request.Since = op.Since
		if request.Held, err = t.collection.ParseHeld(op.Held); err != nil {
			return err
		}
	}
	return m.ask(c, request)
}

// ask subscribes, unless the connection's queries have read too much lately for
// which no index has the order: four times the scan limit, and a fourth of it
// each second. The room does nothing else meanwhile.
func (m *Machine) ask(c *conn, request live.Request) error {
	scan := int64(m.def.limits.Scan)
	seconds := time.Duration(min(m.now-c.readAt, time.Minute.Microseconds()) * 1000).Seconds()
	c.read = max(0, c.read-int64(seconds*float64(scan)/4))
	c.readAt = m.now
	if c.read > 4*scan {
		return schema.Errorf(schema.CodeRateLimited, "your queries read too many rows; wait, or use an index that has their order")
	}
	before := m.hub.Read()
	err := m.hub.Subscribe(request, &m.sink)
	c.read += int64(m.hub.Read() - before)
	return err
}

func (op *Unsubscribe) apply(m *Machine, _ *Outbox) {
	if m.conns[op.Conn] != nil {
		m.hub.Unsubscribe(op.Conn, op.ID)
	}
}

func (op *Pause) apply(m *Machine, _ *Outbox) {
	if m.conns[op.Conn] != nil {
		m.hub.Pause(op.Conn)
	}
}

// apply sends what a connection has waited for: its deltas, and after them its
// receipts (R4.1).
func (op *Resume) apply(m *Machine, out *Outbox) {
	c := m.conns[op.Conn]
	if c == nil {
		return
	}
	m.hub.Resume(c.id, &m.sink)
	for _, r := range c.held {
		out.receipt(c.id, r)
	}
	c.held = nil
}

// apply runs a query once.
func (op *Read) apply(m *Machine, out *Outbox) {
	result, err := m.query(op)
	done := op.Done
	out.answer(func() { done(result, err) })
}

// query finds the records that the user may read; a limit counts those (R10.3).
func (m *Machine) query(op *Read) (Result, error) {
	u := op.User
	var role string
	if !op.Operator {
		var err error
		if role, err = m.roleOf(&u); err != nil || role == "" {
			return Result{}, schema.Errorf(schema.CodeForbidden, "you are not a member of this room")
		}
	}
	at := m.schema.CollectionIndex(op.Collection)
	if at < 0 || m.tables[at].event {
		return Result{}, schema.Errorf(schema.CodeNoSuchCollection, "this room keeps no records of %q", op.Collection)
	}
	t := &m.tables[at]
	rights := t.of(role)
	if !op.Operator && rights.read.nothing() && len(rights.visible) == 0 {
		return Result{}, schema.Errorf(schema.CodeForbidden, "the role %s may not read %s", role, op.Collection)
	}
	all := op.Query
	all.Limit, all.Offset = -1, 0 // they count what the user may read
	bound, err := all.Bind(t.collection)
	if err != nil {
		return Result{}, err
	}
	result := Result{Seq: m.seq, Collection: t.collection}
	skip, read := op.Query.Offset, 0
	if op.Query.Limit == 0 {
		return result, nil
	}
	rows := m.set.Table(at).Snapshot()
	defer m.set.Table(at).Release(rows)
	rows.Select(bound, func(r *table.Record) bool {
		if read++; read > m.def.limits.Scan {
			result.Capped = true
			return false
		}
		if !op.Operator && !rights.mayRead(t, &u, r.Row) {
			return true
		}
		if skip > 0 {
			skip--
			return true
		}
		result.Rows = append(result.Rows, r.Row)
		return len(result.Rows) != op.Query.Limit
	})
	return result, nil
}

// maxDue is how many calls of schedules run in one Due: thousands may be due at
// one time.
const maxDue = 64

// apply runs what is due, or a part of it: NextDue tells.
func (op *Due) apply(m *Machine, out *Outbox) {
	p := m.nextPlan()
	for n := 0; n < maxDue && p != nil && p.at <= m.now; n++ {
		m.runPlan(p, out)
		p = m.nextPlan()
	}
	if len(m.clients) > 0 && m.forget <= m.now {
		m.forgetClients(out)
	}
}

// runPlan runs one call of a schedule. Its plan is gone, or moved on to its
// next time, in the same transaction: it runs exactly once (R12.2). When the
// call fails, that alone stays of it.
func (m *Machine) runPlan(p *plan, out *Outbox) {
	m.begin(&User{}, "", true, 0)
	m.advance(p)
	name, _, _ := cutPlanKey(p.key)
	f := m.world.runs[name]
	err := m.invoke(f, p.args, nil)
	if err != nil {
		m.refused(f.name, err)
		m.undo()
		m.begin(&User{}, "", true, 0)
		m.advance(p)
	}
	m.commit(out, nil)
}

// advance removes a plan, or moves it to its first time after now: after a long
// sleep it runs once, not as often as it would have.
func (m *Machine) advance(p *plan) {
	if p.every == 0 {
		m.changePlan(p.key, nil)
		return
	}
	missed := (m.now - p.at) / p.every
	m.setPlan(&plan{key: p.key, at: p.at + (missed+1)*p.every, every: p.every, args: p.args})
}
