//go:build linux

package main

import (
	"encoding/binary"
	"maps"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUDPFloorServes lets two clients of different rooms talk to the floor.
func TestUDPFloorServes(t *testing.T) {
	fd, addr, err := listenUDP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	f := &udpFloor{fd: fd, in: newInbox(2), rooms: []udpFloorRoom{newUDPFloorRoom(2, maxDatagram+10), newUDPFloorRoom(2, maxDatagram+10)}}
	var clients [2]net.Conn
	for i, index := range []uint32{1, 2} {
		c, err := net.Dial("udp4", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		clients[i] = c
		up := binary.LittleEndian.AppendUint32(nil, index)
		for _, d := range [][]byte{
			append(up, 1, 0xff),
			append(up, 0xff, 1), // this one counts, and is no second client
			{1, 2, 3},           // noise
		} {
			if _, err := c.Write(d); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.read()
	if a, b := &f.rooms[0], &f.rooms[1]; !a.there[1] || !b.there[0] || a.there[0] || b.there[1] || a.dx[1] != -1 || b.dy[0] != 1 {
		t.Errorf("the rooms have %v and %v, who go %v and %v", a.there, b.there, a.dx, b.dy)
	}
	for i := range f.rooms {
		r := &f.rooms[i]
		r.step()
		r.out.send(f.fd)
	}
	if a := testing.AllocsPerRun(100, func() { f.read(); f.rooms[0].step(); f.rooms[0].out.send(f.fd) }); a != 0 {
		t.Errorf("a turn allocates %v times", a)
	}
	for i := range clients {
		var sizes [3]int
		for n := range sizes[:2] {
			var err error
			if sizes[n], err = clients[i].Read(make([]byte, 2048)); err != nil {
				t.Fatal(err)
			}
		}
		if sizes[0] != maxDatagram || sizes[1] != 10 {
			t.Errorf("client %d got datagrams of %v bytes", i, sizes)
		}
	}
}

// TestHubTellsClientsApart lets two clients of one socket talk to a server.
func TestHubTellsClientsApart(t *testing.T) {
	server, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	l := &load{}
	if l.hub, err = newHub(l, 300); err != nil {
		t.Skip("no socket for the hub:", err)
	}
	t.Cleanup(func() { _ = unix.Close(l.hub.fd) })
	got := make(map[int]string)
	for _, index := range []int{2, 258} {
		d := datagrams{hub: l.hub, index: index}
		d.to(netip.MustParseAddrPort(server.LocalAddr().String()))
		l.hub.clients[index] = &client{load: l, link: &plainDatagrams{d}, talk: heard{func(m []byte) { got[index] += string(m) }}}
		l.hub.clients[index].link.send([]byte{byte(index)})
	}
	l.hub.flush()
	for range 2 {
		var m [9]byte
		_, from, err := server.ReadFrom(m[:])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.WriteTo([]byte(from.String()), from); err != nil {
			t.Fatal(err)
		}
	}
	l.hub.readable()
	port := l.hub.port(t)
	if want := map[int]string{2: "127.64.0.2:" + port, 258: "127.64.1.2:" + port}; !maps.Equal(got, want) {
		t.Errorf("the clients got %v, want %v", got, want)
	}
}

func (h *hub) port(t *testing.T) string {
	name, err := unix.Getsockname(h.fd)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(name.(*unix.SockaddrInet4).Port)
}

// heard is a talker that only listens.
type heard struct{ hear func(m []byte) }

func (heard) opened(*client)                {}
func (heard) start(*client)                 {}
func (heard) beat(*client)                  {}
func (h heard) message(_ *client, m []byte) { h.hear(m) }
