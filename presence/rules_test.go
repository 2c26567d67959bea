package presence_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

func (r *rig) expect(c *client, want ...string) {
	r.t.Helper()
	if got := c.sees(); !slices.Equal(got, want) {
		r.t.Fatalf("member %d sees\n  %s\nnot\n  %s", c.member, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// S1.3, S3.7: two connections of a user are two members, seen from their first
// Show on.
func TestTwoTabs(t *testing.T) {
	r := newRig(t, testRoom())
	one, two := r.join(1, "ann"), r.join(2, "ann")
	r.tick()
	r.expect(one)
	r.must(r.show(1, Cursor{X: 1}, ""))
	r.tick()
	r.must(r.show(2, Cursor{X: 2}, ""))
	r.tick()
	for _, c := range []*client{one, two} {
		r.expect(c, `1 ann/ "" 1,0 -`, `2 ann/ "" 2,0 -`)
	}
	if r.m.Len() != 2 || r.m.Users() != 1 {
		t.Errorf("%d members, %d users", r.m.Len(), r.m.Users())
	}
	r.leave(1)
	r.tick()
	r.expect(two, `2 ann/ "" 2,0 -`)
	if again := r.join(1, "ann"); again.member != 3 {
		t.Errorf("S1.3: member %d was given again", again.member)
	}
}

// S3.1, S4.5: of what is shown between two ticks others get the newest, in one
// Crowd, and nothing more until something changes.
func TestNewestWins(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	bob := r.join(2, "bob")
	r.must(r.show(1, Cursor{Name: "Ann"}, ""))
	r.tick()
	for x := range 5 {
		r.must(r.showField(1, "X", value.OfFloat(float64(x)), ""))
	}
	before := bob.frames
	r.tick()
	r.tick()
	r.expect(bob, `1 ann/ "Ann" 4,0 -`)
	if n := bob.frames - before; n != 1 {
		t.Errorf("%d Crowds, want 1", n)
	}
	r.must(r.showField(1, "X", value.OfFloat(4), ""))
	if r.m.Busy() {
		t.Error("busy although the state is what it was")
	}
}

// S4.5: who is alone is told what it shows once a second, and who comes gets all.
func TestAlone(t *testing.T) {
	r := newRig(t, testRoom())
	ann, began := r.join(1, "ann"), r.now
	r.must(r.show(1, Cursor{Name: "Ann"}, ""))
	r.tick()
	for x := range 100 {
		r.must(r.showField(1, "X", value.OfFloat(float64(x)), ""))
		if r.m.Busy() {
			t.Fatal("busy though alone")
		}
		r.tick()
	}
	if ann.frames != 1 {
		t.Errorf("%d Crowds for one who is alone, want the first", ann.frames)
	}
	r.now = r.m.Next()
	r.tick()
	r.tick()
	if r.expect(ann, `1 ann/ "Ann" 99,0 -`); ann.frames != 2 || r.now != began.Add(time.Second) {
		t.Errorf("%d Crowds after a second, at %v", ann.frames, r.now)
	}
	r.must(r.showField(1, "Name", value.OfString(" Anna "), ""))
	r.tick()
	r.expect(ann, `1 ann/ "Anna" 99,0 -`) // S3.3: the hook altered it
	bob := r.join(2, "bob")
	r.tick()
	r.expect(bob, `1 ann/ "Anna" 99,0 -`)
	r.leave(2)
	r.tick()
	r.expect(ann, `1 ann/ "Anna" 99,0 -`)
}

// S3.6: a state times out; a heartbeat brings it back, no heartbeat shows what
// was never shown.
func TestTimeout(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	bob, silent := r.join(2, "bob"), r.join(3, "cat")
	r.must(r.show(1, Cursor{X: 1}, ""))
	r.tick()
	r.now = r.now.Add(9 * time.Second)
	r.must(r.heartbeat(3))
	r.tick()
	r.expect(bob, `1 ann/ "" 1,0 -`)
	r.now = r.m.Next()
	r.tick()
	r.expect(bob)
	r.must(r.heartbeat(1))
	r.tick()
	r.expect(bob, `1 ann/ "" 1,0 -`)
	r.expect(silent, `1 ann/ "" 1,0 -`)
	if _, ok := presence.StateOf[Cursor](r.m, 3); ok {
		t.Error("a heartbeat showed what was never shown")
	}
}

// S3.2: what is refused changes nothing.
func TestRefusedShow(t *testing.T) {
	room := testRoom()
	room.StateBytes = 64
	r := newRig(t, room)
	r.join(1, "ann")
	bob := r.join(2, "bob")
	r.must(r.show(1, Cursor{Name: "Ann", X: 1}, ""))
	r.tick()
	wantCode(t, r.show(1, Cursor{Name: "bad", X: 9}, ""), schema.CodeRefused)
	wantCode(t, r.show(1, Cursor{Name: strings.Repeat("x", 64)}, ""), schema.CodeTooLarge)
	wantCode(t, r.show(1, Cursor{X: 9}, "elsewhere"), schema.CodeForbidden)
	wantCode(t, r.receive(1, schema.KindShow, r.b.Show([]byte{1, 0, 9}, "")), schema.CodeValidation)
	wantCode(t, r.receive(9, schema.KindShow, r.b.Show(nil, "")), schema.CodeNotInRoom)
	wantCode(t, r.look(1, 0, 0, -1, 5, 0), schema.CodeBadInput)
	r.tick()
	r.expect(bob, `1 ann/ "Ann" 1,0 -`)
}

// S5: private groups.
func TestGroups(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	bob, cat := r.join(2, "bob"), r.join(3, "cat")
	for _, conn := range []uint32{1, 2} {
		r.must(r.group(conn, "a", false))
	}
	r.must(r.show(1, Cursor{X: 1}, "a"))
	r.tick()
	r.expect(bob, `1 ann/a "" 1,0 -`)
	r.expect(cat)
	if !bob.groups["a"] || cat.groups["a"] {
		t.Error("S5.2: who is in the group is not told so")
	}
	r.m.Members(func(m presence.Member) bool {
		if m.State != nil {
			t.Errorf("S5.3: member %d's private state is shown to all who ask", m.Number)
		}
		return true
	})
	wantCode(t, r.group(3, "closed", false), schema.CodeRefused)
	wantCode(t, r.group(3, "", false), schema.CodeBadInput)
	r.must(r.group(1, "a", true)) // S5.4
	r.tick()
	r.expect(bob)
	r.must(r.heartbeat(1))
	r.tick()
	r.expect(bob)
	r.must(r.show(1, Cursor{X: 2}, ""))
	r.tick()
	r.expect(cat, `1 ann/ "" 2,0 -`)
}

// S5.5: a new token may end a membership.
func TestRenew(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	bob := r.join(2, "bob")
	r.must(r.group(1, "a", false))
	r.must(r.group(2, "a", false))
	r.must(r.show(1, Cursor{}, "a"))
	r.tick()
	r.m.Renew(r.now, 2, presence.User{ID: "bob", Name: "outcast"})
	r.tick()
	r.expect(bob)
	if bob.groups["a"] {
		t.Error("bob is not told that he is in the group no longer")
	}
}

// S6.3: at the edge nobody flickers.
func TestHysteresis(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	bob := r.join(2, "bob")
	r.must(r.look(2, 0, 0, 100, 100, 0))
	for _, step := range []struct {
		x    float32
		seen int
	}{{101, 0}, {100, 1}, {101, 1}, {125, 1}, {126, 0}, {120, 0}, {99, 1}} {
		r.must(r.show(1, Cursor{X: step.x, Y: 50}, ""))
		r.tick()
		if len(bob.held) != step.seen {
			t.Errorf("at %g bob sees %d, want %d", step.x, len(bob.held), step.seen)
		}
	}
}

// S4.6: a client that falls behind further than departures are remembered gets
// a whole Crowd.
func TestFarBehind(t *testing.T) {
	r := newRig(t, testRoom())
	slow := r.join(1, "slow")
	r.join(2, "ann")
	r.must(r.show(2, Cursor{}, ""))
	r.tick()
	slow.blocked = true
	for i := range uint32(3000) {
		r.join(3+i, "guest")
		r.must(r.show(3+i, Cursor{}, ""))
		r.tick()
		r.leave(3 + i)
		r.tick()
	}
	slow.blocked = false
	r.tick()
	r.expect(slow, `2 ann/ "" 0,0 -`)
	if !slow.whole {
		t.Error("not told to forget what it held")
	}
}

// S4.7: groups whose states do not fit in a Crowd wait.
func TestTooMuchForOneCrowd(t *testing.T) {
	room := testRoom()
	room.Sample, room.StateBytes, room.MaxGroups = 128, 1100, 2
	r := newRig(t, room)
	viewer := r.join(0, "viewer")
	big := strings.Repeat("x", 1000)
	for i := uint32(1); i <= 300; i++ {
		group := fmt.Sprintf("g%d", i%3)
		r.join(i, "user")
		if group != "g0" {
			r.must(r.group(i, group, false))
			r.must(r.show(i, Cursor{Name: big}, group))
		} else {
			r.must(r.show(i, Cursor{Name: big}, ""))
		}
	}
	r.must(r.group(0, "g1", false))
	r.must(r.group(0, "g2", false))
	r.tick() // the rig checks the Crowd's size
	if len(viewer.held) != 100 || !viewer.groups["g1"] || !viewer.groups["g2"] {
		t.Fatalf("the viewer holds %d members and is in %v", len(viewer.held), viewer.groups)
	}
	for i := uint32(1); i <= 300; i++ {
		if i%3 == 1 {
			r.must(r.show(i, Cursor{Name: "small"}, "g1"))
		}
	}
	r.tick()
	if len(viewer.held) != 300 {
		t.Errorf("the viewer holds %d members, want all, which fit now", len(viewer.held))
	}
	for i := uint32(1); i <= 300; i++ {
		group := []string{"", "g1", "g2"}[i%3]
		r.must(r.show(i, Cursor{Name: strings.Repeat("y", 1000)}, group))
	}
	r.tick()
	if len(viewer.held) != 100 || !viewer.whole {
		t.Errorf("the viewer holds %d members, want those that fit", len(viewer.held))
	}
}

// S7: casts.
func TestCasts(t *testing.T) {
	r := newRig(t, testRoom())
	ann, bob, cat := r.join(1, "ann"), r.join(2, "bob"), r.join(3, "cat")
	r.must(r.group(1, "a", false))
	r.must(r.group(2, "a", false))
	r.must(r.wave(1, 1, "", 0))
	r.must(r.wave(1, 200, "a", 0)) // the hook makes it 100
	r.must(r.wave(1, 3, "", cat.member))
	r.must(r.wave(1, 4, "", 99)) // nobody
	r.must(r.wave(1, 5, "a", cat.member))
	r.must(r.m.Cast(r.now, "", 0, Ping{}))
	r.must(r.m.Cast(r.now, "a", 0, &Wave{7}))
	r.must(r.m.Cast(r.now, "nobody's", 0, &Wave{8}))
	r.tick()
	r.tick()
	for _, c := range []struct {
		client *client
		want   []string
	}{
		{ann, []string{"Wave from 1 at 1", "Wave from 1 in a at 100", "Ping from 0", "Wave from 0 in a at 7"}},
		{bob, []string{"Wave from 1 at 1", "Wave from 1 in a at 100", "Ping from 0", "Wave from 0 in a at 7"}},
		{cat, []string{"Wave from 1 at 1", "Wave from 1 at 3", "Ping from 0"}},
	} {
		if !slices.Equal(c.client.casts, c.want) {
			t.Errorf("member %d got %q, want %q", c.client.member, c.client.casts, c.want)
		}
	}
	wantCode(t, r.wave(3, 1, "a", 0), schema.CodeForbidden)
	wantCode(t, r.wave(3, -1, "", 0), schema.CodeRefused)
	wantCode(t, r.receive(3, schema.KindCast, r.b.Cast(schema.CastInfo{Name: "Shout"})), schema.CodeNoSuchCast)
	wantCode(t, r.receive(3, schema.KindCast, r.b.Cast(schema.CastInfo{Name: "Wave", Data: []byte{1, 1}})), schema.CodeValidation)
	wantCode(t, r.m.Cast(r.now, "", 0, 5), schema.CodeNoSuchCast)
}

// S7.3: each cast has its own rate, and bursts of twice that.
func TestCastRates(t *testing.T) {
	r := newRig(t, testRoom())
	r.join(1, "ann")
	ping := func() error { return r.receive(1, schema.KindCast, r.b.Cast(schema.CastInfo{Name: "Ping"})) }
	r.must(ping())
	r.must(ping())
	wantCode(t, ping(), schema.CodeRateLimited)
	r.must(r.wave(1, 0, "", 0))
	r.now = r.now.Add(time.Second)
	r.must(ping())
	wantCode(t, ping(), schema.CodeRateLimited)
}

// A panic of a hook is its caller's trouble alone, and no text for the client.
func TestPanickingHooks(t *testing.T) {
	room := testRoom()
	room.Join = func(u presence.User, c *Cursor) error {
		if u.ID == "eve" {
			panic("join")
		}
		c.Name = u.ID
		return nil
	}
	room.Check = func(presence.User, *Cursor, *Cursor) error { panic("check") }
	r := newRig(t, room)
	ann, bob := r.join(1, "ann"), r.join(2, "bob")
	for _, err := range []error{r.show(1, Cursor{}, ""), func() error { _, err := r.m.Join(r.now, 3, presence.User{ID: "eve"}); return err }()} {
		if coded := new(schema.Error); err == nil || errors.As(err, &coded) {
			t.Errorf("error %v, want one that is not for the client", err)
		}
	}
	r.tick()
	r.expect(ann, `1 ann/ "ann" 0,0 -`, `2 bob/ "bob" 0,0 -`) // S3.7: at once
	r.expect(bob, `1 ann/ "ann" 0,0 -`, `2 bob/ "bob" 0,0 -`)
}

func TestServerEdits(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.join(1, "ann")
	r.must(r.show(1, Cursor{Name: "Ann"}, ""))
	r.tick()
	r.must(presence.Edit(r.m, r.now, 1, func(c *Cursor) error { c.X = 5; return nil }))
	r.tick()
	r.expect(ann, `1 ann/ "Ann" 5,0 -`)
	if err := presence.Edit(r.m, r.now, 1, func(*Wave) error { return nil }); err == nil {
		t.Error("an edit of another type is not refused")
	}
	wantCode(t, presence.Edit(r.m, r.now, 9, func(*Cursor) error { return nil }), schema.CodeNotInRoom)
	if c, ok := presence.StateOf[Cursor](r.m, 1); !ok || c.X != 5 {
		t.Errorf("StateOf = %v, %t", c, ok)
	}
}

func TestRoomFull(t *testing.T) {
	room := testRoom()
	room.MaxMembers = 1
	r := newRig(t, room)
	r.join(1, "ann")
	_, err := r.m.Join(r.now, 2, presence.User{ID: "bob"})
	wantCode(t, err, schema.CodeRoomFull)
}

// A state that the Position hook cannot take must not end the room.
func TestPositionPanics(t *testing.T) {
	room := testRoom()
	room.Position = func(c *Cursor) (x, y float32) {
		if c.X < 0 {
			panic("left of everything")
		}
		return c.X, c.Y
	}
	r := newRig(t, room)
	r.join(1, "ann")
	bob := r.join(2, "bob")
	r.must(r.look(2, -1, -1, 2, 2, 0))
	r.must(r.show(1, Cursor{X: 100}, ""))
	r.tick()
	r.expect(bob)
	r.must(r.showField(1, "X", value.OfFloat(-5), ""))
	r.tick()
	r.expect(bob, `1 ann/ "" -5,0 -`)
}
