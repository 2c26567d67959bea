package host_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// S1: Opened says all that a client needs; a client that has the descriptor is
// not sent it again.
func TestOpened(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		_, l := r.join("cursors/lobby", "ann")
		m := fb.GetRootAsOpened(l.of(schema.KindOpened)[0].body, 0)
		kind := r.h.Kinds()[0]
		if m.Request() != 1 || string(m.Room()) != "cursors/lobby" || m.Member() != 1 || m.Hz() != 20 || m.SchemaHash() != kind.Hash() ||
			!bytes.Equal(m.SchemaBytes(), kind.Descriptor()) {
			t.Errorf("Opened %d %s %d %d %s", m.Request(), m.Room(), m.Member(), m.Hz(), m.SchemaBytes())
		}
		if crowd := l.of(schema.KindCrowd); len(crowd) != 1 || crowd[0].head.Flags != schema.FlagWhole {
			t.Errorf("S4.3: %d Crowds", len(crowd))
		}
		seat, err := r.h.Open(context.Background(), host.OpenRequest{Room: "cursors/lobby", SchemaHash: kind.Hash(), User: presence.User{ID: "bob"}})
		if err != nil {
			t.Fatal(err)
		}
		other := newLink()
		if err := seat.Enter(other); err != nil {
			t.Fatal(err)
		}
		r.wait()
		if m := fb.GetRootAsOpened(other.of(schema.KindOpened)[0].body, 0); m.SchemaLength() != 0 || m.Member() != 2 {
			t.Errorf("Opened of member %d with %d bytes of schema", m.Member(), m.SchemaLength())
		}
	})
}

// What one shows arrives at the others; leaving and being lost take it away.
func TestRoom(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, annLink := r.join("cursors/lobby", "ann")
		bob, bobLink := r.join("cursors/lobby", "bob")
		_, elsewhere := r.join("cursors/other", "cat")
		r.show(ann, Cursor{"Ann", 3}, "")
		r.show(bob, Cursor{"Bob", 4}, "")
		r.wait()
		if c, ok := bobLink.sees(1); !ok || c != (Cursor{"Ann", 3}) {
			t.Errorf("bob sees %v, %t", c, ok)
		}
		if len(elsewhere.of(schema.KindCrowd)) != 1 {
			t.Error("another room was told")
		}
		bob.Leave()
		bob.Lost()
		r.wait()
		if bobLink.code(schema.KindLeft) != schema.CodeLeft || !bobLink.over() {
			t.Error("S1.5: bob was not told that he has left")
		}
		if _, ok := annLink.sees(2); ok {
			t.Error("ann sees bob, who has left")
		}
		ann.Lost()
		r.wait()
		if n := r.h.Stats().Members.Load(); n != 1 {
			t.Errorf("%d members", n)
		}
	})
}

// S4.5: each connection is flushed once a tick.
func TestRate(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, _ := r.join("cursors/lobby", "ann")
		_, bob := r.join("cursors/lobby", "bob")
		r.wait()
		before, flushes := len(bob.of(schema.KindCrowd)), bob.flushes
		for i := range 400 { // for two seconds, 200 Hz
			r.show(ann, Cursor{X: float32(i)}, "")
			time.Sleep(5 * time.Millisecond)
		}
		r.wait()
		if n := len(bob.of(schema.KindCrowd)) - before; n < 38 || n > 42 || bob.flushes-flushes != n {
			t.Errorf("%d Crowds in two seconds at 20 Hz, %d flushes", n, bob.flushes-flushes)
		}
		if c, _ := bob.sees(1); c.X != 399 {
			t.Errorf("bob sees %v", c)
		}
	})
}

