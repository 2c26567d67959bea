package ws_test

import (
	"bytes"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
)

// TestGarbage sends what no client of ours sends. Each costs the sender its
// session, with a named code; a bystander plays on.
func TestGarbage(t *testing.T) {
	h := newHost()
	url := serve(t, h, netcode.Config{}, &tuning{ws: ws.Config{ReadLimit: 4 << 10}})
	bystander := dial(t, url)
	bystander.welcome()
	link := bystander.enter(h)

	b := schema.NewBuilder()
	command := message(schema.KindCommand, 1, 0, b.Command(1, 0, []byte{1, 2, 3}))
	corrupt := bytes.Clone(command)
	for i := schema.HeaderSize; i < len(corrupt); i++ {
		corrupt[i] ^= 0xff
	}
	cases := []struct {
		name    string
		hello   bool
		kind    websocket.MessageType
		message []byte
		code    schema.Code
	}{
		{"empty", true, websocket.MessageBinary, nil, schema.CodeBadMessage},
		{"half a header", true, websocket.MessageBinary, command[:5], schema.CodeBadMessage},
		{"header only", true, websocket.MessageBinary, command[:schema.HeaderSize], schema.CodeBadMessage},
		{"truncated", true, websocket.MessageBinary, command[:len(command)-4], schema.CodeBadMessage},
		{"corrupt", true, websocket.MessageBinary, corrupt, schema.CodeBadMessage},
		{"unknown kind", true, websocket.MessageBinary, message(99, 0, 0, b.Leave()), schema.CodeBadMessage},
		{"a server's message", true, websocket.MessageBinary, message(schema.KindLeft, 1, 0, b.Left(1, "")), schema.CodeBadMessage},
		{"second Hello", true, websocket.MessageBinary, message(schema.KindHello, 0, 0, b.Hello(schema.HelloInfo{})), schema.CodeBadMessage},
		{"input before Hello", false, websocket.MessageBinary, command, schema.CodeBadMessage},
		{"text", true, websocket.MessageText, command, schema.CodeBadMessage},
		{"one byte too long", true, websocket.MessageBinary, make([]byte, 4<<10+1), schema.CodeTooLarge},
		{"far too long", true, websocket.MessageBinary, make([]byte, 1<<20), schema.CodeTooLarge},
	}
	for i, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, url)
			if tc.hello {
				c.welcome()
			}
			c.write(tc.kind, tc.message)
			c.expectClose(tc.code)

			link.Message(schema.Header{Kind: schema.KindMessage}, b.Message(uint32(i), "still", []byte("{}")))
			link.Flush()
			bystander.tb = t
			bystander.expect(schema.KindMessage)
		})
	}
}

// TestBrokenFraming sends bytes that are not WebSocket.
func TestBrokenFraming(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{}, nil)
	for name, raw := range map[string][]byte{
		"unmasked frame":           {0x82, 0x01, 0x00},
		"unknown opcode":           {0x83, 0x81, 1, 2, 3, 4, 5},
		"reserved bit":             {0xc2, 0x81, 1, 2, 3, 4, 5},
		"lone continuation":        {0x80, 0x81, 1, 2, 3, 4, 5},
		"fragmented control frame": {0x09, 0x80, 1, 2, 3, 4},
		"long control frame":       {0x89, 0xfe, 1, 0, 1, 2, 3, 4},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, url)
			c.welcome()
			if _, err := c.tcp.Write(raw); err != nil {
				t.Fatal(err)
			}
			c.expectClose(schema.CodeBadMessage)
		})
	}
}

// TestHangUp ends connections without a close frame, at every stage.
func TestHangUp(t *testing.T) {
	h := newHost()
	s := start(t, h, netcode.Config{}, tuning{})
	c := dial(t, s.http.URL)
	_ = c.tcp.Close()

	c = dial(t, s.http.URL)
	c.welcome()
	_, seat := c.enterSeat(h)
	if _, err := c.tcp.Write([]byte{0x82, 0xff, 0}); err != nil { // within a frame header
		t.Fatal(err)
	}
	_ = c.tcp.Close()
	receive(t, seat.lost, "the seat to be lost")
}

// TestClientCloses ends a session by WebSocket's close handshake and by Close.
func TestClientCloses(t *testing.T) {
	h := newHost()
	s := start(t, h, netcode.Config{}, tuning{})
	c := dial(t, s.http.URL)
	c.welcome()
	_, seat := c.enterSeat(h)
	if err := c.ws.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err)
	}
	receive(t, seat.lost, "the seat to be lost")

	c = dial(t, s.http.URL)
	c.welcome()
	c.send(schema.KindClose, 0, 0, c.build.Close(0, ""))
	if _, _, err := c.next(); websocket.CloseStatus(err) != websocket.StatusNormalClosure {
		t.Fatalf("after Close: %v", err)
	}
}
