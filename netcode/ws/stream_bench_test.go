package ws_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
)

const (
	benchPayload = 150 // bytes: a frame for 20 moving players
	benchBatch   = 64  // frames before the peer reads
)

// measure times write alone: after every batch it reads from the peer's socket
// what was written, in the same goroutine, so that a slow reader plays no
// part. size is what one write sends.
func measure(b *testing.B, peer net.Conn, size int, write func()) {
	b.Helper()
	b.ReportAllocs()
	buf := make([]byte, benchBatch*size)
	var spent time.Duration
	frames := 0
	for b.Loop() {
		start := time.Now()
		for range benchBatch {
			write()
		}
		spent += time.Since(start)
		frames += benchBatch
		if _, err := io.ReadFull(peer, buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(frames), "ns/frame")
}

// converse exchanges a few bytes, as the session of BenchmarkFrame has: the
// kernel then delays acknowledgements, which are half of a packet's price.
func converse(b *testing.B, peer net.Conn, size int, write func(), read func() error) {
	b.Helper()
	buf := make([]byte, size)
	for range 4 {
		write()
		if _, err := io.ReadFull(peer, buf); err != nil {
			b.Fatal(err)
		}
		if _, err := peer.Write([]byte{0x82, 0x81, 0, 0, 0, 0, 1}); err != nil { // a message of one byte
			b.Fatal(err)
		}
		if err := read(); err != nil {
			b.Fatal(err)
		}
	}
}

// stateBody is a State message's body.
func stateBody() []byte { return schema.NewBuilder().State(1, 1, make([]byte, benchPayload)) }

// wireSize is what a frame of that body is on the wire.
func wireSize(body []byte) int { return 4 + schema.HeaderSize + len(body) }

// BenchmarkFrame is one state frame to one client: Link.Frame and Link.Flush.
func BenchmarkFrame(b *testing.B) {
	host := newHost()
	c := dial(b, serve(b, host, netcode.Config{PingInterval: time.Hour, IdleTimeout: time.Hour}, nil))
	c.welcome()
	link := c.enter(host)
	head, body := schema.Header{Kind: schema.KindState}, stateBody()
	measure(b, c.tcp, wireSize(body), func() {
		if !link.Frame(head, body) {
			b.Fatal("frame refused")
		}
		link.Flush()
	})
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
	}))
	b.Cleanup(server.Close)
	peer := dial(b, server.URL)
	c := <-conns
	b.Cleanup(func() { _ = c.CloseNow() })
	body := stateBody()
	msg := message(schema.KindState, 1, 0, body)
	write := func() {
		if err := c.Write(context.Background(), websocket.MessageBinary, msg); err != nil {
			b.Fatal(err)
		}
	}
	converse(b, peer.tcp, wireSize(body), write, func() error {
		_, _, err := c.Read(context.Background())
		return err
	})
	measure(b, peer.tcp, wireSize(body), write)
}

// BenchmarkRawWrite is the same bytes through net.Conn.Write.
func BenchmarkRawWrite(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	peer, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = peer.Close() })
	msg := make([]byte, wireSize(stateBody()))
	write := func() {
		if _, err := c.Write(msg); err != nil {
			b.Fatal(err)
		}
	}
	converse(b, peer, len(msg), write, func() error {
		_, err := io.ReadFull(c, make([]byte, 7))
		return err
	})
	measure(b, peer, len(msg), write)
}