// S4.6: a slow client is skipped, and made good.
func TestSlowClient(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, _ := r.join("cursors/lobby", "ann")
		_, slow := r.join("cursors/lobby", "slow")
		slow.mu.Lock()
		slow.blocked, slow.pending = true, 100<<10
		slow.mu.Unlock()
		for i := range 100 {
			r.show(ann, Cursor{X: float32(i)}, "")
			time.Sleep(50 * time.Millisecond)
		}
		if err := r.h.Cast("cursors/lobby", "", 0, Wave{1}); err != nil {
			t.Fatal(err)
		}
		r.wait()
		if r.h.Stats().Skipped.Load() < 90 || r.h.Stats().CastsLost.Load() != 1 {
			t.Errorf("%d skipped, %d casts lost", r.h.Stats().Skipped.Load(), r.h.Stats().CastsLost.Load())
		}
		slow.mu.Lock()
		slow.blocked = false
		slow.mu.Unlock()
		r.wait()
		if c, ok := slow.sees(1); !ok || c.X != 99 {
			t.Errorf("slow sees %v, %t", c, ok)
		}
	})
}

// Refusals reach their sender, with the request that they answer.
func TestRefusals(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, l := r.join("cursors/lobby", "ann")
		if err := ann.Receive(schema.Header{Kind: schema.KindCast}, r.b.Cast(schema.CastInfo{Request: 9, Name: "Shout"})); err != nil {
			t.Fatal(err)
		}
		r.wait()
		if m := fb.GetRootAsError(l.of(schema.KindError)[0].body, 0); m.Request() != 9 || schema.Code(m.Code()) != schema.CodeNoSuchCast {
			t.Errorf("Error %d for %d", m.Code(), m.Request())
		}
		wantCode(t, ann.Receive(schema.Header{Kind: schema.KindDrag}, r.b.Drag(1, 0, nil)), schema.CodeBadInput)
		var err error
		for range 200 { // more than fit between two ticks
			if e := ann.Receive(schema.Header{Kind: schema.KindShow}, r.b.Show(nil, "")); e != nil {
				err = e
			}
		}
		wantCode(t, err, schema.CodeRateLimited)
		r.wait()
		r.show(ann, Cursor{X: 1}, "")
	})
}

func TestLimits(t *testing.T) {
	full := cursors(func(room *presence.Room[Cursor]) { room.MaxMembers = 1 })
	asked := 0
	cfg := host.Config{Kinds: []presence.Kind{full}, MaxRooms: 2, MayOpen: func(remote string) bool { asked++; return remote != "bad" }}
	bubble(t, cfg, func(r *rig) {
		open := func(room, remote string) error {
			seat, err := r.h.Open(context.Background(), host.OpenRequest{Room: room, Remote: remote})
			if err == nil {
				seat.Lost()
			}
			return err
		}
		r.join("cursors/a", "ann")
		_, refused := r.open("cursors/a", "bob")
		r.wait()
		if refused.code(schema.KindError) != schema.CodeRoomFull || !refused.over() {
			t.Error("S1.4: a full room let somebody in, or did not say so")
		}
		wantCode(t, open("cursors/b", "bad"), schema.CodeRateLimited)
		if err := open("cursors/b", "good"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, open("cursors/c", "good"), schema.CodeTooManyRooms)
		wantCode(t, open("nothing/c", ""), schema.CodeNoSuchKind)
		wantCode(t, open("cursors/", ""), schema.CodeNoSuchRoom)
		if asked != 2 {
			t.Errorf("asked %d times whether a room may be made", asked)
		}
	})
}

