package presence_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/presence"
)

// modelMember is what the reference knows of one connection.
type modelMember struct {
	number  uint32
	user    string
	state   Cursor
	to      string // the audience it chose; "-": none
	shown   bool   // to that audience
	heard   time.Time
	groups  map[string]bool
	looking bool
	view    [4]float32 // left, top, right, bottom
	follow  uint32
}

// model is docs/presence.md, sections 3, 5 and 6, in its plainest form: whom
// each viewer is to see follows from the state of all, at every tick anew.
type model struct {
	members map[uint32]*modelMember // by connection
	queues  map[string][]uint32     // by audience: connections that are shown to it, the longest first
}

func (m *model) show(conn uint32, to string) {
	x := m.members[conn]
	if x.shown && x.to == to {
		return
	}
	m.hide(conn)
	x.to, x.shown = to, true
	m.queues[to] = append(m.queues[to], conn)
}

func (m *model) hide(conn uint32) {
	x := m.members[conn]
	if x.shown {
		x.shown = false
		m.queues[x.to] = slices.DeleteFunc(m.queues[x.to], func(c uint32) bool { return c == conn })
	}
}

func (m *model) expire(now time.Time, timeout time.Duration) {
	for conn, x := range m.members {
		if x.shown && now.Sub(x.heard) >= timeout {
			m.hide(conn)
		}
	}
}

func (m *model) visible(v, x *modelMember) bool { return x.shown && (x.to == "" || v.groups[x.to]) }

func (m *model) as(x *modelMember) shown { return shown{x.user, x.to, x.state} }

// list is S6.1 and S6.2.
func (m *model) list(v *modelMember, k int) map[uint32]shown {
	want := make(map[uint32]shown)
	for to, queue := range m.queues {
		if to == "" || v.groups[to] {
			for _, conn := range queue[:min(k, len(queue))] {
				x := m.members[conn]
				want[x.number] = m.as(x)
			}
		}
	}
	for _, x := range m.members {
		if (x == v || x.number == v.follow) && m.visible(v, x) {
			want[x.number] = m.as(x)
		}
	}
	return want
}

func inside(r [4]float32, x, y float32) bool { return x >= r[0] && x <= r[2] && y >= r[1] && y <= r[3] }

// checkView is S6.1 and S6.3, given whom the viewer held before.
func (m *model) checkView(v *modelMember, before, held map[uint32]shown, k int) error {
	w, h := (v.view[2]-v.view[0])/4, (v.view[3]-v.view[1])/4
	outer := [4]float32{v.view[0] - w, v.view[1] - h, v.view[2] + w, v.view[3] + h}
	others, missed := 0, 0
	for _, x := range m.members {
		own := x == v || x.number == v.follow
		_, had := before[x.number]
		got, has := held[x.number]
		in, near := inside(v.view, x.state.X, x.state.Y), inside(outer, x.state.X, x.state.Y)
		switch {
		case has && !m.visible(v, x):
			return fmt.Errorf("holds %d, which is not shown to it", x.number)
		case has && got.String() != m.as(x).String():
			return fmt.Errorf("holds %d as %s, it is %s", x.number, got, m.as(x))
		case own && m.visible(v, x) && !has:
			return fmt.Errorf("does not hold %d, itself or followed", x.number)
		case own || !m.visible(v, x):
		case has:
			others++
			if !in && !(near && had) {
				return fmt.Errorf("holds %d, which is at %g,%g", x.number, x.state.X, x.state.Y)
			}
		case in || near && had:
			missed++
		}
	}
	if missed > 0 && others < k || others > k {
		return fmt.Errorf("holds %d others and misses %d", others, missed)
	}
	for n := range held {
		if !slices.ContainsFunc(slices.Collect(maps.Values(m.members)), func(x *modelMember) bool { return x.number == n }) {
			return fmt.Errorf("holds %d, which has left", n)
		}
	}
	return nil
}

func describe(want map[uint32]shown) []string { return (&client{held: want}).sees() }

// modelRun is a rapid state machine: what every viewer holds after any
// schedule equals what it should.
type modelRun struct {
	*rig
	model
	next uint32
	k    int
}

func (r *modelRun) anyone(t *rapid.T) uint32 {
	conns := slices.Sorted(maps.Keys(r.members))
	if len(conns) == 0 {
		t.Skip("nobody is in")
	}
	return rapid.SampledFrom(conns).Draw(t, "conn")
}

func (r *modelRun) Join(t *rapid.T) {
	if len(r.members) >= 12 {
		t.Skip("full")
	}
	r.next++
	user := rapid.SampledFrom([]string{"ann", "bob", "cat"}).Draw(t, "user")
	c := r.rig.join(r.next, user)
	r.members[r.next] = &modelMember{number: c.member, user: user, to: "-", heard: r.now, groups: make(map[string]bool)}
}

func (r *modelRun) LeaveRoom(t *rapid.T) {
	conn := r.anyone(t)
	r.hide(conn)
	delete(r.members, conn)
	r.rig.leave(conn)
}

func (r *modelRun) Show(t *rapid.T) {
	conn := r.anyone(t)
	x := r.members[conn]
	group := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "group")
	state := Cursor{
		Name: rapid.SampledFrom([]string{"", "x", " y ", "bad"}).Draw(t, "name"),
		X:    float32(rapid.IntRange(-30, 30).Draw(t, "x")), Y: float32(rapid.IntRange(-10, 10).Draw(t, "y")),
	}
	if rapid.Bool().Draw(t, "tool") {
		tool := "pen"
		state.Tool = &tool
	}
	err := r.rig.show(conn, state, group)
	x.heard = r.now
	if refused := group != "" && !x.groups[group] || state.Name == "bad"; refused != (err != nil) {
		t.Fatalf("Show: %v", err)
	} else if !refused {
		state.Name = strings.TrimSpace(state.Name)
		x.state = state
		r.model.show(conn, group)
	}
}

