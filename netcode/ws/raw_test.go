package ws_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
)

// rawRoom is what a raw endpoint leads to: each message is answered by itself,
// but for those that name an end.
type rawRoom struct {
	links chan *ws.RawLink // of who has entered
	lost  chan struct{}
	hold  chan struct{} // if not nil, Open waits for it
}

func newRawRoom() *rawRoom {
	return &rawRoom{links: make(chan *ws.RawLink, 64), lost: make(chan struct{}, 64)}
}

func (r *rawRoom) Open(ctx context.Context, req *http.Request, link *ws.RawLink) (ws.RawSeat, error) {
	if r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	switch req.URL.Path {
	case "/none":
		return nil, schema.Errorf(schema.CodeNoSuchRoom, "there is no such room")
	case "/broken":
		return nil, errors.New("a secret of the server's")
	}
	r.links <- link
	return &rawSeat{r, link}, nil
}

type rawSeat struct {
	room *rawRoom
	link *ws.RawLink
}

func (s *rawSeat) Receive(message []byte) error {
	switch string(message) {
	case "refuse me":
		return schema.Errorf(schema.CodeRoomTooLarge, "the room is full of it")
	case "fail":
		return errors.New("a secret of the server's")
	}
	s.link.Raw(message)
	s.link.Flush()
	return nil
}

func (s *rawSeat) Lost() { s.room.lost <- struct{}{} }

