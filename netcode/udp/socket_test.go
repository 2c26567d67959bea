package udp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// eachPath runs a test with sockets of every kind that this platform has, on an
// address of the loopback interface.
func eachPath(t *testing.T, test func(t *testing.T, open func(addr string) socket)) {
	for name, portable := range map[string]bool{"fast": false, "portable": true} {
		t.Run(name, func(t *testing.T) {
			test(t, func(addr string) socket { return openOne(t, addr, portable) })
		})
	}
	t.Run("connection", func(t *testing.T) {
		test(t, func(addr string) socket {
			conn, err := net.ListenPacket("udp", addr)
			if err != nil {
				t.Skip(err)
			}
			s := packetSocket(foreignConn{conn})
			t.Cleanup(func() { _ = s.close() })
			return s
		})
	})
}

// foreignConn hides that a connection is a *net.UDPConn.
type foreignConn struct{ net.PacketConn }

func openOne(t testing.TB, addr string, portable bool) socket {
	t.Helper()
	sockets, _, err := openSockets(addr, 1, portable)
	if err != nil {
		t.Skip(err) // no IPv6 here
	}
	t.Cleanup(func() { _ = sockets[0].close() })
	return sockets[0]
}

// readAll reads n datagrams and copies them.
func readAll(t testing.TB, s socket, n int) []datagram {
	t.Helper()
	var all []datagram
	batch := make([]datagram, socketBatch)
	for len(all) < n {
		got, err := s.read(batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range batch[:got] {
			all = append(all, datagram{data: bytes.Clone(d.data), addr: d.addr})
		}
	}
	return all
}

func mustWrite(t testing.TB, s socket, batch ...datagram) {
	t.Helper()
	if err := s.write(batch); err != nil {
		t.Fatal(err)
	}
}

func TestSocketCarriesEverySize(t *testing.T) {
	eachPath(t, func(t *testing.T, open func(string) socket) {
		for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
			from, to := open(addr), open(addr)
			var batch []datagram
			for _, size := range []int{1, 2, 13, 600, maxDatagram, 0} {
				data := bytes.Repeat([]byte{byte(size)}, size)
				batch = append(batch, datagram{data: data, addr: to.localAddr()})
			}
			mustWrite(t, from, batch...)
			for i, d := range readAll(t, to, len(batch)) {
				if !bytes.Equal(d.data, batch[i].data) || d.addr != from.localAddr() {
					t.Errorf("%s: got %d bytes from %v, want %d from %v", addr, len(d.data), d.addr, len(batch[i].data), from.localAddr())
				}
			}
			if c := from.counts(); c.Sent != 6 || c.Refused != 0 {
				t.Errorf("sender counts %+v", c)
			}
			if c := to.counts(); c.Received != 6 || c.ReadCalls == 0 {
				t.Errorf("receiver counts %+v", c)
			}
		}
	})
}

func TestSocketLeavesOutOversize(t *testing.T) {
	eachPath(t, func(t *testing.T, open func(string) socket) {
		s := open("127.0.0.1:0")
		client := dial(t, s.localAddr())
		for _, size := range []int{maxDatagram + 1, 9000, maxDatagram} {
			if _, err := client.Write(make([]byte, size)); err != nil {
				t.Fatal(err)
			}
		}
		if d := readAll(t, s, 1)[0]; len(d.data) != maxDatagram {
			t.Errorf("got %d bytes", len(d.data))
		}
		if c := s.counts(); c.Oversize != 2 || c.Received != 1 {
			t.Errorf("counts %+v", c)
		}
	})
}

