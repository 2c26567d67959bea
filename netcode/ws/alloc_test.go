package ws_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
)

// TestFrameDoesNotAllocate measures Link.Frame and Flush down to the socket.
func TestFrameDoesNotAllocate(t *testing.T) {
	h := newHost()
	c := dial(t, serve(t, h, netcode.Config{PingInterval: time.Hour, IdleTimeout: time.Hour}, nil))
	c.welcome()
	link := c.enter(h)
	head, body := schema.Header{Kind: schema.KindState}, stateBody()
	buf := make([]byte, wireSize(body))
	n := testing.AllocsPerRun(500, func() {
		if !link.Frame(head, body) {
			t.Error("frame refused")
		}
		link.Flush()
		if _, err := io.ReadFull(c.tcp, buf); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestReadDoesNotAllocate measures a command's way from the socket to the seat.
func TestReadDoesNotAllocate(t *testing.T) {
	h := newHost()
	c := dial(t, serve(t, h, netcode.Config{PingInterval: time.Hour, IdleTimeout: time.Hour, MessageRate: 1 << 20}, nil))
	c.welcome()
	_, seat := c.enterSeat(h)
	command := message(schema.KindCommand, 1, 0, c.build.Command(1, 0, []byte{1, 2, 3}))
	n := testing.AllocsPerRun(500, func() {
		if err := c.ws.Write(context.Background(), websocket.MessageBinary, command); err != nil {
			t.Error(err)
		}
		<-seat.commands
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
