package ws_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode/ws"
)

// pipes is a net.Listener without a network, for tests whose time is virtual.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }
func (p pipes) Close() error   { close(p.closed); return nil }

func (p pipes) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	p.conns <- far
	return near, nil
}

// pipeRaw serves a raw endpoint to what is dialled.
func pipeRaw(t *testing.T, room *rawRoom, cfg ws.RawConfig) (p pipes, end func()) {
	p = pipes{make(chan net.Conn), make(chan struct{})}
	h := ws.NewRawHandler(room, cfg)
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(p) }()
	return p, func() {
		_ = server.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestRawSilence: a page that says nothing hears from the server, again and
// again, and stays.
func TestRawSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRawRoom()
		p, end := pipeRaw(t, room, ws.RawConfig{KeepAlive: []byte("still here")})
		defer end()
		transport := &http.Transport{DialContext: p.dial}
		c, _, err := websocket.Dial(t.Context(), "http://pipe/", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for i := range 30 {
			before := time.Now()
			_, msg, err := c.Read(t.Context())
			if err != nil || string(msg) != "still here" {
				t.Fatalf("after %v: %q, %v", time.Since(began), msg, err)
			}
			if waited := time.Since(before); waited > 15*time.Second {
				t.Errorf("message %d came after %v: a y-websocket client drops the connection after 30s", i, waited)
			}
		}
		_ = c.CloseNow()
	})
}

// TestRawExpires: who comes back with a new token may go on.
func TestRawExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRawRoom()
		p, end := pipeRaw(t, room, ws.RawConfig{})
		defer end()
		transport := &http.Transport{DialContext: p.dial}
		c, _, err := websocket.Dial(t.Context(), "http://pipe/", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		(<-room.links).Expire(began.Add(5 * time.Minute))
		_, _, err = c.Read(t.Context())
		if took := time.Since(began); websocket.CloseStatus(err) != 4004 || took < 5*time.Minute || took > 5*time.Minute+15*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

// TestRawDeadPeer: a peer whose kernel takes everything but that never answers
// is closed.
func TestRawDeadPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := newRawRoom()
		p, end := pipeRaw(t, room, ws.RawConfig{})
		defer end()
		conn, err := p.dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		request := "GET / HTTP/1.1\r\nHost: pipe\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(conn)
		if _, err := http.ReadResponse(r, nil); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		rest, _ := io.ReadAll(r)
		if took := time.Since(began); took < 45*time.Second || took > time.Minute {
			t.Errorf("closed after %v", took)
		}
		// Four pings, then the close frame with IDLE_TIMEOUT.
		if want := "\x89\x00\x89\x00\x89\x00\x89\x00\x88"; len(rest) < len(want)+3 || string(rest[:len(want)]) != want || rest[10] != 0x0f || rest[11] != 0xa6 {
			t.Errorf("received % x", rest)
		}
		<-room.lost
	})
}
