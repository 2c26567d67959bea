//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxDatagram = 1200    // of Parlor's packets, and so of the floor's
	udpBuffer   = 8 << 20 // bytes of a socket's buffer
	udpBatch    = 128     // datagrams of one recvmmsg
)

// udpFloor is the least that a UDP server of rooms can be: one thread, which
// sleeps until a room is due, takes all inputs that have come with recvmmsg
// and sends the room's message to its clients with one sendmmsg. It has no
// sessions, no encryption, no protocol, and allocates nothing.
type udpFloor struct {
	fd    int
	in    *inbox
	rooms []udpFloorRoom
	epoch time.Time
	pause instant // at most so long between two reads
}

// udpFloorRoom is a room of it. Its clients are those that have sent anything.
type udpFloorRoom struct {
	next    instant
	message []byte
	out     *outbox
	there   []bool
	x, y    []float32
	dx, dy  []int8
}

// serveUDPFloor is the floor process over UDP.
func serveUDPFloor(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("udpfloor", flag.ContinueOnError)
	rooms := flags.Int("rooms", 1, "rooms")
	players := flags.Int("players", 20, "players of a room")
	down := flags.Int("down", 100, "bytes to a client each tick")
	pause := flags.Duration("pause", 5*time.Millisecond, "longest time between two reads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fd, addr, err := listenUDP()
	if err != nil {
		return err
	}
	f := &udpFloor{fd: fd, in: newInbox(udpBatch), rooms: make([]udpFloorRoom, *rooms), epoch: time.Now(), pause: instant(*pause)}
	for i := range f.rooms {
		f.rooms[i] = newUDPFloorRoom(*players, *down)
		f.rooms[i].next = instant(floorPeriod) * instant(i) / instant(*rooms)
	}
	fmt.Println(addr)
	runtime.LockOSThread()
	for {
		f.turn()
	}
}

// listenUDP opens a socket on this machine with large buffers.
func listenUDP() (fd int, addr netip.AddrPort, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
		return 0, addr, fmt.Errorf("failed to make a socket: %w", err)
	}
	enlarge(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, addr, fmt.Errorf("failed to bind a socket: %w", err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, addr, fmt.Errorf("failed to name a socket: %w", err)
	}
	at, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return 0, addr, errors.New("the socket is not one of IPv4")
	}
	return fd, netip.AddrPortFrom(netip.AddrFrom4(at.Addr), uint16(at.Port)), nil
}

func newUDPFloorRoom(players, down int) udpFloorRoom {
	pieces := (max(1, down) + maxDatagram - 1) / maxDatagram
	return udpFloorRoom{
		message: make([]byte, max(1, down)), out: newOutbox(players * pieces), there: make([]bool, players),
		x: make([]float32, players), y: make([]float32, players), dx: make([]int8, players), dy: make([]int8, players),
	}
}

// turn is one round: read, tick the rooms that are due, sleep.
func (f *udpFloor) turn() {
	f.read()
	now := since(f.epoch)
	next := now + f.pause
	for i := range f.rooms {
		r := &f.rooms[i]
		if r.next <= now {
			r.step()
			r.out.send(f.fd)
			r.next += instant(floorPeriod)
		}
		next = min(next, r.next)
	}
	if wait := next - since(f.epoch); wait > 0 {
		nap(time.Duration(wait))
	}
}

// read takes all that has come.
func (f *udpFloor) read() {
	for n := len(f.in.headers); n == len(f.in.headers); {
		n = f.in.receive(f.fd)
		for i := range n {
			f.input(f.in.datagram(i), &f.in.froms[i])
		}
	}
}

// input takes a client's datagram.
func (f *udpFloor) input(data []byte, from *unix.RawSockaddrInet4) {
	if len(data) < floorUp {
		return
	}
	index := int(binary.LittleEndian.Uint32(data[floorIndex:]))
	players := len(f.rooms[0].there)
	if index >= players*len(f.rooms) {
		return
	}
	r, seat := &f.rooms[index/players], index%players
	r.dx[seat], r.dy[seat] = int8(data[floorWay]), int8(data[floorWay+1])
	if !r.there[seat] {
		r.there[seat] = true
		for at := 0; at < len(r.message); at += maxDatagram {
			r.out.add(r.message[at:min(at+maxDatagram, len(r.message))], from)
		}
	}
}

// step moves the players and writes where they are, as far as there is place.
func (r *udpFloorRoom) step() {
	for i := range r.x {
		r.x[i] += float32(r.dx[i]) * 0.25
		r.y[i] += float32(r.dy[i]) * 0.25
		if at := 2 * i; at+2 <= len(r.message) {
			r.message[at], r.message[at+1] = byte(int(r.x[i]*100)), byte(int(r.y[i]*100))
		}
	}
}
