package ws_test

import (
	"testing"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// TestSeveralRooms plays in three rooms over one session.
func TestSeveralRooms(t *testing.T) {
	h := newHost()
	for _, secure := range []bool{false, true} {
		url := serve(t, h, netcode.Config{}, &tuning{secure: secure})
		c := dial(t, url)
		c.welcome()
		var links []*netcode.Link
		var seats []*seat
		for range 3 {
			l, s := c.enterSeat(h)
			links, seats = append(links, l), append(seats, s)
		}
		b := schema.NewBuilder()
		for i, l := range links {
			if !l.Frame(schema.Header{Kind: schema.KindState, Ack: uint32(i)}, b.State(uint32(10+i), 0, []byte{1})) {
				t.Fatal("frame refused")
			}
			l.Message(schema.Header{Kind: schema.KindMessage}, b.Message(uint32(10+i), "m", nil))
			l.Flush()
			hd, body := c.expect(schema.KindState)
			if int(hd.Handle) != i+1 || hd.Ack != uint32(i) || fb.GetRootAsState(body, 0).Tick() != uint32(10+i) {
				t.Fatalf("frame %d has handle %d, ack %d", i, hd.Handle, hd.Ack)
			}
			if hd, _ = c.expect(schema.KindMessage); int(hd.Handle) != i+1 {
				t.Fatalf("message %d has handle %d", i, hd.Handle)
			}
		}
		c.send(schema.KindCommand, 2, 11, c.build.Command(77, 0, []byte{0}))
		if tick := receive(t, seats[1].commands, "a command"); tick != 77 {
			t.Fatalf("command for tick %d", tick)
		}
		if links[1].Applied() != 11 || links[0].Applied() != 0 {
			t.Fatalf("applied %d and %d", links[1].Applied(), links[0].Applied())
		}
		c.send(schema.KindLeave, 2, 0, c.build.Leave())
		receive(t, seats[1].left, "the player to leave")
		links[1].Message(schema.Header{Kind: schema.KindLeft}, b.Left(schema.CodeLeft, ""))
		links[1].Flush()
		links[1].Done()
		c.expect(schema.KindLeft)
		c.send(schema.KindCommand, 2, 11, c.build.Command(78, 0, nil))
		c.expectError(schema.CodeNotInRoom)
		c.send(schema.KindEvent, 3, 0, c.build.Event(1, 42, nil))
		if e := c.expectError(schema.CodeBadInput); e.Request() != 42 {
			t.Fatalf("error about event %d", e.Request())
		}
		links[2].Close(schema.CodeReplaced, "joined elsewhere")
		c.expectClose(schema.CodeReplaced)
		receive(t, seats[0].lost, "the first seat to be lost")
		receive(t, seats[2].lost, "the last seat to be lost")
		select {
		case <-seats[1].lost:
			t.Fatal("a seat that was left is lost as well")
		default:
		}
	}
}

func TestRefusedJoin(t *testing.T) {
	c := dial(t, serve(t, newHost(), netcode.Config{}, nil))
	c.welcome()
	c.send(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 9, Kind: "full"}))
	if e := c.expectError(schema.CodeRoomFull); e.Request() != 9 {
		t.Fatalf("error about request %d", e.Request())
	}
}

// TestQueueWaitsForFlush checks the order of what two rooms queue.
func TestQueueWaitsForFlush(t *testing.T) {
	h := newHost()
	c := dial(t, serve(t, h, netcode.Config{}, nil))
	c.welcome()
	first, second := c.enter(h), c.enter(h)
	b := schema.NewBuilder()
	first.Message(schema.Header{Kind: schema.KindMessage}, b.Message(1, "a", nil))
	// Unflushed bytes of another room are no reason to refuse a frame.
	if !second.Frame(schema.Header{Kind: schema.KindState}, b.State(1, 0, nil)) {
		t.Fatal("frame refused although the socket is idle")
	}
	second.Flush()
	c.expect(schema.KindMessage)
	c.expect(schema.KindState)
}
