package netsim

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func listen(t *testing.T, n *Network, addr string) *PacketConn {
	t.Helper()
	c, err := n.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// read returns the next packet's text and sender, or the error's.
func read(c *PacketConn, wait time.Duration) string {
	c.SetReadDeadline(time.Now().Add(wait))
	buf := make([]byte, 100)
	n, from, err := c.ReadFrom(buf)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "nothing"
	case err != nil:
		return err.Error()
	}
	return fmt.Sprintf("%s from %v", buf[:n], from)
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNetworkDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{Delay: 50 * ms})
		server, client := listen(t, n, "10.0.0.1:7777"), listen(t, n, "10.0.0.2:0")
		sent := time.Now()
		if _, err := client.WriteTo([]byte("hi"), server.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		from := client.LocalAddr().(*net.UDPAddr)
		expect(t, read(server, time.Second), "hi from "+from.String())
		if took := time.Since(sent); took != 50*ms {
			t.Errorf("it took %v, want 50 ms", took)
		}
		server.WriteTo([]byte("ho"), from)
		expect(t, read(client, time.Second), "ho from 10.0.0.1:7777")
		expect(t, read(client, time.Second), "nothing")
	})
}

func TestPacketsKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{Delay: 5 * ms})
		server, client := listen(t, n, "10.0.0.1:7777"), listen(t, n, "10.0.0.2:1")
		for i := range 500 {
			client.WriteTo([]byte{byte(i)}, server.LocalAddr())
		}
		buf := make([]byte, 1)
		for i := range 500 {
			if server.ReadFrom(buf); buf[0] != byte(i) {
				t.Fatalf("packet %d is number %d", i, buf[0])
			}
		}
	})
}

func TestRebindMovesAClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{Delay: 10 * ms})
		server, client := listen(t, n, "10.0.0.1:7777"), listen(t, n, "10.0.0.2:1")
		server.WriteTo([]byte("late"), client.LocalAddr())
		if err := client.Rebind("10.0.0.9:5"); err != nil {
			t.Fatal(err)
		}
		expect(t, read(client, time.Second), "nothing")
		client.WriteTo([]byte("here"), server.LocalAddr())
		expect(t, read(server, time.Second), "here from 10.0.0.9:5")
		server.WriteTo([]byte("ok"), client.LocalAddr())
		expect(t, read(client, time.Second), "ok from 10.0.0.1:7777")
		if err := client.Rebind("10.0.0.1:7777"); err == nil {
			t.Error("a taken address is given away")
		}
	})
}

func TestBlockCutsTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{})
		server, client := listen(t, n, "10.0.0.1:7777"), listen(t, n, "10.0.0.2:1")
		client.Block()
		client.WriteTo([]byte("1"), server.LocalAddr())
		server.WriteTo([]byte("2"), client.LocalAddr())
		expect(t, read(server, time.Second), "nothing")
		client.Unblock()
		client.WriteTo([]byte("3"), server.LocalAddr())
		expect(t, read(server, time.Second), "3 from 10.0.0.2:1")
		expect(t, read(client, time.Second), "nothing")
	})
}

func TestForgersAndWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{Loss: 1})
		server := listen(t, n, "10.0.0.1:7777")
		seen := 0
		n.Watch(func(_, to netip.AddrPort, packet []byte) { seen++ })
		forged := netip.MustParseAddrPort("6.6.6.6:6")
		n.Inject(forged, server.AddrPort(), []byte("lost"))
		if err := n.Reshape(Config{}); err != nil {
			t.Fatal(err)
		}
		n.Inject(forged, server.AddrPort(), []byte("boo"))
		expect(t, read(server, time.Second), "boo from 6.6.6.6:6")
		if seen != 2 {
			t.Errorf("the watcher saw %d packets, want 2", seen)
		}
	})
}

func TestCloseEndsReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{})
		c := listen(t, n, "10.0.0.1:7777")
		ended := make(chan error)
		go func() {
			_, _, err := c.ReadFrom(make([]byte, 1))
			ended <- err
		}()
		synctest.Wait()
		c.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("a read ended with %v", err)
		}
		if err := c.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the second Close: %v", err)
		}
		listen(t, n, "10.0.0.1:7777") // the address is free again
	})
}

func TestDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNetwork(Config{})
		c := listen(t, n, "10.0.0.1:7777")
		start := time.Now()
		c.SetReadDeadline(start.Add(time.Second))
		go func() {
			time.Sleep(500 * ms)
			c.SetReadDeadline(time.Now()) // as one does to end a reader
		}()
		if _, _, err := c.ReadFrom(nil); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 500*ms {
			t.Errorf("a read ended with %v after %v", err, time.Since(start))
		}
		expect(t, read(c, 20*ms), "nothing")
		expect(t, read(c, -time.Second), "nothing")
		c.SetReadDeadline(time.Time{})
		go c.WriteTo([]byte("me"), c.LocalAddr())
		expect(t, read(c, time.Second), "me from 10.0.0.1:7777")
	})
}
