package rooms_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

func TestAJoinerGetsAKeyframeThenDeltas(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		if a.joined.Room != b.joined.Room {
			t.Fatal("joinOrCreate made two rooms for two players")
		}
		for range 20 {
			if err := seatA.Command(a.Applied()+2, inWalk, payload(t, walk{1})); err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
		}
		if a.keys != 1 || b.keys != 1 || a.frames < 20 || b.frames < 20 {
			t.Errorf("ann got %d frames with %d keyframes, bob %d with %d", a.frames, a.keys, b.frames, b.keys)
		}
		if a.ack == 0 || b.ack != 0 {
			t.Errorf("acknowledged: %d for ann who sent commands, %d for bob who sent none", a.ack, b.ack)
		}
		if a.owner == 0 {
			t.Error("no owner section came")
		}
	})
}

func TestNeverOverFullUnderAThousandJoins(t *testing.T) {
	inHouse(t, "", func(h *house) {
		info, err := h.registry.Create(context.Background(), rooms.CreateRequest{Kind: "crowd"})
		if err != nil {
			t.Fatal(err)
		}
		var in atomic.Int32
		var all sync.WaitGroup
		for range 1000 {
			all.Go(func() {
				seat, err := h.registry.Reserve(context.Background(), rooms.JoinRequest{Mode: rooms.JoinByID, Room: info.ID, User: auth.User{ID: "u"}})
				if err == nil && seat.Enter(&client{t: t}) == nil {
					in.Add(1)
				}
			})
		}
		all.Wait()
		h.pass(time.Second)
		info, _ = h.registry.Info(info.ID)
		if in.Load() != 64 || info.Players != 64 {
			t.Errorf("%d entered a room of 64, it says %d", in.Load(), info.Players)
		}
		h.refused("late", rooms.JoinRequest{Mode: rooms.JoinByID, Room: info.ID}, schema.CodeRoomFull)
	})
}

func TestAReservationRunsOut(t *testing.T) {
	inHouse(t, "", func(h *house) {
		req := rooms.JoinRequest{Kind: "walk", User: auth.User{ID: "ann"}}
		seat, err := h.registry.Reserve(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		h.pass(16 * time.Second)
		if err := seat.Enter(&client{t: t}); err == nil {
			t.Error("a reservation was good after 16 s")
		}
		if n := h.registry.Stats().Players.Load(); n != 0 {
			t.Errorf("%d players are counted", n)
		}
	})
}

func TestAClientThatIsBehindGetsACatchUpThenAKeyframe(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		walkFor := func(ticks int) {
			for range ticks {
				if err := seatA.Command(a.Applied()+2, inWalk, payload(t, walk{1})); err != nil {
					t.Fatal(err)
				}
				h.pass(50 * time.Millisecond)
			}
		}
		walkFor(5)
		b.set(func() { b.blocked = true })
		walkFor(30)
		b.set(func() { b.blocked = false; b.ages = nil })
		walkFor(5)
		if b.keys != 1 || len(b.ages) == 0 || b.ages[0] < 29 {
			t.Errorf("after 30 blocked ticks: %d keyframes, ages %v; want one catch-up", b.keys, b.ages)
		}
		b.set(func() { b.blocked = true })
		walkFor(70)
		b.set(func() { b.blocked = false; b.ages = nil })
		walkFor(5)
		if b.keys != 2 || len(b.ages) == 0 || b.ages[0] != 0 {
			t.Errorf("after 70 blocked ticks: %d keyframes, ages %v; want a second keyframe", b.keys, b.ages)
		}
	})
}

func TestAClientThatAppliesNothingIsClosed(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		b.set(func() { b.deaf = true })
		for range 20 * 12 {
			if err := seatA.Command(a.Applied()+2, inWalk, payload(t, walk{1})); err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
		}
		if b.closed != schema.CodeStaleClient {
			t.Errorf("closed with %v, want STALE_CLIENT", b.closed)
		}
		if b.frames > 20*4 {
			t.Errorf("%d frames went to a client that applied none of them", b.frames)
		}
		if a.closed != 0 {
			t.Errorf("the other client was closed with %v", a.closed)
		}
	})
}

