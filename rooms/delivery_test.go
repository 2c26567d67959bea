package rooms_test

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// purse is a row whose owner alone sees what changes.
type purse struct {
	Name string
	Gold uint32 `parlor:"owner"`
}

type bank struct{ Purses state.Table[purse] }

type earn struct{ Gold uint32 }

func bankGame() rooms.Game[bank, struct{}] {
	return rooms.Game[bank, struct{}]{
		Join: func(w *bank, _ *rooms.Ctx, p *rooms.Player, _ struct{}) { w.Purses.Put(p.ID, purse{Name: p.User}) },
		Inputs: []rooms.Input[bank]{rooms.Event(func(w *bank, _ *rooms.Ctx, p *rooms.Player, e earn) error {
			w.Purses.Edit(p.ID).Gold += e.Gold
			return nil
		})},
	}
}

// gold is what a client knows of its own purse.
func gold(t *testing.T, c *client) uint32 {
	t.Helper()
	view, err := state.ViewOf[purse](c.mirror, "Purses")
	if err != nil {
		t.Fatal(err)
	}
	row, _ := view.Get(c.player)
	return row.Gold
}

func TestOwnerColumnsComeInQuietTicks(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "bank"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "bank"})
		h.pass(3 * time.Second)
		frames, owners := b.frames, b.owner
		send(h, seat, 0, earn{7})
		if got := gold(t, a); got != 7 {
			t.Errorf("the owner holds %d gold, want 7", got)
		}
		if b.owner != owners || b.frames > frames+1 {
			t.Errorf("somebody else got %d owner sections and %d frames of it", b.owner-owners, b.frames-frames)
		}
	}, rooms.Define("bank", bankGame()))
}

func TestOwnerColumnsComeAfterAHold(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, seatB := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		h.pass(time.Second)
		mute := a.Applied()
		for i := range 20 * 8 { // ann's answers are late: frames to her pause, then go on
			if i < 85 {
				a.set(func() { a.silent, a.said = true, mute })
			} else {
				a.set(func() { a.silent = false })
			}
			if i == 60 {
				for range 3 { // the kill is worth 10 gold
					send(h, seat, inHit, hit{b.player})
				}
			}
			if err := seatB.Command(b.Applied()+2, inWalk, payload(t, walk{1})); err != nil {
				t.Fatal(err)
			}
			h.pass(50 * time.Millisecond)
		}
		view, err := state.ViewOf[walker](a.mirror, "Walkers")
		if err != nil {
			t.Fatal(err)
		}
		if row, _ := view.Get(a.player); row.Gold != 10 || a.closed != 0 {
			t.Errorf("after the hold the owner holds %d gold, want 10; closed with %v", row.Gold, a.closed)
		}
	})
}

func TestAKeyframeThatComesLateIsNotHeldAgainstItsClient(t *testing.T) {
	inHouse(t, "", func(h *house) {
		_, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.enter("bob", rooms.JoinRequest{Kind: "walk"})
		b.set(func() { b.blocked, b.silent = true, true })
		h.pass(15 * time.Second)
		b.set(func() { b.blocked = false })
		h.pass(time.Second) // the keyframe is on its way to a slow client
		b.set(func() { b.silent = false })
		h.pass(time.Second)
		if b.closed != 0 || b.keys != 1 {
			t.Errorf("closed with %v after %d keyframes", b.closed, b.keys)
		}
		seatA.Leave()
	})
}

func TestKeyframesInOrderAreRationedToo(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, _ := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, seatB := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		h.pass(2 * time.Second)
		before, seconds := b.keys, 10
		for i := range seconds * 20 { // bob has all of it and nothing in turn
			said := uint32(0)
			if i%2 == 0 {
				said = a.Applied()
			}
			b.set(func() { b.silent, b.said = true, said })
			h.pass(50 * time.Millisecond)
		}
		if got := b.keys - before; got > seconds+1 || got < seconds/2 {
			t.Errorf("%d keyframes in %d s", got, seconds)
		}
		seatB.Leave()
	})
}
