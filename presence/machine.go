package presence

import (
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Machine is one presence room as pure data: no I/O, no clock, no goroutine.
// Whoever runs it calls its methods one at a time and tells it the time, which
// must not go back. Connections are numbered by the caller, freely.
type Machine struct {
	def     *definition
	typed   typed
	tick    uint64 // of the last Tick; what happens since is of tick + 1
	last    uint32 // the member number given last
	members []*member
	conns   map[uint32]*member
	numbers map[uint32]*member
	users   map[string]int // connections of each user
	all     channel        // everyone's
	groups  map[string]*channel
	grid    grid
	changed []*member // whose row changed since the last Tick; each once
	work    bool      // a Tick would do something
	sweep   time.Time // when to look for states that time out; zero: never
	alone   time.Time // when a member that is alone is told what it shows; zero: it knows
	casts   castQueue
	turn    uint64 // counts viewers with a viewport; see member.mark
	builder *schema.Builder
	scratch scratch
}

// scratch is memory that is used again and again.
type scratch struct {
	row, checked  []byte // two states in the making; members' rows are swapped with them
	patch         []byte
	payload, rest []byte // of the Crowd in the making
	extra         []byte // of it, what one viewer alone gets
	holding       []*member
}

// NewMachine makes a room without anybody in it. The kind's Err must be nil.
func NewMachine(kind Kind) *Machine {
	if err := kind.Err(); err != nil {
		panic(err.Error())
	}
	return &Machine{
		def: kind.def, typed: kind.def.typed(), builder: schema.NewBuilder(),
		conns: make(map[uint32]*member), numbers: make(map[uint32]*member),
		users: make(map[string]int), groups: make(map[string]*channel),
		grid: grid{edge: kind.def.cell},
	}
}

// Join brings a connection in. Its member number, never given twice in a room's
// life, is for Opened.member; its first frame, at the next Tick, is whole. The
// error is a *schema.Error (or the panic of the Join hook): ROOM_FULL, or what
// the hook says.
func (m *Machine) Join(now time.Time, conn uint32, user User) (member uint32, err error) {
	if m.conns[conn] != nil {
		panic("presence: a connection joins twice")
	}
	if len(m.members) >= m.def.maxMembers {
		return 0, schema.Errorf(schema.CodeRoomFull, "the room has its %d members; try again later", m.def.maxMembers)
	}
	x := newMember(conn, user, now)
	if m.def.joins {
		if x.row, err = m.typed.join(nil, user); err != nil {
			return 0, err
		}
		if err := m.fits(x.row); err != nil {
			return 0, err
		}
	} else {
		x.row = slices.Clone(m.def.blank)
	}
	m.last++
	x.number = m.last
	m.members = append(m.members, x)
	m.conns[conn], m.numbers[x.number] = x, x
	m.users[user.ID]++
	m.work = true
	if m.def.joins {
		x.to = &m.all
		m.show(x, x.to)
	}
	return x.number, nil
}

func newMember(conn uint32, user User, now time.Time) *member {
	x := &member{conn: conn, user: user, heard: now, sampled: -1}
	x.watching.whole = true
	return x
}

// Leave takes a connection out; one that is not in is no error.
func (m *Machine) Leave(now time.Time, conn uint32) {
	x := m.conns[conn]
	if x == nil {
		return
	}
	for len(x.watching.groups) > 0 {
		m.leaveGroup(x, x.watching.groups[0].channel)
	}
	m.hide(x)
	x.gone = true
	delete(m.conns, conn)
	delete(m.numbers, x.number)
	if m.users[x.user.ID]--; m.users[x.user.ID] == 0 {
		delete(m.users, x.user.ID)
	}
	m.members = without(m.members, x)
}

// Renew says that the connection's user has new claims: groups that it may not
// be in any more it leaves.
func (m *Machine) Renew(now time.Time, conn uint32, user User) {
	x := m.conns[conn]
	if x == nil || user.ID != x.user.ID {
		return
	}
	x.user = user
	for i := len(x.watching.groups) - 1; i >= 0; i-- {
		if c := x.watching.groups[i].channel; m.typed.group(user, c.name) != nil {
			m.leaveGroup(x, c)
		}
	}
}

// Busy reports whether a Tick would do something now.
func (m *Machine) Busy() bool { return m.work }

// aloneEvery is how often a member that is alone is told what it shows, for the
// room may have altered that. Nobody else is there to see it sooner.
const aloneEvery = time.Second

// Next is when a Tick has something to do even if nobody calls anything before:
// a state that times out, or what somebody who is alone shows. Zero: never.
func (m *Machine) Next() time.Time {
	if m.sweep.IsZero() || !m.alone.IsZero() && m.alone.Before(m.sweep) {
		return m.alone
	}
	return m.sweep
}

// Len is the number of connections.
func (m *Machine) Len() int { return len(m.members) }

// Users is the number of different users.
func (m *Machine) Users() int { return len(m.users) }

// Member is one connection as those see it who are not in the room.
type Member struct {
	Number uint32
	Conn   uint32
	User   User
	// State is what it shows to everyone; nil if it shows nothing, or only to a
	// private group. It is good until the next call of the machine.
	State value.Row
}

// Members calls f for each connection, in the order of their numbers, until f
// returns false. f must not call the machine.
func (m *Machine) Members(f func(Member) bool) {
	for _, x := range m.members {
		out := Member{Number: x.number, Conn: x.conn, User: x.user}
		if x.at == &m.all {
			out.State = x.row
		}
		if !f(out) {
			return
		}
	}
}

// fits refuses a state that is too long.
func (m *Machine) fits(row []byte) error {
	if len(row) <= m.def.stateBytes {
		return nil
	}
	return schema.Errorf(schema.CodeTooLarge, "the state has %d bytes, this room takes %d", len(row), m.def.stateBytes)
}

// replace makes row what the member shows. It returns the memory of the old one
// for use.
func (m *Machine) replace(x *member, row []byte) (old []byte) {
	old = x.row
	if x.changed != m.tick+1 {
		x.changed = m.tick + 1
		x.before = append(x.before[:0], old...)
		m.changed = append(m.changed, x)
	}
	x.row = row
	return old
}