// A room that nobody is in goes after a while; one that somebody is on the way
// into stays.
func TestIdleRooms(t *testing.T) {
	bubble(t, host.Config{IdleAfter: 5 * time.Second}, func(r *rig) {
		ann, _ := r.join("cursors/lobby", "ann")
		ann.Lost()
		time.Sleep(3 * time.Second)
		if n := r.h.Stats().Rooms.Load(); n != 1 {
			t.Errorf("%d rooms after 3 s", n)
		}
		seat, err := r.h.Open(context.Background(), host.OpenRequest{Room: "cursors/lobby", User: presence.User{ID: "bob"}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Second)
		l := newLink()
		if err := seat.Enter(l); err != nil {
			t.Fatal(err)
		}
		r.wait()
		if l.member != 2 {
			t.Errorf("member %d: another room", l.member)
		}
		seat.Lost()
		time.Sleep(6 * time.Second)
		if n := r.h.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms", n)
		}
		if _, l := r.join("cursors/lobby", "cat"); l.member != 1 {
			t.Errorf("member %d of a new room", l.member)
		}
	})
}

// S3.6 in the host: the room wakes by itself.
func TestTimeout(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, _ := r.join("cursors/lobby", "ann")
		_, bob := r.join("cursors/lobby", "bob")
		r.show(ann, Cursor{}, "")
		time.Sleep(9 * time.Second)
		if _, ok := bob.sees(1); !ok {
			t.Error("gone after 9 s")
		}
		time.Sleep(2 * time.Second)
		if _, ok := bob.sees(1); ok {
			t.Error("still shown after 11 s")
		}
	})
}

// S8: who asks from outside learns numbers, and what is shown to everyone.
func TestQueries(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, _ := r.join("cursors/lobby", "ann")
		tab, _ := r.join("cursors/lobby", "ann")
		r.join("cursors/lobby", "bob")
		away, _ := r.join("cursors/other", "ann")
		r.show(ann, Cursor{"Ann", 3}, "")
		if err := tab.Receive(schema.Header{Kind: schema.KindGroup}, r.b.Group(1, "secret", false)); err != nil {
			t.Fatal(err)
		}
		r.show(tab, Cursor{"Tab", 4}, "secret")
		r.wait()
		info, err := r.h.Room(context.Background(), "cursors/lobby")
		if err != nil {
			t.Fatal(err)
		}
		text, _ := json.Marshal(info)
		want := `{"room":"cursors/lobby","members":3,"users":2,"online":[{"member":1,"user":"ann","name":"ann","state":{"Name":"Ann","X":3}},` +
			`{"member":2,"user":"ann","name":"ann"},{"member":3,"user":"bob","name":"bob"}]}`
		if string(text) != want {
			t.Errorf("Room is\n%s\nnot\n%s", text, want)
		}
		if got := fmt.Sprint(r.h.Occupancy("cursors")); got != "[{cursors/lobby 3 2} {cursors/other 1 1}]" {
			t.Errorf("Occupancy is %s", got)
		}
		if got := fmt.Sprint(r.h.User("ann")); got != "[{cursors/lobby 1} {cursors/lobby 2} {cursors/other 1}]" {
			t.Errorf("User is %s", got)
		}
		away.Leave()
		r.wait()
		if got := fmt.Sprint(r.h.User("ann"), r.h.Occupancy(""), r.h.User("nobody")); strings.Contains(got, "other") {
			t.Errorf("after leaving: %s", got)
		}
		if info, err := r.h.Room(context.Background(), "cursors/nobody"); err != nil || info.Members != 0 || info.Online == nil {
			t.Errorf("an empty room is %v, %v", info, err)
		}
		_, err = r.h.Room(context.Background(), "nothing/x")
		wantCode(t, err, schema.CodeNoSuchKind)
		wantCode(t, r.h.MaySee(presence.User{Guest: true}, "cursors/lobby"), schema.CodeRefused)
		if err := r.h.MaySee(presence.User{ID: "ann"}, "cursors/lobby"); err != nil {
			t.Error(err)
		}
	})
}

