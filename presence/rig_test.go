package presence_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Cursor is what the tests' members show.
type Cursor struct {
	Name string
	X, Y float32
	Tool *string
}

// Wave is a cast of the tests.
type Wave struct{ At float32 }

// Ping is a cast without fields.
type Ping struct{}

// testRoom has every hook.
func testRoom() presence.Room[Cursor] {
	return presence.Room[Cursor]{
		Timeout: 10 * time.Second, Sample: 3, MaxGroups: 2, Cell: 10,
		Position: func(c *Cursor) (x, y float32) { return c.X, c.Y },
		Check: func(_ presence.User, old, now *Cursor) error {
			if now.Name == "bad" {
				return errors.New("that is no name")
			}
			now.Name = strings.TrimSpace(now.Name)
			return nil
		},
		Group: func(u presence.User, group string) error {
			if group == "closed" || u.Name == "outcast" {
				return errors.New("the group is closed")
			}
			return nil
		},
		Casts: []presence.Cast[Cursor]{
			presence.OnCast(5, func(_ presence.User, from *Cursor, w *Wave) error {
				if w.At < 0 {
					return fmt.Errorf("%s waves before the beginning", from.Name)
				}
				w.At = min(w.At, 100)
				return nil
			}),
			presence.OnCast[Cursor, Ping](1),
		},
	}
}

// shown is a member as a client holds it.
type shown struct {
	user, group string
	state       Cursor
}

func (s shown) String() string {
	tool := "-"
	if s.state.Tool != nil {
		tool = *s.state.Tool
	}
	return fmt.Sprintf("%s/%s %q %g,%g %s", s.user, s.group, s.state.Name, s.state.X, s.state.Y, tool)
}

// client is what one connection was told, as a correct client keeps it.
type client struct {
	member  uint32
	held    map[uint32]shown
	groups  map[string]bool
	casts   []string
	frames  int
	whole   bool // the last Crowd was
	blocked bool // takes nothing
}

// rig drives a machine, with a client for each connection.
type rig struct {
	t       failer
	kind    presence.Kind
	m       *presence.Machine
	codec   *value.Codec[Cursor]
	waves   *value.Codec[Wave]
	now     time.Time
	clients map[uint32]*client
	b       *schema.Builder
}

// failer is testing.TB or rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newRig(t failer, room presence.Room[Cursor]) *rig {
	r := &rig{t: t, kind: presence.Define("cursors", room), now: time.Unix(1000, 0), clients: make(map[uint32]*client), b: schema.NewBuilder()}
	if err := r.kind.Err(); err != nil {
		t.Fatalf("%v", err)
	}
	r.m = presence.NewMachine(r.kind)
	r.codec, _, _ = value.BindArgs[Cursor]()
	r.waves, _, _ = value.BindArgs[Wave]()
	return r
}

func (r *rig) join(conn uint32, user string) *client {
	r.t.Helper()
	member, err := r.m.Join(r.now, conn, presence.User{ID: user})
	if err != nil {
		r.t.Fatalf("Join(%d): %v", conn, err)
	}
	c := &client{member: member, held: make(map[uint32]shown), groups: make(map[string]bool)}
	r.clients[conn] = c
	return c
}

func (r *rig) leave(conn uint32) {
	r.m.Leave(r.now, conn)
	delete(r.clients, conn)
}

// patch is all of a cursor's fields.
func (r *rig) patch(c Cursor) []byte {
	row, err := r.codec.Encode(&c, value.Meta{})
	if err != nil {
		r.t.Fatalf("Encode: %v", err)
	}
	return r.codec.Collection().PatchOf(row, 0)
}

func (r *rig) receive(conn uint32, kind schema.Kind, body []byte) error {
	r.t.Helper()
	if err := schema.Verify(kind, body); err != nil {
		r.t.Fatalf("%s: %v", kind, err)
	}
	return r.m.Receive(r.now, conn, schema.Header{Kind: kind}, body)
}

func (r *rig) show(conn uint32, c Cursor, group string) error {
	r.t.Helper()
	return r.receive(conn, schema.KindShow, r.b.Show(r.patch(c), group))
}

func (r *rig) showField(conn uint32, field string, v value.Value, group string) error {
	r.t.Helper()
	c := r.codec.Collection()
	p, err := c.MakePatch(value.Change{Field: c.Field(field), Value: v})
	if err != nil {
		r.t.Fatalf("MakePatch: %v", err)
	}
	return r.receive(conn, schema.KindShow, r.b.Show(p, group))
}

func (r *rig) heartbeat(conn uint32) error {
	r.t.Helper()
	return r.receive(conn, schema.KindShow, r.b.Show(nil, ""))
}

