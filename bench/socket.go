//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// WebSocket opcodes, RFC 6455.
const (
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxSend is the largest message that a socket sends.
const maxSend = 512

// socket is a client's end of one WebSocket connection, as thin as can be: raw
// system calls on a non-blocking descriptor. The load loop owns it.
type socket struct {
	fd       int
	upgraded bool   // the handshake is over
	rest     []byte // the beginning of a frame whose end has not come
	bytes    int64  // received in WebSocket frames, headers included
}

// dial connects to a server on this machine and asks for a WebSocket.
func dial(addr *net.TCPAddr, path string) (socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return socket{}, fmt.Errorf("failed to make a socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: addr.Port}
	copy(to.Addr[:], addr.IP.To4())
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(fd, to); err != nil {
		return socket{}, fmt.Errorf("failed to connect to %s: %w", addr, err)
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: " + addr.String() + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	if _, err := unix.Write(fd, []byte(request)); err != nil {
		return socket{}, fmt.Errorf("failed to ask %s for a WebSocket: %w", addr, err)
	}
	return socket{fd: fd}, unix.SetNonblock(fd, true)
}

// upgrade looks for the end of the handshake in data and returns what follows.
func (s *socket) upgrade(data []byte) (rest []byte, err error) {
	head, rest, whole := bytes.Cut(data, []byte("\r\n\r\n"))
	if !whole {
		s.rest = append(s.rest[:0], data...)
		return nil, nil
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101")) {
		return nil, fmt.Errorf("the server refused a WebSocket: %s", data)
	}
	s.upgraded = true
	return rest, nil
}

// frame splits the first frame off data; ok is false while it is incomplete.
func frame(data []byte) (opcode byte, payload, rest []byte, ok bool) {
	if len(data) < 2 {
		return 0, nil, data, false
	}
	size, head := int(data[1]&127), 2
	switch {
	case size == 126 && len(data) >= 4:
		size, head = int(binary.BigEndian.Uint16(data[2:])), 4
	case size == 127 && len(data) >= 10:
		size, head = int(binary.BigEndian.Uint64(data[2:])), 10
	case size >= 126:
		return 0, nil, data, false
	}
	if len(data) < head+size {
		return 0, nil, data, false
	}
	return data[0] & 15, data[head : head+size], data[head+size:], true
}

// send sends one frame of at most maxSend bytes. The mask is what RFC 6455
// demands of clients; any will do here.
func (s *socket) send(opcode byte, payload []byte) bool {
	mask := [4]byte{0x12, 0x34, 0x56, byte(s.fd)}
	var space [8 + maxSend]byte
	f := append(space[:0], 0x80|opcode)
	if len(payload) < 126 {
		f = append(f, 0x80|byte(len(payload)))
	} else {
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(len(payload)))
	}
	f = append(f, mask[:]...)
	for i, b := range payload {
		f = append(f, b^mask[i&3])
	}
	n, err := rawWrite(s.fd, f)
	return err == 0 && n == len(f)
}

// traffic is what the kernel counted of a connection.
type traffic struct {
	received, segmentsIn int64
	sent, segmentsOut    int64
}

// headers of every segment: IPv4 and TCP with its timestamps.
const segmentHeaders = 20 + 20 + 12

func (s *socket) traffic() traffic {
	info, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return traffic{}
	}
	return traffic{
		int64(info.Bytes_received), int64(info.Segs_in),
		int64(info.Bytes_sent), int64(info.Segs_out),
	}
}

// These calls cannot block, so the Go scheduler need not be told of them.

func rawWrite(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

func rawRead(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

// epollWait is epoll_pwait2, whose time-out is finer than a millisecond. It is
// made the same way: in the load process nobody else wants the processor.
func epollWait(poll int, events []unix.EpollEvent, timeout *unix.Timespec) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(poll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(timeout)), 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// instant is a time on the load's clock.
type instant time.Duration

func since(epoch time.Time) instant { return instant(time.Since(epoch)) }
