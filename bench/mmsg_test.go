//go:build linux

package main

import (
	"encoding/binary"
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
	f := &udpFloor{fd: fd, in: newInbox(2, maxDatagram), rooms: []udpFloorRoom{newUDPFloorRoom(2, maxDatagram+10), newUDPFloorRoom(2, maxDatagram+10)}}
	var clients [2]datagrams
	for i, index := range []uint32{1, 2} {
		c := &clients[i]
		c.addr = addr
		if err := c.connect(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(c.fd) })
		up := binary.LittleEndian.AppendUint32(nil, index)
		c.send(append(up, 1, 0xff))
		c.send(append(up, 0xff, 1)) // the second one counts, and is no second client
		c.send([]byte{1, 2, 3})     // noise
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
			if got, err := rawRead(clients[i].fd, make([]byte, 2048)); err == 0 {
				sizes[n] = got
			}
		}
		if sizes[0] != maxDatagram || sizes[1] != 10 {
			t.Errorf("client %d got datagrams of %v bytes", i, sizes)
		}
	}
}