func TestALostPlayerReturnsToTheSameSeat(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		h.join("bob", rooms.JoinRequest{Kind: "walk"})
		seat.Lost()
		h.pass(5 * time.Second)
		h.refused("eve", a.joined, schema.CodeBadToken)
		wrong := a.joined
		wrong.Token = strings.Repeat("0", 32)
		h.refused("ann", wrong, schema.CodeBadToken)

		again, _ := h.join("ann", a.joined)
		if again.player != a.player || !again.back || again.keys != 1 {
			t.Errorf("came back as %v (was %v), reconnected %t, %d keyframes", again.player, a.player, again.back, again.keys)
		}
		h.pass(time.Second)
		h.refused("ann", a.joined, schema.CodeBadToken) // the old token is used up

		third, _ := h.join("ann", again.joined) // while the second is still connected
		if third.player != a.player || again.closed != schema.CodeReplaced {
			t.Errorf("third connection: player %v; the second was closed with %v", third.player, again.closed)
		}
		seat.Lost() // of the first connection, late: it must not count
		h.pass(21 * time.Second)
		if third.left != 0 || third.closed != 0 {
			t.Errorf("the player was put out: left %v, closed %v", third.left, third.closed)
		}
	})
}

func TestTheTokenStaysGoodUntilItsSuccessorArrived(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		seat.Lost()
		h.pass(time.Second)
		req := a.joined
		req.User = auth.User{ID: "ann"}
		back, err := h.registry.Reserve(context.Background(), req)
		if err != nil {
			t.Fatal(err)
		}
		if err := back.Enter(&client{t: t, deaf: true}); err != nil { // Joined never reaches the player
			t.Fatal(err)
		}
		h.pass(time.Second)
		back.Lost()
		h.pass(time.Second)
		again, _ := h.join("ann", a.joined)
		if again.player != a.player {
			t.Errorf("came back as %v, want %v", again.player, a.player)
		}
	})
}

func TestGraceEndsASeatThoughTheRoomSleeps(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		seat.Lost()
		h.pass(time.Second)
		before, _ := h.registry.Info(a.joined.Room)
		h.pass(10 * time.Second)
		asleep, _ := h.registry.Info(a.joined.Room)
		if asleep.Tick != before.Tick {
			t.Errorf("the tick went from %d to %d with nobody there", before.Tick, asleep.Tick)
		}
		h.pass(11 * time.Second)
		after, ok := h.registry.Info(a.joined.Room)
		if !ok || after.Players != 0 {
			t.Errorf("after the grace: %d players, room there: %t", after.Players, ok)
		}
		h.refused("ann", a.joined, schema.CodeBadToken)
		h.pass(31 * time.Second)
		if _, ok := h.registry.Info(a.joined.Room); ok {
			t.Error("the empty room is still there after 30 s")
		}
	})
}

func TestLeavingFreesTheSeatAtOnce(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		seat.Leave()
		h.pass(100 * time.Millisecond)
		if a.left != schema.CodeLeft || !a.done {
			t.Errorf("left %v, done %t", a.left, a.done)
		}
		if n := h.registry.Stats().Players.Load(); n != 0 {
			t.Errorf("%d players are counted", n)
		}
	})
}

