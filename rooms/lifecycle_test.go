package rooms_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

func TestARoomThatIsMadeWhileTheRegistryClosesDoesNotOutliveIt(t *testing.T) {
	var begun, goOn chan struct{} // of the bubble that virtual time is in
	slow := rooms.Define("slow", rooms.Game[clockWorld, struct{}]{Create: func(*clockWorld, *rooms.Ctx) {
		close(begun)
		<-goOn
	}})
	inHouse(t, "", func(h *house) {
		begun, goOn = make(chan struct{}), make(chan struct{})
		var made sync.WaitGroup
		var err error
		made.Go(func() { _, err = h.registry.Create(context.Background(), rooms.CreateRequest{Kind: "slow"}) })
		<-begun
		if err := h.registry.Close(h.within()); err != nil {
			t.Error(err)
		}
		close(goOn)
		made.Wait()
		var refused *schema.Error
		if !errors.As(err, &refused) || refused.Code != schema.CodeGoingAway {
			t.Errorf("a room was made while the registry closed: %v", err)
		}
		if n := h.registry.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms outlive the registry", n)
		}
	}, slow)
}

func TestARoomThatClosesInCreateEnds(t *testing.T) {
	brief := rooms.Define("brief", rooms.Game[clockWorld, struct{}]{Create: func(_ *clockWorld, ctx *rooms.Ctx) { ctx.Close("never mind") }})
	inHouse(t, "", func(h *house) {
		for range 50 {
			if _, err := h.registry.Create(context.Background(), rooms.CreateRequest{Kind: "brief"}); err != nil {
				t.Fatal(err)
			}
		}
		h.pass(time.Second)
		if n := h.registry.Stats().Rooms.Load(); n != 0 || len(h.registry.ListAll()) != 0 {
			t.Errorf("%d rooms are left, %d are listed", n, len(h.registry.ListAll()))
		}
	}, brief)
}

func TestASeatThatItsRoomOutlivedIsCountedOnce(t *testing.T) {
	inHouse(t, "", func(h *house) {
		_, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		reserved, err := h.registry.Reserve(context.Background(), rooms.JoinRequest{Kind: "walk", User: auth.User{ID: "bob"}})
		if err != nil {
			t.Fatal(err)
		}
		send(h, seat, inShout, shout{"end"})
		reserved.Lost()
		if n := h.registry.Stats().Players.Load(); n != 0 {
			t.Errorf("%d players are counted when all are gone", n)
		}
	})
}

func TestAReservationRunsOutThoughTheRoomSleepsForEver(t *testing.T) {
	forever := rooms.Define("forever", rooms.Game[clockWorld, struct{}]{EmptyFor: -1})
	inHouse(t, "", func(h *house) {
		info, err := h.registry.Create(context.Background(), rooms.CreateRequest{Kind: "forever"})
		if err != nil {
			t.Fatal(err)
		}
		h.pass(time.Minute)
		req := rooms.JoinRequest{Mode: rooms.JoinByID, Room: info.ID, User: auth.User{ID: "ann"}}
		if _, err := h.registry.Reserve(context.Background(), req); err != nil {
			t.Fatal(err)
		}
		h.pass(20 * time.Second)
		if n := h.registry.Stats().Players.Load(); n != 0 {
			t.Errorf("%d players are counted after the reservation", n)
		}
	}, forever)
}

func TestManyMayWaitForTheEnd(t *testing.T) {
	inHouse(t, "", func(h *house) {
		_, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := h.registry.Drain(h.within()); err != nil {
					t.Error(err)
				}
			})
		}
		h.pass(time.Second)
		seat.Leave()
		all.Wait()
		for range 3 {
			all.Go(func() {
				if err := h.registry.Close(h.within()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestAnEmptyRoomEndsThoughItsTimersGoOn(t *testing.T) {
	rounds := rooms.Define("rounds", rooms.Game[clockWorld, struct{}]{
		Create: func(w *clockWorld, _ *rooms.Ctx) { w.Alarms.After(time.Second, 1) },
		Tick: func(w *clockWorld, _ *rooms.Ctx) {
			for range w.Alarms.Due() {
				w.Alarms.After(time.Second, 1)
			}
		},
	})
	inHouse(t, "", func(h *house) {
		_, seat := h.join("ann", rooms.JoinRequest{Kind: "rounds"})
		h.pass(time.Minute)
		if h.registry.Stats().Rooms.Load() != 1 {
			t.Fatal("the room ended with a player in it")
		}
		seat.Leave()
		h.pass(29 * time.Second)
		if h.registry.Stats().Rooms.Load() != 1 {
			t.Error("the room ended before its time")
		}
		h.pass(2 * time.Second)
		if n := h.registry.Stats().Rooms.Load(); n != 0 {
			t.Errorf("%d rooms are left 31 s after the last player", n)
		}
	}, rounds)
}

func TestARoomCanBeDumpedBeforeItsFirstTick(t *testing.T) {
	slow := rooms.Define("slow", rooms.Game[clockWorld, struct{}]{Hz: 1})
	inHouse(t, "", func(h *house) {
		for range 20 { // their first ticks are spread over a second
			info, err := h.registry.Create(context.Background(), rooms.CreateRequest{Kind: "slow"})
			if err != nil {
				t.Fatal(err)
			}
			var dump bytes.Buffer
			if err := h.registry.Dump(h.within(), info.ID, &dump); err != nil || dump.Len() == 0 {
				t.Errorf("dump (%v): %s", err, dump.String())
			}
		}
	}, slow)
}

func TestARoomThatHasEndedIsNotAsked(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		var all sync.WaitGroup
		for range 20 { // some meet the room, some its end, none may wait for ever
			all.Go(func() {
				_ = h.registry.Dump(context.Background(), a.joined.Room, &bytes.Buffer{})
				_ = h.registry.Message(a.joined.Room, "late", []byte("1"))
			})
		}
		send(h, seat, inShout, shout{"end"})
		all.Wait()
	})
}

func TestTheLastMessageComesBeforeTheEnd(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, _ := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		if err := h.registry.Message(a.joined.Room, "notice", []byte(`"good night"`)); err != nil {
			t.Fatal(err)
		}
		if err := h.registry.Close(h.within()); err != nil {
			t.Fatal(err)
		}
		if len(a.messages) != 1 || a.left != schema.CodeGoingAway {
			t.Errorf("messages %v, left with %v", a.messages, a.left)
		}
	})
}

func TestAPanicOfAuthRefusesTheJoin(t *testing.T) {
	broken := rooms.Define("broken", rooms.Game[clockWorld, struct{}]{
		Auth: func(context.Context, rooms.JoinRequest) error { panic("no database") },
	})
	inHouse(t, "", func(h *house) {
		h.refused("ann", rooms.JoinRequest{Kind: "broken"}, schema.CodeInternal)
	}, broken)
}