func (r *modelRun) Heartbeat(t *rapid.T) {
	conn := r.anyone(t)
	r.must(r.rig.heartbeat(conn))
	x := r.members[conn]
	if x.heard = r.now; x.to != "-" {
		r.model.show(conn, x.to)
	}
}

func (r *modelRun) Group(t *rapid.T) {
	conn := r.anyone(t)
	x := r.members[conn]
	group, leave := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "group"), rapid.Bool().Draw(t, "leave")
	err := r.rig.group(conn, group, leave)
	x.heard = r.now
	if refused := !leave && !x.groups[group] && len(x.groups) == 2; refused != (err != nil) {
		t.Fatalf("Group: %v", err)
	} else if refused {
		return
	}
	if !leave {
		x.groups[group] = true
		return
	}
	delete(x.groups, group)
	if x.to == group {
		r.hide(conn)
		x.to = "-"
	}
}

func (r *modelRun) Look(t *rapid.T) {
	conn := r.anyone(t)
	x := r.members[conn]
	left, top := float32(rapid.IntRange(-30, 20).Draw(t, "left")), float32(rapid.IntRange(-10, 5).Draw(t, "top"))
	w, h := float32(rapid.SampledFrom([]int{0, 8, 20, 100}).Draw(t, "w")), float32(rapid.SampledFrom([]int{0, 8, 16}).Draw(t, "h"))
	x.follow = uint32(rapid.IntRange(0, int(r.next)).Draw(t, "follow"))
	r.must(r.rig.look(conn, left, top, w, h, x.follow))
	x.heard, x.looking, x.view = r.now, w > 0 && h > 0, [4]float32{left, top, left + w, top + h}
}

func (r *modelRun) Edit(t *rapid.T) {
	conn := r.anyone(t)
	r.must(presence.Edit(r.m, r.now, conn, func(c *Cursor) error { c.X++; return nil }))
	r.members[conn].state.X++
}

func (r *modelRun) Block(t *rapid.T) {
	c := r.clients[r.anyone(t)]
	c.blocked = !c.blocked
}

func (r *modelRun) Wait(t *rapid.T) {
	r.now = r.now.Add(time.Duration(rapid.IntRange(1, 6).Draw(t, "seconds")) * time.Second)
}

// Tick checks every viewer that is not behind.
func (r *modelRun) Tick(t *rapid.T) {
	before := make(map[uint32]map[uint32]shown)
	for conn, c := range r.clients {
		before[conn] = maps.Clone(c.held)
	}
	due := !r.m.Next().IsZero() && !r.now.Before(r.m.Next())
	alone := len(r.members) == 1 && !r.m.Busy()
	if alone && !due {
		return // S4.5: what it changed alone it is not told
	}
	frames := make(map[uint32]int)
	for conn, c := range r.clients {
		frames[conn] = c.frames
	}
	r.tick()
	r.expire(r.now, 10*time.Second)
	for conn, x := range r.members {
		c := r.clients[conn]
		if c.blocked || alone && c.frames == frames[conn] {
			continue
		}
		if !maps.Equal(c.groups, x.groups) {
			t.Fatalf("member %d holds the groups %v, it is in %v", x.number, c.groups, x.groups)
		}
		if !x.looking {
			if got, want := c.sees(), describe(r.list(x, r.k)); !slices.Equal(got, want) {
				t.Fatalf("member %d sees\n%s\nnot\n%s", x.number, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			continue
		}
		if c.whole && c.frames > frames[conn] {
			before[conn] = nil
		}
		if err := r.checkView(x, before[conn], c.held, r.k); err != nil {
			t.Fatalf("member %d: %v; it sees\n%s", x.number, err, strings.Join(c.sees(), "\n"))
		}
	}
	if len(r.members) > 1 && r.m.Busy() && !slices.ContainsFunc(slices.Collect(maps.Values(r.clients)), func(c *client) bool { return c.blocked }) {
		t.Fatalf("a room in which all are served is still busy")
	}
}

func (r *modelRun) Check(*rapid.T) {}

// TestModel holds the machine to the reference, over any schedule of joins,
// shows, looks, groups, blocked clients, time-outs and leaves.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		room := testRoom()
		k := rapid.SampledFrom([]int{1, 3, 20}).Draw(t, "k")
		room.Sample = k
		r := &modelRun{rig: newRig(t, room), model: model{members: make(map[uint32]*modelMember), queues: make(map[string][]uint32)}, k: k}
		for range rapid.IntRange(0, 8).Draw(t, "present") {
			r.Join(t)
			x, y := float32(rapid.IntRange(-30, 30).Draw(t, "x")), float32(rapid.IntRange(-10, 10).Draw(t, "y"))
			r.must(r.rig.show(r.next, Cursor{X: x, Y: y}, ""))
			r.members[r.next].state = Cursor{X: x, Y: y}
			r.model.show(r.next, "")
		}
		actions := rapid.StateMachineActions(r)
		actions["TickAgain"], actions["ShowAgain"], actions["JoinAgain"] = r.Tick, r.Show, r.Join
		t.Repeat(actions)
		for _, c := range r.clients {
			c.blocked = false
		}
		if len(r.members) > 1 {
			r.Tick(t)
			r.Tick(t)
		}
	})
}
