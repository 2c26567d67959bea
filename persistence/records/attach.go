package records

import (
	"errors"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// conn is one connection that is in the room.
type conn struct {
	id       Conn
	user     User
	role     string
	reads    []bool // the tables that its role was read from
	clientID string
	client   *client   // once it has written
	claims   int       // how often the user's have changed
	behind   bool      // it holds another epoch, or a future: snapshots only (R3.5)
	held     []Receipt // while it is paused
	read     int64     // rows that its queries have read, less what time has forgiven
	readAt   int64     // when that was
}

// reader is the live.Reader of a connection as it was when its role was found.
type reader struct {
	tables  []tableInfo // only what never changes is read
	user    User
	role    string
	classes []string
}

// Class is equal for connections that may read the same rows of a table.
func (r *reader) Class(at int) string { return r.classes[at] }

// CanRead says whether the connection may read the row. Any goroutine may ask.
func (r *reader) CanRead(at int, row value.Row) bool {
	return r.tables[at].of(r.role).mayRead(&r.tables[at], &r.user, row)
}

func (m *Machine) readerOf(c *conn) live.Reader {
	r := &reader{tables: m.tables, user: c.user, role: c.role, classes: make([]string, len(m.tables))}
	for i := range m.tables {
		r.classes[i] = m.tables[i].readClass(c)
	}
	return r
}

// apply lets a connection into the room.
func (op *Attach) apply(m *Machine, out *Outbox) {
	if m.conns[op.Conn] != nil {
		(&Detach{op.Conn}).apply(m, out)
	}
	c := &conn{id: op.Conn, user: op.User, clientID: op.ClientID}
	if err := m.admit(c, op); err != nil {
		out.refuse(op.Conn, op.Request, err.Code, err.Message)
		return
	}
	m.conns[op.Conn] = c
	opened := m.opened(c)
	opened.Request = op.Request
	if op.SchemaHash == m.hash {
		opened.Schema = nil
	}
	out.After = append(out.After, Send{Kind: SendOpened, Conn: op.Conn, Opened: opened})
	if c.behind = op.Epoch != 0 && (op.Epoch != m.epoch || op.Cursor > m.seq); c.behind {
		out.After = append(out.After, Send{Kind: SendReset, Conn: op.Conn, Seq: m.epoch, Message: "the room's history is another one"})
	}
}

// admit says why a connection is not let in, or finds its role.
func (m *Machine) admit(c *conn, op *Attach) *schema.Error {
	if err := checkClientID(op.ClientID); err != nil {
		return schema.Errorf(schema.CodeValidation, "%s", err)
	}
	if op.Version != 0 && op.Version != m.schema.Version {
		if op.Version > m.schema.Version || op.Version < m.oldest() {
			return schema.Errorf(schema.CodeSchemaMismatch, "the client was made for version %d of the schema; the room has %d and serves clients from %d on", op.Version, m.schema.Version, m.oldest())
		}
	}
	if cl := m.clients[op.ClientID]; op.ClientID != "" && cl != nil && cl.user != op.User.ID {
		return schema.Errorf(schema.CodeForbidden, "this client ID belongs to another user")
	}
	role, err := m.roleOf(&c.user)
	if err != nil || role == "" {
		return schema.Errorf(schema.CodeForbidden, "you are not a member of this room")
	}
	c.role, c.reads = role, m.tablesRead()
	return nil
}

// oldest is the oldest schema version whose clients are served.
func (m *Machine) oldest() uint32 {
	if m.def.oldest != 0 {
		return m.def.oldest
	}
	return m.catalogue.Compatible
}

// opened is what a connection is told of the room.
func (m *Machine) opened(c *conn) *schema.OpenedInfo {
	info := &schema.OpenedInfo{
		Room: m.room, Epoch: m.epoch, Seq: m.seq, Role: c.role,
		Version: m.schema.Version, SchemaHash: m.hash, Schema: m.descriptor,
	}
	if cl := m.clients[c.clientID]; cl != nil && !cl.fresh {
		info.Known, info.Last = true, cl.last
	}
	return info
}

// roleOf asks the Role hook; m.read is left with the tables that it read.
func (m *Machine) roleOf(u *User) (role string, err error) {
	clear(m.read)
	if m.world.role == nil {
		return Member, nil
	}
	defer func() {
		m.reading = false
		if p := recover(); p != nil {
			m.log.Error("the Role hook panicked", "user", u.ID, "panic", p, "stack", string(debug.Stack()))
			role, err = "", errors.New("the Role hook panicked")
		}
	}()
	m.reading = true
	role = m.world.role(*u)
	for _, known := range m.def.roles {
		if known == role {
			return role, nil
		}
	}
	if role != "" {
		m.log.Error("the Role hook returned a role that is not in Roles", "user", u.ID, "role", role)
	}
	return "", nil
}

// tablesRead copies what the last Role hook has read.
func (m *Machine) tablesRead() []bool {
	for _, read := range m.read {
		if read {
			return append([]bool(nil), m.read...)
		}
	}
	return nil
}

// regrant asks for the roles again that were read from what has changed, after
// the transaction's Commit and before live queries hear of it (R10.2).
func (m *Machine) regrant(changes []table.Change, out *Outbox) {
	if m.world.role == nil || len(changes) == 0 {
		return
	}
	changed := make([]bool, len(m.tables))
	for i := range changes {
		changed[changes[i].Table] = true
	}
	for _, id := range m.connsInOrder() {
		c := m.conns[id]
		for i, read := range c.reads {
			if read && changed[i] {
				m.newRole(c, out)
				break
			}
		}
	}
}

// newRole finds a connection's role and, if it is another one, changes what
// the connection may read.
func (m *Machine) newRole(c *conn, out *Outbox) (changed bool) {
	before := c.role
	c.role, _ = m.roleOf(&c.user)
	c.reads = m.tablesRead()
	switch c.role {
	case before:
		return false
	case "":
		m.outcasts = append(m.outcasts, c.id)
		m.hub.Drop(c.id)
		return true
	}
	m.hub.Regrant(c.id, m.readerOf(c))
	out.After = append(out.After, Send{Kind: SendOpened, Conn: c.id, Opened: m.opened(c)})
	return true
}

// dropOutcasts detaches who has lost every role.
func (m *Machine) dropOutcasts(out *Outbox) {
	for _, id := range m.outcasts {
		delete(m.conns, id)
		out.After = append(out.After, Send{Kind: SendLeft, Conn: id, Code: schema.CodeForbidden, Message: "you are no longer a member of this room"})
	}
	m.outcasts = m.outcasts[:0]
}

// apply gives a connection's user new claims.
func (op *Renew) apply(m *Machine, out *Outbox) {
	c := m.conns[op.Conn]
	if c == nil {
		return
	}
	c.user = op.User
	c.claims++
	if !m.newRole(c, out) {
		m.hub.Regrant(c.id, m.readerOf(c)) // rules may ask for claims
	}
	m.hub.Settle(&m.sink)
	m.dropOutcasts(out)
}

func (op *Detach) apply(m *Machine, _ *Outbox) {
	if m.conns[op.Conn] == nil {
		return
	}
	delete(m.conns, op.Conn)
	m.hub.Drop(op.Conn)
}

// connsInOrder are the connections, in the same order in every run.
func (m *Machine) connsInOrder() []Conn { return slices.Sorted(maps.Keys(m.conns)) }
