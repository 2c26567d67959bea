package netsim

import (
	"bytes"
	"io"
	"net"
	"runtime"
	"testing"
	"time"
)

// echo is a server that sends back what it gets, and says by UDP from where.
type echo struct {
	addr string
	seen chan string // senders of packets
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	tcp, udp, err := listenBoth("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &echo{addr: tcp.Addr().String(), seen: make(chan string, 1000)}
	ended := make(chan struct{}, 2)
	go func() {
		buf := make([]byte, 2000)
		for {
			n, from, err := udp.ReadFromUDPAddrPort(buf)
			if err != nil {
				ended <- struct{}{}
				return
			}
			e.seen <- from.String()
			udp.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				ended <- struct{}{}
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	t.Cleanup(func() {
		tcp.Close()
		udp.Close()
		<-ended
		<-ended
	})
	return e
}

func newRelay(t *testing.T, cfg RelayConfig) *Relay {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	r, err := NewRelay(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

func dial(t *testing.T, network string, r *Relay) net.Conn {
	t.Helper()
	c, err := net.Dial(network, r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// ask sends a packet until the answer comes.
func ask(t *testing.T, c net.Conn, text string) {
	t.Helper()
	buf := make([]byte, 100)
	for {
		if _, err := c.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		c.SetReadDeadline(time.Now().Add(time.Second))
		n, err := c.Read(buf)
		if err != nil {
			continue
		}
		if string(buf[:n]) != text {
			t.Fatalf("got %q, want %q", buf[:n], text)
		}
		return
	}
}

func TestRelayCarriesPackets(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr, Config: Config{Delay: 20 * ms}})
	one, two := dial(t, "udp", r), dial(t, "udp", r)
	start := time.Now()
	ask(t, one, "one")
	if took := time.Since(start); took < 40*ms {
		t.Errorf("there and back took %v, want at least 40 ms", took)
	}
	ask(t, two, "two")
	if a, b := <-e.seen, <-e.seen; a == b {
		t.Errorf("two clients have the same address %s at the server", a)
	}
	s := r.Stats()
	if s.Clients != 2 || s.Up.Packets < 2 || s.Down.Packets < 2 || s.Up.Bytes != s.Up.Packets*(3+overhead) {
		t.Errorf("stats %+v", s)
	}
}

func TestRelayRebindsAndBlocks(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr})
	c := dial(t, "udp", r)
	ask(t, c, "1")
	before := <-e.seen
	if err := r.Rebind(); err != nil {
		t.Fatal(err)
	}
	ask(t, c, "2")
	if after := <-e.seen; after == before {
		t.Errorf("after Rebind the client still comes from %s", after)
	}
	r.Block()
	c.Write([]byte("3"))
	c.SetReadDeadline(time.Now().Add(50 * ms))
	if n, err := c.Read(make([]byte, 10)); err == nil {
		t.Errorf("%d bytes came through a cut line", n)
	}
	r.Unblock()
	ask(t, c, "4")
}

func TestRelayBoundsClients(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr, MaxClients: 1})
	one, two := dial(t, "udp", r), dial(t, "udp", r)
	ask(t, one, "1")
	two.Write([]byte("2"))
	ask(t, one, "3")
	if s := r.Stats(); s.Clients != 1 || s.Refused != 1 {
		t.Errorf("stats %+v, want 1 client and 1 packet refused", s)
	}
}

func TestRelayForgetsIdleClients(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr, MaxClients: 1, Idle: 20 * ms})
	ask(t, dial(t, "udp", r), "1")
	two := dial(t, "udp", r)
	ask(t, two, "2") // as soon as the first is forgotten
	if s := r.Stats(); s.Up.Packets < 2 {
		t.Errorf("stats %+v have lost what forgotten clients sent", s)
	}
}

func TestRelayCarriesStreams(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr, Config: Config{Delay: 10 * ms, Loss: 0.5, Dup: 0.5, Reorder: 0.5, Rate: 80_000_000}})
	c := dial(t, "tcp", r).(*net.TCPConn)
	sent := bytes.Repeat([]byte("parlor"), 50_000)
	go func() {
		c.Write(sent)
		c.CloseWrite()
	}()
	start := time.Now()
	got, err := io.ReadAll(c) // until the server's end, which comes through too
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes of %d came back: %v", len(got), len(sent), err)
	}
	// 300,000 bytes at 10 MB/s are 30 ms.
	if took := time.Since(start); took < 50*ms {
		t.Errorf("it took %v, want at least 50 ms", took)
	}
}

func TestRelayWithoutServer(t *testing.T) {
	e := newEcho(t)
	gone := newRelay(t, RelayConfig{To: e.addr}) // takes a port and frees it
	addr := gone.Addr().String()
	gone.Close()
	r := newRelay(t, RelayConfig{To: addr})
	c := dial(t, "tcp", r)
	if n, err := c.Read(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes came from nowhere", n)
	}
	u := dial(t, "udp", r)
	for range 3 {
		u.Write([]byte("anybody?"))
	}
}

// TestCloseEndsAll is about goroutines: goleak looks for them afterwards.
func TestCloseEndsAll(t *testing.T) {
	e := newEcho(t)
	r := newRelay(t, RelayConfig{To: e.addr, Config: Config{Delay: time.Hour}})
	tcp, udp := dial(t, "tcp", r), dial(t, "udp", r)
	tcp.Write([]byte("late"))
	udp.Write([]byte("late"))
	for r.Stats().Clients == 0 || r.Stats().Connections == 0 || r.Stats().TCPBytes == 0 {
		runtime.Gosched()
	}
	r.Block()
}

func TestRelayConfigIsChecked(t *testing.T) {
	for _, cfg := range []RelayConfig{
		{}, {Listen: "127.0.0.1:0"}, {Listen: "127.0.0.1:0", To: "no port"},
		{Listen: "127.0.0.1:0", To: "127.0.0.1:1", Config: Config{Loss: 5}}, {Listen: "300.0.0.1:0", To: "127.0.0.1:1"},
	} {
		if r, err := NewRelay(cfg); err == nil {
			r.Close()
			t.Errorf("%+v is taken", cfg)
		}
	}
}
