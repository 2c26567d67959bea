//go:build linux

package udp

import (
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// arrival is a packet and the index of the socket that it reached.
type arrival struct {
	socket int
	from   netip.AddrPort
	second byte
}

// arrivals reads all sockets until they are closed.
func arrivals(t *testing.T, sockets []socket) <-chan arrival {
	all := make(chan arrival, 1000)
	var readers sync.WaitGroup
	for i, s := range sockets {
		readers.Go(func() {
			batch := make([]datagram, socketBatch)
			for {
				n, err := s.read(batch)
				if err != nil {
					return
				}
				for _, d := range batch[:n] {
					a := arrival{socket: i, from: d.addr}
					if len(d.data) > 1 {
						a.second = d.data[1]
					}
					all <- a
				}
			}
		})
	}
	t.Cleanup(func() { closeAll(sockets); readers.Wait() })
	return all
}

func openShards(t *testing.T, addr string, n int) []socket {
	t.Helper()
	sockets, steered, err := openSockets(addr, n, false)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { closeAll(sockets) })
	if !steered {
		t.Skip("this kernel does not steer")
	}
	for _, s := range sockets {
		if s.localAddr() != sockets[0].localAddr() {
			t.Errorf("a socket of its own: %v", s.localAddr())
		}
	}
	return sockets
}

func clientsOf(t *testing.T, to netip.AddrPort, n int) []*net.UDPConn {
	var clients []*net.UDPConn
	for range n {
		clients = append(clients, dial(t, to))
	}
	return clients
}

func TestSteeringFollowsTheSecondByte(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		for n := 1; n <= 4; n++ {
			sockets := openShards(t, addr, n)
			all := arrivals(t, sockets)
			to := sockets[0].localAddr()
			if to.Addr().IsUnspecified() {
				to = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), to.Port())
			}
			for _, c := range clientsOf(t, to, 30) {
				for shard := range n {
					packet := []byte{200, byte(shard), 201, 202}
					if _, err := c.Write(packet); err != nil {
						t.Fatal(err)
					}
					if a := <-all; a.socket != shard || a.from != addrPortOf(c.LocalAddr()) {
						t.Fatalf("%s, %d sockets: the packet of shard %d reached %d", addr, n, shard, a.socket)
					}
				}
			}
		}
	}
}

// Bytes that name no socket leave the choice to the hash of the addresses, which
// is the same for all packets of one client and spreads the clients.
func TestSteeringFallsBackToTheHash(t *testing.T) {
	const n = 3
	sockets := openShards(t, "127.0.0.1:0", n)
	all := arrivals(t, sockets)
	var used [n]int
	for _, c := range clientsOf(t, sockets[0].localAddr(), 60) {
		first := -1
		for _, second := range []byte{n, n + 1, 100, 0xff} {
			if _, err := c.Write([]byte{0, second, 1, 2, 1}); err != nil {
				t.Fatal(err)
			}
			a := <-all
			if first < 0 {
				first = a.socket
			}
			if a.socket != first || a.second != second {
				t.Fatalf("second byte %d: socket %d, before %d", second, a.socket, first)
			}
		}
		used[first]++
	}
	for i, count := range used {
		if count == 0 {
			t.Errorf("no client of 60 reached socket %d", i)
		}
	}
}

// A packet too short for the filter goes to the first socket.
func TestSteeringOfShortPackets(t *testing.T) {
	sockets := openShards(t, "127.0.0.1:0", 3)
	all := arrivals(t, sockets)
	for _, c := range clientsOf(t, sockets[0].localAddr(), 20) {
		for _, packet := range [][]byte{{}, {2}} {
			if _, err := c.Write(packet); err != nil {
				t.Fatal(err)
			}
			if a := <-all; a.socket != 0 {
				t.Errorf("%d bytes reached socket %d", len(packet), a.socket)
			}
		}
	}
}

// Without the filter a packet still arrives once, at a socket that its client's
// address chooses.
func TestWithoutSteering(t *testing.T) {
	const n = 4
	sockets := openShards(t, "127.0.0.1:0", n)
	err := sockets[0].(*fastSocket).control(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DETACH_REUSEPORT_BPF, 0)
	})
	if err != nil {
		t.Skip(err)
	}
	all := arrivals(t, sockets)
	missed := 0
	for _, c := range clientsOf(t, sockets[0].localAddr(), 60) {
		for shard := range n {
			if _, err := c.Write([]byte{0, byte(shard)}); err != nil {
				t.Fatal(err)
			}
			if a := <-all; a.from != addrPortOf(c.LocalAddr()) || int(a.second) != shard {
				t.Fatalf("got %+v", a)
			} else if a.socket != shard {
				missed++
			}
		}
	}
	if missed != 60*(n-1) {
		t.Errorf("%d packets missed their shard, want %d: each client's reach one socket", missed, 60*(n-1))
	}
}