// Server code casts and edits.
func TestServerCode(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, l := r.join("cursors/lobby", "ann")
		r.show(ann, Cursor{"Ann", 1}, "")
		if err := r.h.Cast("cursors/lobby", "", 0, Wave{2}); err != nil {
			t.Fatal(err)
		}
		if err := host.Edit(r.h, "cursors/lobby", 1, func(c *Cursor) error { c.X = 9; return nil }); err != nil {
			t.Fatal(err)
		}
		r.wait()
		if c, _ := l.sees(1); c != (Cursor{"Ann", 9}) || len(l.of(schema.KindCasted)) != 1 {
			t.Errorf("ann sees %v and %d casts", c, len(l.of(schema.KindCasted)))
		}
		wantCode(t, r.h.Cast("cursors/lobby", "", 0, 5), schema.CodeNoSuchCast)
		wantCode(t, host.Edit(r.h, "cursors/none", 1, func(*Cursor) error { return nil }), schema.CodeNoSuchRoom)
	})
}

// A panic in a room ends that room alone, and says so to its members.
func TestFault(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, annLink := r.join("cursors/a", "ann")
		_, other := r.join("cursors/b", "bob")
		annLink.bomb(true)
		r.show(ann, Cursor{Name: "bomb"}, "")
		r.open("cursors/a", "eve") // for whom there is something to send
		r.wait()
		annLink.bomb(false)
		if annLink.code(schema.KindLeft) != schema.CodeRoomFaulted || !annLink.over() || other.over() {
			t.Errorf("ann got %s, bob's room is over: %t", annLink.code(schema.KindLeft), other.over())
		}
		wantCode(t, ann.Receive(schema.Header{Kind: schema.KindShow}, r.b.Show(nil, "")), schema.CodeRoomFaulted)
		ann.Lost()
		if _, again := r.join("cursors/a", "ann"); again.member != 1 {
			t.Error("the room cannot be entered again")
		}
		if s := r.h.Stats(); s.RoomsFaulted.Load() != 1 || s.Members.Load() != 2 {
			t.Errorf("%d faults, %d members", s.RoomsFaulted.Load(), s.Members.Load())
		}
	})
}

// Close tells all, also those on the way in.
func TestClose(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		ann, l := r.join("cursors/lobby", "ann")
		_, coming := r.open("cursors/lobby", "bob")
		l.delay = time.Second // which Close waits for
		r.h.Close()
		if l.code(schema.KindLeft) != schema.CodeGoingAway || coming.code(schema.KindError) != schema.CodeGoingAway {
			t.Errorf("told %s and %s", l.code(schema.KindLeft), coming.code(schema.KindError))
		}
		_, err := r.h.Open(context.Background(), host.OpenRequest{Room: "cursors/lobby"})
		wantCode(t, err, schema.CodeGoingAway)
		ann.Lost()
		if n := r.h.Stats().Members.Load(); n != 0 {
			t.Errorf("%d members", n)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	kind := cursors(nil)
	if _, err := host.New(host.Config{}); err == nil || !strings.Contains(err.Error(), "Scheduler") {
		t.Errorf("error %v", err)
	}
	bubble(t, host.Config{}, func(r *rig) {
		for want, kinds := range map[string][]presence.Kind{"two kinds": {kind, kind}, "slash": {presence.Define("a/b", presence.Room[Cursor]{})}} {
			if _, err := host.New(host.Config{Scheduler: r.s, Kinds: kinds}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one with %q", err, want)
			}
		}
	})
}

// A client may leave as soon as it can guess its handle: nobody stays behind.
func TestLeaveBeforeEnter(t *testing.T) {
	bubble(t, host.Config{}, func(r *rig) {
		seat, err := r.h.Open(context.Background(), host.OpenRequest{Room: "cursors/lobby", User: presence.User{ID: "ann"}})
		if err != nil {
			t.Fatal(err)
		}
		seat.Leave()
		if err := seat.Enter(newLink()); err == nil {
			t.Error("who has left enters")
		}
		seat.Lost()
		r.wait()
		if n := r.h.Stats().Members.Load(); n != 0 {
			t.Errorf("%d members", n)
		}
		time.Sleep(time.Minute)
		if n := r.h.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms", n)
		}
	})
}