func (r *rig) look(conn uint32, x, y, w, h float32, follow uint32) error {
	r.t.Helper()
	return r.receive(conn, schema.KindLook, r.b.Look(schema.LookInfo{X: x, Y: y, Width: w, Height: h, Follow: follow}))
}

func (r *rig) group(conn uint32, name string, leave bool) error {
	r.t.Helper()
	return r.receive(conn, schema.KindGroup, r.b.Group(7, name, leave))
}

func (r *rig) wave(conn uint32, at float32, group string, to uint32) error {
	r.t.Helper()
	row, _ := r.waves.Encode(&Wave{at}, value.Meta{})
	return r.receive(conn, schema.KindCast, r.b.Cast(schema.CastInfo{Request: 3, Name: "Wave", Data: row, Group: group, To: to}))
}

// must fails the test if there is an error.
func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("refused: %v", err)
	}
}

// tick lets the machine send, and clients apply what they take.
func (r *rig) tick() {
	r.t.Helper()
	served := make(map[uint32]bool)
	r.m.Tick(r.now, func(conn uint32, head schema.Header, body []byte) bool {
		c := r.clients[conn]
		if c == nil {
			r.t.Fatalf("a message for connection %d, which is not in", conn)
		}
		if err := schema.Verify(head.Kind, body); err != nil {
			r.t.Fatalf("the machine's %s: %v", head.Kind, err)
		}
		if c.blocked {
			return false
		}
		switch head.Kind {
		case schema.KindCrowd:
			if served[conn] {
				r.t.Fatalf("a second Crowd in one tick")
			}
			served[conn] = true
			c.apply(r, head.Flags&schema.FlagWhole != 0, fb.GetRootAsCrowd(body, 0).PayloadBytes())
		case schema.KindCasted:
			r.casted(c, fb.GetRootAsCasted(body, 0))
		default:
			r.t.Fatalf("a %s from Tick", head.Kind)
		}
		return true
	})
}

func (r *rig) casted(c *client, m *fb.Casted) {
	text := fmt.Sprintf("%s from %d", m.Name(), m.From())
	if g := string(m.Group()); g != "" {
		text += " in " + g
	}
	if string(m.Name()) == "Wave" {
		var w Wave
		if err := r.waves.Decode(value.Row(slices.Clone(m.DataBytes())), &w); err != nil {
			r.t.Fatalf("Casted: %v", err)
		}
		text += fmt.Sprintf(" at %g", w.At)
	}
	c.casts = append(c.casts, text)
}

// apply is section 4 of docs/presence.md.
func (c *client) apply(r *rig, whole bool, payload []byte) {
	r.t.Helper()
	c.frames++
	if c.whole = whole; whole {
		clear(c.held)
		clear(c.groups)
	} else if len(payload) == 0 {
		r.t.Fatalf("S4.5: a Crowd that says nothing")
	}
	if len(payload) > 192<<10 {
		r.t.Fatalf("S4.7: a Crowd of %d bytes", len(payload))
	}
	reader := wire.ReadCrowd(r.codec.Collection(), payload)
	for e := (wire.Entry{}); reader.Next(&e); {
		old, held := c.held[e.Member]
		switch e.Op {
		case wire.Enter:
			s := shown{user: string(e.User), group: string(e.Group)}
			if err := r.codec.Decode(slices.Clone(e.Row), &s.state); err != nil {
				r.t.Fatalf("Enter: %v", err)
			}
			c.held[e.Member] = s
		case wire.Change:
			if !held {
				r.t.Fatalf("S4.2: change of member %d, which is not held", e.Member)
			}
			row, _ := r.codec.Encode(&old.state, value.Meta{})
			if err := r.codec.Decode(r.codec.Collection().ApplyPatch(row, e.Patch), &old.state); err != nil {
				r.t.Fatalf("Change: %v", err)
			}
			c.held[e.Member] = old
		case wire.Leave:
			if !held {
				r.t.Fatalf("S4.2: leave of member %d, which is not held", e.Member)
			}
			delete(c.held, e.Member)
		case wire.GroupEnter:
			c.groups[string(e.Group)] = true
		case wire.GroupLeave:
			delete(c.groups, string(e.Group))
		}
	}
	if err := reader.Err(); err != nil {
		r.t.Fatalf("%v", err)
	}
}

// sees is what the client holds, as text, by member.
func (c *client) sees() []string {
	var list []string
	for _, n := range slices.Sorted(maps.Keys(c.held)) {
		list = append(list, fmt.Sprintf("%d %s", n, c.held[n]))
	}
	return list
}

func wantCode(t testing.TB, err error, code schema.Code) {
	t.Helper()
	if !errors.Is(err, &schema.Error{Code: code}) {
		t.Errorf("error %v, want %s", err, code)
	}
}
