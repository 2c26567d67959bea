package ws_test

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
)

// stuff sends frames until one is refused: the socket takes no more.
func stuff(t *testing.T, link *netcode.Link, body []byte) {
	t.Helper()
	for range 10_000 {
		if !link.Frame(schema.Header{Kind: schema.KindState}, body) {
			return
		}
		link.Flush()
	}
	t.Fatal("no frame was refused although nobody reads")
}

// TestNeverReading floods a client that does not read: frames are refused,
// messages overflow and end its session; the others notice nothing.
func TestNeverReading(t *testing.T) {
	for _, secure := range []bool{false, true} {
		h := newHost()
		s := start(t, h, netcode.Config{}, tuning{secure: secure, ws: ws.Config{MaxPending: 128 << 10}})
		fine := dial(t, s.http.URL)
		fine.welcome()
		other := fine.enter(h)
		stuck := dialBuffered(t, s.http.URL, 4<<10)
		stuck.welcome()
		link, seat := stuck.enterSeat(h)

		b := schema.NewBuilder()
		stuff(t, link, b.State(1, 0, make([]byte, 1000)))
		if s.sessions.Stats().FramesDropped.Load() == 0 {
			t.Fatal("no dropped frame was counted")
		}
		select {
		case <-seat.lost:
			t.Fatal("refused frames ended the session")
		default:
		}
		body := b.Message(1, "m", make([]byte, 1000))
		for range 1000 {
			link.Message(schema.Header{Kind: schema.KindMessage}, body)
			link.Flush()
		}
		receive(t, seat.lost, "the slow client's seat to be lost")
		other.Message(schema.Header{Kind: schema.KindMessage}, body)
		other.Flush()
		fine.expect(schema.KindMessage)
		eventually(t, "SLOW_CLIENT to be counted", func() bool {
			return s.sessions.Stats().Closes(schema.CodeSlowClient) == 1
		})
	}
}

// TestStall ends a connection whose socket takes nothing for the time-out.
func TestStall(t *testing.T) {
	for _, secure := range []bool{false, true} {
		h := newHost()
		s := start(t, h, netcode.Config{}, tuning{secure: secure, ws: ws.Config{StallTimeout: 50 * time.Millisecond}})
		c := dialBuffered(t, s.http.URL, 4<<10)
		c.welcome()
		link, seat := c.enterSeat(h)
		b := schema.NewBuilder()
		stuff(t, link, b.State(1, 0, make([]byte, 1000)))
		// More than the kernels' buffers still take after the first refusal.
		link.Message(schema.Header{Kind: schema.KindMessage}, b.Message(1, "m", make([]byte, 200<<10)))
		link.Flush()
		receive(t, seat.lost, "the stalled client's seat to be lost")
		eventually(t, "SLOW_CLIENT to be counted", func() bool {
			return s.sessions.Stats().Closes(schema.CodeSlowClient) == 1
		})
	}
}

// TestCatchesUp lets a client read on after a while: everything that was
// accepted arrives, in order, and frames are accepted again.
func TestCatchesUp(t *testing.T) {
	for _, secure := range []bool{false, true} {
		h := newHost()
		url := serve(t, h, netcode.Config{}, &tuning{secure: secure})
		c := dialBuffered(t, url, 64<<10)
		c.welcome()
		link := c.enter(h)
		b := schema.NewBuilder()
		state := schema.Header{Kind: schema.KindState}
		sent := uint32(0)
		for link.Frame(state, b.State(sent+1, 0, make([]byte, 700+sent%600))) {
			sent++
			link.Flush()
		}
		link.Message(schema.Header{Kind: schema.KindMessage}, b.Message(0, "last", nil))
		link.Flush()
		for tick := uint32(1); tick <= sent; tick++ {
			_, body := c.expect(schema.KindState)
			if got := stateTick(body); got != tick {
				t.Fatalf("received tick %d, want %d", got, tick)
			}
		}
		c.expect(schema.KindMessage)
		eventually(t, "frames to be accepted again", func() bool { return link.Frame(state, b.State(sent+1, 0, nil)) })
		link.Flush()
		c.expect(schema.KindState)
	}
}

// TestFlood sends a hundred times what is allowed.
func TestFlood(t *testing.T) {
	h := newHost()
	s := start(t, h, netcode.Config{MessageRate: 20}, tuning{})
	c := dial(t, s.http.URL)
	c.welcome()
	c.enter(h)
	command := message(schema.KindCommand, 1, 0, c.build.Command(1, 0, []byte{1}))
	go func() {
		for range 100 * 20 {
			if err := c.ws.Write(context.Background(), websocket.MessageBinary, command); err != nil {
				return
			}
		}
	}()
	c.expectError(schema.CodeRateLimited)
	c.expectClose(schema.CodeRateLimited)
	if n := s.sessions.Stats().RateLimited.Load(); n < 200 {
		t.Fatalf("%d messages were ignored", n)
	}
}

// TestPingFlood sends WebSocket pings beyond the limit.
func TestPingFlood(t *testing.T) {
	s := start(t, newHost(), netcode.Config{MessageRate: 20}, tuning{})
	c := dial(t, s.http.URL)
	c.welcome()
	ping := []byte{0x89, 0x80, 1, 2, 3, 4}
	go func() {
		for range 100 * 20 {
			if _, err := c.tcp.Write(ping); err != nil {
				return
			}
		}
	}()
	c.expectClose(schema.CodeRateLimited)
}

// TestSilentClient connects and says nothing.
func TestSilentClient(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{HelloTimeout: time.Millisecond}, nil)
	dial(t, url).expectClose(schema.CodeHelloTimeout)
}

// TestCloseWithoutAnswer closes a client that does not answer the close frame;
// shutting down does not wait for it longer than the linger time.
func TestCloseWithoutAnswer(t *testing.T) {
	h := newHost()
	s := start(t, h, netcode.Config{}, tuning{ws: ws.Config{Linger: time.Millisecond}})
	c := dial(t, s.http.URL)
	c.welcome()
	_, seat := c.enterSeat(h)
	s.sessions.GoAway()
	receive(t, seat.lost, "the seat to be lost")
	c.expectClose(schema.CodeGoingAway)
}

// eventually polls for what another goroutine does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited too long for %s", what)
		}
	}
}