// dial opens a client of package net.
func dial(t testing.TB, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestSocketServesBothFamilies(t *testing.T) {
	eachPath(t, func(t *testing.T, open func(string) socket) {
		for _, wildcard := range []string{":0", "[::]:0"} {
			s := open(wildcard)
			for _, host := range []string{"127.0.0.1", "::1"} {
				to := netip.AddrPortFrom(netip.MustParseAddr(host), s.localAddr().Port())
				client := dial(t, to)
				if _, err := client.Write([]byte("ask")); err != nil {
					t.Skip(err) // no IPv6 here
				}
				d := readAll(t, s, 1)[0]
				if d.addr != addrPortOf(client.LocalAddr()) || d.addr.Addr().Is4In6() {
					t.Errorf("from %v, want %v", d.addr, client.LocalAddr())
				}
				mustWrite(t, s, datagram{data: []byte("answer"), addr: d.addr})
				buf := make([]byte, 16)
				if n, err := client.Read(buf); err != nil || string(buf[:n]) != "answer" {
					t.Errorf("client got %q, %v", buf[:n], err)
				}
			}
		}
	})
}

func TestSocketDropsWhatIsRefused(t *testing.T) {
	eachPath(t, func(t *testing.T, open func(string) socket) {
		s, to := open("127.0.0.1:0"), open("127.0.0.1:0")
		good := datagram{data: []byte("good"), addr: to.localAddr()}
		mustWrite(t, s,
			datagram{data: []byte("no port"), addr: netip.MustParseAddrPort("127.0.0.1:0")},
			good,
			datagram{data: []byte("other family"), addr: netip.MustParseAddrPort("[2001:db8::1]:9")},
			datagram{data: []byte("nowhere")},
			datagram{data: make([]byte, 70_000), addr: to.localAddr()},
			good)
		readAll(t, to, 2)
		if c := s.counts(); c.Sent != 2 || c.Refused != 4 {
			t.Errorf("counts %+v", c)
		}
	})
}

func TestSocketClosedWhileReading(t *testing.T) {
	eachPath(t, func(t *testing.T, open func(string) socket) {
		s := open("127.0.0.1:0")
		ended := make(chan error)
		go func() {
			_, err := s.read(make([]datagram, 8))
			ended <- err
		}()
		if err := s.close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if _, err := s.read(make([]datagram, 8)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second read: %v", err)
		}
		d := datagram{data: []byte("late"), addr: s.localAddr()}
		if err := s.write([]datagram{d, d}); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
		_ = s.counts() // still allowed
	})
}

func TestSocketBurst(t *testing.T) {
	const total, window = 10_000, 100
	eachPath(t, func(t *testing.T, open func(string) socket) {
		from, to := open("127.0.0.1:0"), open("127.0.0.1:0")
		credit := make(chan struct{}, window) // so that the smallest queue loses nothing
		var sender sync.WaitGroup
		sender.Go(func() {
			var data [window][4]byte
			for sent := 0; sent < total; {
				var batch []datagram
				for range 1 + sent%window/2 {
					if sent < total {
						credit <- struct{}{}
						d := data[sent%window][:]
						binary.BigEndian.PutUint32(d, uint32(sent))
						batch = append(batch, datagram{data: d, addr: to.localAddr()})
						sent++
					}
				}
				if err := from.write(batch); err != nil {
					t.Error(err)
				}
			}
		})
		batch := make([]datagram, socketBatch)
		for got := 0; got < total; {
			n, err := to.read(batch)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range batch[:n] {
				if number := binary.BigEndian.Uint32(d.data); int(number) != got {
					t.Fatalf("got packet %d, want %d", number, got)
				}
				got++
				<-credit
			}
		}
		sender.Wait()
	})
}

func TestSocketHoldsItsPortAlone(t *testing.T) {
	for _, n := range []int{1, 3} {
		sockets, _, err := openSockets("127.0.0.1:0", n, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, again := range []int{1, 2} {
			others, _, err := openSockets(sockets[0].localAddr().String(), again, false)
			if err == nil {
				t.Errorf("%d more sockets share the port of %d of another server", again, n)
				closeAll(others)
			}
		}
		closeAll(sockets)
		others, _, err := openSockets(sockets[0].localAddr().String(), n, false)
		if err != nil {
			t.Errorf("the port is not free after close: %v", err)
		}
		closeAll(others)
	}
}

func closeAll(sockets []socket) {
	for _, s := range sockets {
		_ = s.close()
	}
}

func TestSocketRefusesBadAddresses(t *testing.T) {
	for _, portable := range []bool{false, true} {
		for _, addr := range []string{"nonsense", "127.0.0.1", "127.0.0.1:70000", "192.0.2.1:0"} {
			if s, _, err := openSockets(addr, 1, portable); err == nil {
				t.Errorf("%q opened as %v", addr, s[0].localAddr())
				closeAll(s)
			}
		}
	}
}

func TestSocketAllocatesNothing(t *testing.T) {
	for name, portable := range map[string]bool{"fast": false, "portable": true} {
		for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
			t.Run(name+" "+addr, func(t *testing.T) {
				from, to := openOne(t, addr, portable), openOne(t, addr, portable)
				out := []datagram{{[]byte("one"), to.localAddr()}, {[]byte("two"), to.localAddr()}}
				in := make([]datagram, socketBatch)
				allocs := testing.AllocsPerRun(200, func() {
					if from.write(out) != nil {
						t.Fail()
					}
					for got := 0; got < len(out); {
						n, err := to.read(in)
						if err != nil {
							t.FailNow()
						}
						got += n
					}
				})
				if allocs != 0 {
					t.Errorf("%v allocations for two packets", allocs)
				}
			})
		}
	}
}
