package ws_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
)

const benchFrame = 150 // bytes: a frame for 20 moving players

// drain reads c's socket without looking at what comes.
func (c *client) drain() { go func() { _, _ = io.Copy(io.Discard, c.tcp) }() }

// BenchmarkFrame is one state frame to one client: Link.Frame and Link.Flush.
func BenchmarkFrame(b *testing.B) {
	host := newHost()
	url := serve(b, host, netcode.Config{}, nil)
	c := dial(b, url)
	c.welcome()
	link := c.enter(host)
	c.drain()
	body := schema.NewBuilder().State(1, 1, make([]byte, benchFrame))
	head := schema.Header{Kind: schema.KindState}
	b.ReportAllocs()
	refused := 0
	for b.Loop() {
		for !link.Frame(head, body) {
			refused++
			runtime.Gosched()
		}
		link.Flush()
	}
	b.ReportMetric(float64(refused)/float64(b.N), "refused/op")
}

// BenchmarkCoderWrite is the same bytes through coder/websocket's Conn.Write.
func BenchmarkCoderWrite(b *testing.B) {
	conns := make(chan *websocket.Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		conns <- c
		_, _, _ = c.Read(context.Background())
	}))
	b.Cleanup(server.Close)
	dial(b, server.URL).drain()
	c := <-conns
	b.Cleanup(func() { _ = c.CloseNow() })
	msg := make([]byte, schema.HeaderSize+len(schema.NewBuilder().State(1, 1, make([]byte, benchFrame))))
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Write(context.Background(), websocket.MessageBinary, msg); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawWrite is the same bytes through net.Conn.Write: the system call.
func BenchmarkRawWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() {
		peer, err := l.Accept()
		if err == nil {
			_, _ = io.Copy(io.Discard, peer)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	msg := make([]byte, 4+schema.HeaderSize+len(schema.NewBuilder().State(1, 1, make([]byte, benchFrame))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(msg); err != nil {
			b.Fatal(err)
		}
	}
}
