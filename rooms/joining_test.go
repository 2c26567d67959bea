package rooms_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

// enter brings a user in without waiting for the room's answer.
func (h *house) enter(user string, req rooms.JoinRequest) (*client, *rooms.Seat) {
	h.t.Helper()
	c := &client{t: h.t}
	req.User = auth.User{ID: user, Name: user}
	seat, err := h.registry.Reserve(context.Background(), req)
	if err != nil {
		h.t.Fatalf("failed to reserve for %s: %v", user, err)
	}
	if err := seat.Enter(c); err != nil {
		h.t.Fatal(err)
	}
	return c, seat
}

// onlyRefused checks that a join was answered by one Error and nothing else.
func onlyRefused(t *testing.T, c *client, want schema.Code) {
	t.Helper()
	if len(c.errs) != 1 || c.errs[0] != want || c.left != 0 || c.joins != 0 || !c.done {
		t.Errorf("errors %v, left %v, joined %d times, done %t; want only %v", c.errs, c.left, c.joins, c.done, want)
	}
}

// answeredOnce checks that a join whose end came at once was told either Error,
// or Joined and Left.
func answeredOnce(t *testing.T, c *client, want schema.Code) {
	t.Helper()
	refused := c.joins == 0 && c.left == 0 && len(c.errs) == 1 && c.errs[0] == want
	left := c.joins == 1 && c.left == want && len(c.errs) == 0
	if refused == left || !c.done {
		t.Errorf("errors %v, joined %d times, left %v, done %t; want %v once", c.errs, c.joins, c.left, c.done, want)
	}
}

func TestAJoinThatTheRulesKickIsRefusedInTheirWords(t *testing.T) {
	door := rooms.Define("door", rooms.Game[clockWorld, struct{}]{
		Join: func(_ *clockWorld, ctx *rooms.Ctx, p *rooms.Player, _ struct{}) { ctx.Kick(p, "members only") },
	})
	inHouse(t, "", func(h *house) {
		c, _ := h.join("ann", rooms.JoinRequest{Kind: "door"})
		onlyRefused(t, c, schema.CodeKicked)
		if c.errText != "members only" {
			t.Errorf("the player was told %q", c.errText)
		}
		if n := h.registry.Stats().Players.Load(); n != 0 {
			t.Errorf("%d players are counted", n)
		}
	}, door)
}

func TestAJoinThatEndsInItsTickIsAnsweredOnce(t *testing.T) {
	inHouse(t, "", func(h *house) {
		left, seat := h.enter("ann", rooms.JoinRequest{Kind: "walk"})
		seat.Leave()
		h.pass(time.Second)
		answeredOnce(t, left, schema.CodeLeft)

		kicked, seat := h.enter("bob", rooms.JoinRequest{Kind: "walk"})
		if err := h.registry.Kick(seat.Room(), "bob", "out"); err != nil {
			t.Error(err)
		}
		h.pass(time.Second)
		answeredOnce(t, kicked, schema.CodeKicked)

		late, _ := h.enter("cleo", rooms.JoinRequest{Kind: "walk"})
		if err := h.registry.Close(h.within()); err != nil {
			t.Error(err)
		}
		answeredOnce(t, late, schema.CodeGoingAway)
	})
}

func TestAJoinThatFailsIsRefused(t *testing.T) {
	inHouse(t, "", func(h *house) {
		c, _ := h.join("eve", rooms.JoinRequest{Kind: "walk", RawOptions: []byte(`{"Name":"panic"}`)})
		onlyRefused(t, c, schema.CodeInternal)
	})
}

// A client may name a handle that it has not been told yet.
func TestASeatMayBeLeftWhileItIsEntered(t *testing.T) {
	inHouse(t, "", func(h *house) {
		for range 100 {
			seat, err := h.registry.Reserve(context.Background(), rooms.JoinRequest{Kind: "crowd", User: auth.User{ID: "ann"}})
			if err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			both.Go(func() { _ = seat.Enter(&client{t: t}) })
			both.Go(func() { seat.Leave(); seat.Leave() })
			both.Wait()
		}
		h.pass(time.Second)
		if info := h.registry.List("crowd", nil); len(info) == 0 || int64(info[0].Players) != h.registry.Stats().Players.Load() {
			t.Errorf("the room says %+v, %d players are counted", info, h.registry.Stats().Players.Load())
		}
	})
}

func TestTheTokenThatThePlayerHasStaysGoodUntilItsSuccessorArrived(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		for range 3 { // Joined never reaches the player
			seat.Lost()
			h.pass(time.Second)
			back := a.joined
			back.User = auth.User{ID: "ann"}
			var err error
			if seat, err = h.registry.Reserve(context.Background(), back); err != nil {
				t.Fatal(err)
			}
			if err := seat.Enter(&client{t: t, deaf: true}); err != nil {
				t.Fatal(err)
			}
			h.pass(time.Second)
		}
		again, _ := h.join("ann", a.joined)
		if again.player != a.player {
			t.Errorf("came back as %v, want %v", again.player, a.player)
		}
		h.pass(time.Second)
		h.refused("ann", a.joined, schema.CodeBadToken)
	})
}