func TestMatchmaking(t *testing.T) {
	inHouse(t, "", func(h *house) {
		h.refused("ann", rooms.JoinRequest{Kind: "nope"}, schema.CodeNoSuchKind)
		h.refused("ann", rooms.JoinRequest{Mode: rooms.JoinByID, Room: "nope"}, schema.CodeNoSuchRoom)
		h.refused("ann", rooms.JoinRequest{Kind: "walk", RawOptions: []byte("{")}, schema.CodeBadOptions)
		h.refused("ann", rooms.JoinRequest{Kind: "walk", RawOptions: []byte(`{"Name":1}`)}, schema.CodeBadOptions)

		secret, _ := h.join("ann", rooms.JoinRequest{Mode: rooms.JoinCreate, Kind: "walk", Private: true})
		open, seat := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		if open.joined.Room == secret.joined.Room {
			t.Error("joinOrCreate found a private room")
		}
		if list := h.registry.List("walk", nil); len(list) != 1 || list[0].ID != open.joined.Room {
			t.Errorf("the list has %v", list)
		}
		byID, _ := h.join("cleo", rooms.JoinRequest{Mode: rooms.JoinByID, Room: secret.joined.Room})
		if byID.joined.Room != secret.joined.Room {
			t.Error("a private room cannot be joined by its ID")
		}

		send(h, seat, inShout, shout{"lock"})
		h.refused("dan", rooms.JoinRequest{Mode: rooms.JoinByID, Room: open.joined.Room}, schema.CodeRoomLocked)
		other, _ := h.join("dan", rooms.JoinRequest{Kind: "walk"})
		if other.joined.Room == open.joined.Room {
			t.Error("joinOrCreate joined a locked room")
		}
		locked := map[string]json.RawMessage{"mood": json.RawMessage(` "locked"`)}
		if list := h.registry.List("", locked); len(list) != 1 || list[0].ID != open.joined.Room || !list[0].Locked {
			t.Errorf("filtered by metadata the list has %v", list)
		}
	})
}

func TestThoseWhoOpenTooManyRoomsMayStillJoin(t *testing.T) {
	inHouse(t, "", func(h *house) {
		h.refused("eve", rooms.JoinRequest{Kind: "walk", Remote: "greedy"}, schema.CodeRateLimited)
		h.refused("eve", rooms.JoinRequest{Mode: rooms.JoinCreate, Kind: "walk", Remote: "greedy"}, schema.CodeRateLimited)
		a, _ := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		e, _ := h.join("eve", rooms.JoinRequest{Kind: "walk", Remote: "greedy"})
		if e.joined.Room != a.joined.Room {
			t.Error("a room with free seats was not joined")
		}
	})
}

func TestTickets(t *testing.T) {
	inHouse(t, "", func(h *house) {
		ticket, err := h.registry.Ticket(context.Background(), rooms.JoinRequest{Kind: "walk", User: auth.User{ID: "ann"}})
		if err != nil {
			t.Fatal(err)
		}
		use := rooms.JoinRequest{Mode: rooms.JoinTicket, Token: ticket.Token}
		h.refused("eve", use, schema.CodeBadToken)
		a, _ := h.join("ann", use)
		if a.joined.Room != ticket.Room {
			t.Errorf("the ticket was for %s and led to %s", ticket.Room, a.joined.Room)
		}
		h.refused("ann", use, schema.CodeBadToken)
	})
}

func TestOperators(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, _ := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		room := a.joined.Room
		if err := h.registry.Message(room, "notice", []byte(`"soon"`)); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.Kick(room, "bob", "bye"); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.Kick(room, "nobody", "bye"); err == nil {
			t.Error("kicked nobody")
		}
		h.pass(100 * time.Millisecond)
		if b.left != schema.CodeKicked || a.left != 0 {
			t.Errorf("left: ann %v, bob %v", a.left, b.left)
		}
		if len(a.messages) != 1 || a.messages[0] != "notice" {
			t.Errorf("messages: %v", a.messages)
		}
		var dump bytes.Buffer
		if err := h.registry.Dump(context.Background(), room, &dump); err != nil || !strings.Contains(dump.String(), "Walkers") {
			t.Errorf("dump (%v):\n%s", err, dump.String())
		}
	})
}

func TestRulesCanKickAndClose(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, seatB := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		send(h, seatA, inShout, shout{"kick me"})
		if a.left != schema.CodeKicked || !a.done || b.left != 0 {
			t.Errorf("left: ann %v, bob %v", a.left, b.left)
		}
		send(h, seatB, inShout, shout{"end"})
		if b.left != schema.CodeRoomClosed {
			t.Errorf("bob left with %v", b.left)
		}
		if n := h.registry.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms are left", n)
		}
	})
}