// serveRaw starts a raw endpoint and returns its URL.
func serveRaw(t *testing.T, room *rawRoom, cfg ws.RawConfig, secure bool) (*ws.RawHandler, string) {
	t.Helper()
	h := ws.NewRawHandler(room, cfg)
	server := httptest.NewUnstartedServer(h)
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(func() {
		server.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h, server.URL
}

// hear returns the next message.
func (c *client) hear() []byte {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	_, msg, err := c.ws.Read(ctx)
	if err != nil {
		c.tb.Fatal(err)
	}
	return msg
}

// expectStatus reads to the end, which must have the close status.
func (c *client) expectStatus(status int) {
	c.tb.Helper()
	ctx, cancel := context.WithTimeout(c.tb.Context(), patience)
	defer cancel()
	for {
		if _, _, err := c.ws.Read(ctx); err != nil {
			if got := int(websocket.CloseStatus(err)); got != status {
				c.tb.Fatalf("ended with %v, want close status %d", err, status)
			}
			return
		}
	}
}

func TestRawMessages(t *testing.T) {
	for _, secure := range []bool{false, true} {
		room := newRawRoom()
		_, url := serveRaw(t, room, ws.RawConfig{}, secure)
		c := dial(t, url)
		c.ws.SetReadLimit(16 << 20)
		for _, size := range []int{0, 1, 125, 126, 65535, 65536, 8 << 20} {
			message := bytes.Repeat([]byte{byte(size)}, size)
			c.write(websocket.MessageBinary, message)
			if got := c.hear(); !bytes.Equal(got, message) {
				t.Fatalf("%d bytes came back for %d", len(got), size)
			}
		}
		_ = c.ws.Close(websocket.StatusNormalClosure, "")
		receive(t, room.lost, "the seat to be lost")
	}
}

// TestRawEnds says how connections end, each by its own fault: 44xx tells a
// y-websocket client not to come again, anything else to do so in a while.
func TestRawEnds(t *testing.T) {
	room := newRawRoom()
	_, url := serveRaw(t, room, ws.RawConfig{Config: ws.Config{ReadLimit: 1000}, MessageRate: 20}, false)
	bystander := dial(t, url)
	for name, c := range map[string]struct {
		path   string
		act    func(c *client)
		status int
	}{
		"no such room":   {"/none", func(*client) {}, 4421},
		"broken room":    {"/broken", func(*client) {}, 4012},
		"text":           {"/", func(c *client) { c.write(websocket.MessageText, []byte("hello")) }, 4401},
		"one too long":   {"/", func(c *client) { c.write(websocket.MessageBinary, make([]byte, 1001)) }, 4408},
		"far too long":   {"/", func(c *client) { c.write(websocket.MessageBinary, make([]byte, 1<<20)) }, 4408},
		"bad frame":      {"/", func(c *client) { _, _ = c.tcp.Write([]byte{0x82, 0x01, 0x00}) }, 4401},
		"refused":        {"/", func(c *client) { c.write(websocket.MessageBinary, []byte("refuse me")) }, 4464},
		"failure":        {"/", func(c *client) { c.write(websocket.MessageBinary, []byte("fail")) }, 4012},
		"message flood":  {"/", func(c *client) { c.flood([]byte{0x82, 0x81, 0, 0, 0, 0, 1}) }, 4007},
		"ping flood":     {"/", func(c *client) { c.flood([]byte{0x89, 0x80, 1, 2, 3, 4}) }, 4007},
		"closed by room": {"/", func(*client) { receive(t, room.links, "the link").Close(schema.CodeKicked, "go") }, 4430},
	} {
		t.Run(name, func(t *testing.T) {
			for len(room.links) > 0 {
				<-room.links
			}
			broken := dial(t, url+c.path)
			c.act(broken)
			broken.expectStatus(c.status)
			bystander.tb = t
			bystander.write(websocket.MessageBinary, []byte(name))
			if got := bystander.hear(); string(got) != name {
				t.Errorf("the bystander hears %q", got)
			}
		})
	}
}

// flood writes a frame a thousand times, or until nobody takes it.
func (c *client) flood(frame []byte) {
	go func() {
		for range 1000 {
			if _, err := c.tcp.Write(frame); err != nil {
				return
			}
		}
	}()
}

// TestRawByteFlood is about messages each of which is fine.
func TestRawByteFlood(t *testing.T) {
	_, url := serveRaw(t, newRawRoom(), ws.RawConfig{ByteRate: 1 << 10}, false)
	c := dial(t, url)
	go func() {
		for range 100 {
			if c.ws.Write(context.Background(), websocket.MessageBinary, make([]byte, 1<<10)) != nil {
				return
			}
		}
	}()
	c.expectStatus(4007)
}

// TestRawSlow lets a client not read: what waits for it is bounded, and it is
// closed; a message that is long may wait with others.
func TestRawSlow(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(fmt.Sprintf("secure %v", secure), func(t *testing.T) {
			room := newRawRoom()
			_, url := serveRaw(t, room, ws.RawConfig{Config: ws.Config{MaxPending: 64 << 10}}, secure)
			c := dialBuffered(t, url, 64<<10)
			c.ws.SetReadLimit(16 << 20)
			link := receive(t, room.links, "the link")
			short, long := make([]byte, 16<<10), make([]byte, 2<<20)
			for _, message := range [][]byte{short, long, short, short} {
				link.Raw(message)
				link.Flush()
			}
			for _, want := range []int{len(short), len(long), len(short), len(short)} {
				if got := c.hear(); len(got) != want {
					t.Fatalf("a message of %d bytes, want %d", len(got), want)
				}
			}
			for range 2 {
				link.Raw(long)
				link.Flush()
			}
			receive(t, room.lost, "the seat to be lost")
			if !link.Over() {
				t.Error("the connection goes on")
			}
		})
	}
}

// TestRawClose ends the endpoint while rooms are open and while one opens.
func TestRawClose(t *testing.T) {
	room := newRawRoom()
	h, url := serveRaw(t, room, ws.RawConfig{}, false)
	c := dial(t, url)
	receive(t, room.links, "the link")
	waiting := newRawRoom()
	waiting.hold = make(chan struct{})
	slow, slowURL := serveRaw(t, waiting, ws.RawConfig{}, false)
	w := dial(t, slowURL)
	closed := make(chan error, 2)
	go func() { closed <- h.Close() }()
	go func() { closed <- slow.Close() }()
	for _, end := range []*client{c, w} {
		end.expectStatus(schema.CodeGoingAway.CloseStatus())
	}
	for range 2 {
		if err := receive(t, closed, "the endpoint to close"); err != nil {
			t.Error(err)
		}
	}
	_, resp, err := websocket.Dial(t.Context(), url, nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new connection got error %v", err)
	}
}

func TestRawOrigin(t *testing.T) {
	_, url := serveRaw(t, newRawRoom(), ws.RawConfig{Config: ws.Config{Origins: []string{"*.example.com"}}}, false)
	for origin, ok := range map[string]bool{"https://game.example.com": true, "https://evil.test": false} {
		c, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {origin}}})
		if (err == nil) != ok {
			t.Errorf("origin %q: error %v, want accepted %v", origin, err, ok)
		}
		if err == nil {
			_ = c.CloseNow()
		}
	}
}
