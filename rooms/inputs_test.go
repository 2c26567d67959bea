package rooms_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

// The inputs of testGame.
const (
	inWalk uint8 = iota
	inHit
	inShout
	inCrash
	inBomb
)

func TestBadInputIsRefusedToItsSenderOnly(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		for name, err := range map[string]error{
			"no such input":         seat.Event(1, 99, nil),
			"a command as an event": seat.Event(1, inWalk, nil),
			"an event as a command": seat.Command(1, inHit, nil),
			"too long":              seat.Event(1, inShout, make([]byte, 10_000)),
		} {
			var e *schema.Error
			if !errors.As(err, &e) || e.Code != schema.CodeBadInput {
				t.Errorf("%s: %v, want BAD_INPUT", name, err)
			}
		}
		for _, payload := range [][]byte{nil, {0xff, 0xff, 0xff}, bytes.Repeat([]byte{0xff}, 400)} {
			if err := seat.Event(7, inBomb, payload); err != nil {
				t.Fatal(err)
			}
			if err := seat.Command(a.Applied()+2, inWalk, payload); err != nil {
				t.Fatal(err)
			}
			h.pass(200 * time.Millisecond)
		}
		if len(a.errs) < 6 {
			t.Errorf("the sender was told %v", a.errs)
		}
		for _, code := range a.errs {
			if code != schema.CodeBadInput {
				t.Errorf("the sender was told %v", code)
			}
		}
		if n := h.registry.Stats().InputsRefused.Load(); n != uint64(4+len(a.errs)) {
			t.Errorf("%d refused inputs are counted, want %d", n, 4+len(a.errs))
		}
		if len(b.errs) != 0 || b.closed != 0 || a.closed != 0 {
			t.Errorf("others noticed: %v, closed %v and %v", b.errs, a.closed, b.closed)
		}
	})
}

func TestEventsAreLimited(t *testing.T) {
	inHouse(t, "", func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		b, _ := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		for range 200 {
			_ = seat.Event(1, inShout, payload(t, shout{"hi"})) // beyond 64 a tick it is refused at once
		}
		h.pass(100 * time.Millisecond)
		if len(b.messages) > 64 {
			t.Errorf("%d of 200 shouts in one tick got through", len(b.messages))
		}
		for range 20 {
			for range 30 {
				_ = seat.Event(1, inShout, payload(t, shout{"hi"}))
			}
			h.pass(50 * time.Millisecond)
		}
		if n := len(b.messages); n > 60+60 {
			t.Errorf("%d shouts got through in a second, 30 a second are allowed", n)
		}
		if len(a.errs) == 0 || a.errs[0] != schema.CodeRateLimited || len(b.errs) != 0 {
			t.Errorf("errors: ann %d, bob %d", len(a.errs), len(b.errs))
		}
	})
}
