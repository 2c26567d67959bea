package client

import (
	"context"
	"errors"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

func TestReconnectIntoTheSameSeat(t *testing.T) {
	f := newFake(t)
	states := make(chan State, 10)
	c := dialFake(t, f, Options{Reconnect: quick, OnState: func(s State) { states <- s }})
	room := enter(t, f, c, JoinOptions{})
	players, err := Table[walker](room, "Players")
	if err != nil {
		t.Fatal(err)
	}
	came := frames(room)
	same := make(chan bool, 1)
	room.OnReconnect(func(s bool) { same <- s })
	player, token := room.Player(), f.members[0].token
	f.drop()
	f.wait("the reconnection", func() bool { return len(f.joins) == 2 && f.members[0].conn != nil })
	f.step(func(w *fakeWorld) { w.Players.Edit(player).X = 42 })
	until(t, came, 2)
	if j := f.joins[1]; j.mode != fb.JoinModeReconnect || j.token != token || j.room != "room-1" || j.schemaHash != f.hash {
		t.Errorf("joined again with %+v", j)
	}
	if f.hellos[1] != "guest-1" {
		t.Errorf("came back as %q", f.hellos[1])
	}
	if !<-same || room.Player() != player || !room.Connected() {
		t.Error("not in the same seat")
	}
	if a, b := <-states, <-states; a != Reconnecting || b != Connected {
		t.Errorf("states %v, %v", a, b)
	}
	room.View(func() {
		if p, _ := players.Get(player); p.X != 42 {
			t.Errorf("player %+v after the keyframe", p)
		}
	})
	if s := c.Stats(); s.Disconnects != 1 || s.Reconnects != 1 || s.Reseats != 1 || s.Rejoins != 0 {
		t.Errorf("stats %+v", s)
	}
}

// A server that has forgotten the seat, as after a restart, is joined anew.
func TestReconnectWithoutASeat(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{Reconnect: quick})
	room := enter(t, f, c, JoinOptions{Options: "my options"})
	came := frames(room)
	f.mu.Lock()
	f.newWorld()
	f.room = "room-2"
	f.mu.Unlock()
	f.drop()
	f.wait("the join", func() bool { return len(f.members) == 1 })
	f.step(nil)
	until(t, came, 1)
	if j := f.joins[2]; j.mode != fb.JoinModeJoinOrCreate || j.kind != "walkers" || j.options != `"my options"` {
		t.Errorf("joined anew with %+v", j)
	}
	if room.ID() != "room-2" {
		t.Errorf("in %s", room.ID())
	}
	if s := c.Stats(); s.Rejoins != 1 || s.Reseats != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestRefusals(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{Reconnect: quick})
	f.joinAs = func(fakeJoin) *schema.Error { return schema.Errorf(schema.CodeRoomFull, "no place") }
	_, err := c.JoinByID(within(t), "room-1", JoinOptions{})
	var e *schema.Error
	if !errors.As(err, &e) || e.Code != schema.CodeRoomFull {
		t.Errorf("JoinByID: %v, want ROOM_FULL", err)
	}
	if j := f.joins[0]; j.mode != fb.JoinModeJoinByID || j.room != "room-1" {
		t.Errorf("asked for %+v", j)
	}
	if _, err := c.Create(within(t), "walkers", JoinOptions{Options: func() {}}); err == nil {
		t.Error("options that are no JSON were sent")
	}
	gone, cancel := context.WithCancel(within(t))
	cancel()
	f.joinAs = nil
	if _, err := c.Create(gone, "walkers", JoinOptions{Private: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a join that was given up: %v", err)
	}
	f.wait("the abandoned seat to be left", func() bool { return len(f.members) == 1 && f.members[0].left })
}

// A room whose seat is refused for good ends; the client goes on.
func TestEndOfARoom(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{Reconnect: quick})
	room := enter(t, f, c, JoinOptions{})
	left := make(chan schema.Code, 2)
	room.OnLeft(func(e *schema.Error) { left <- e.Code })
	f.mu.Lock()
	f.joinAs = func(fakeJoin) *schema.Error { return schema.Errorf(schema.CodeForbidden, "not you") }
	f.mu.Unlock()
	f.drop()
	<-room.Gone()
	if code := <-left; code != schema.CodeForbidden || room.Err() == nil {
		t.Errorf("left with %v, %v", code, room.Err())
	}
	if err := SendCommand(room, 1, walk{}); !errors.Is(err, ErrDisconnected) {
		t.Errorf("a command after the end: %v", err)
	}
	f.mu.Lock()
	f.joinAs = nil
	f.mu.Unlock()
	again := enter(t, f, c, JoinOptions{})
	if err := again.Leave(within(t)); err != nil || again.Err() == nil {
		t.Errorf("leave: %v, %v", err, again.Err())
	}
}

func TestCloseLeavesTheRooms(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{})
	room := enter(t, f, c, JoinOptions{})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.wait("the leave", func() bool { return f.members[0].left })
	<-room.Gone()
	if !errors.Is(c.Err(), ErrClosed) {
		t.Errorf("closed with %v", c.Err())
	}
	if _, err := c.JoinOrCreate(within(t), "walkers", JoinOptions{}); err == nil {
		t.Error("joined with a closed client")
	}
}

func TestFinalEnds(t *testing.T) {
	f := newFake(t)
	c := dialFake(t, f, Options{Reconnect: quick})
	room := enter(t, f, c, JoinOptions{})
	f.mu.Lock()
	f.send(f.conns[0], schema.Header{Kind: schema.KindClose}, f.builder.Close(schema.CodeReplaced, "elsewhere"))
	f.mu.Unlock()
	<-c.Done()
	if !errors.Is(c.Err(), &schema.Error{Code: schema.CodeReplaced}) || !errors.Is(room.Err(), &schema.Error{Code: schema.CodeReplaced}) {
		t.Errorf("client %v, room %v", c.Err(), room.Err())
	}
	for _, url := range []string{"ftp://x", "ws://127.0.0.1:1", "::"} {
		if _, err := Dial(within(t), url, Options{}); err == nil {
			t.Errorf("dialled %s", url)
		}
	}
}
