//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// WebSocket opcodes, RFC 6455.
const (
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10
)

// maxSend is the largest message that a link sends.
const maxSend = 512

// webSocket is one WebSocket connection, as thin as can be: raw system calls on
// a non-blocking descriptor.
type webSocket struct {
	addr     netip.AddrPort
	path     func() (string, error) // where to ask for it; may wait on the network
	fd       int
	upgraded bool   // the handshake is over
	rest     []byte // the beginning of a frame whose end has not come
	bytes    int64  // received in WebSocket frames, headers included
}

// open connects to a server on this machine and asks for a WebSocket.
func (s *webSocket) open(*client) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	s.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return fmt.Errorf("failed to make a socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: int(s.addr.Port()), Addr: s.addr.Addr().As4()}
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.Connect(s.fd, to); err != nil {
		return fmt.Errorf("failed to connect to %s: %w", s.addr, err)
	}
	request := "GET " + path + " HTTP/1.1\r\nHost: " + s.addr.String() + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	if _, err := unix.Write(s.fd, []byte(request)); err != nil {
		return fmt.Errorf("failed to ask %s for a WebSocket: %w", s.addr, err)
	}
	return unix.SetNonblock(s.fd, true)
}

func (s *webSocket) close()          { _ = unix.Close(s.fd) } // which also ends the watching
func (s *webSocket) received() int64 { return s.bytes }

// send sends a binary message.
func (s *webSocket) send(m []byte) bool { return s.sendFrame(opBinary, m) }

// readable reads what has come and hands it over frame by frame.
func (s *webSocket) readable(c *client) {
	l := c.load
	n := copy(l.buf, s.rest)
	m, err := rawRead(s.fd, l.buf[n:])
	switch {
	case err == again:
		return
	case err != 0 || m <= 0:
		c.die("the server closed a connection")
		return
	}
	data := l.buf[:n+m]
	s.rest = s.rest[:0]
	if !s.upgraded {
		rest, err := s.upgrade(data)
		if err != nil {
			c.die(err.Error())
			return
		}
		if !s.upgraded {
			return
		}
		c.talk.opened(c)
		data = rest
	}
	s.frames(c, data)
}

func (s *webSocket) frames(c *client, data []byte) {
	for {
		opcode, payload, rest, ok := frame(data)
		if !ok {
			s.rest = append(s.rest[:0], data...)
			return
		}
		s.bytes += int64(len(data) - len(rest))
		data = rest
		switch opcode {
		case opBinary:
			c.talk.message(c, payload)
		case opPing:
			s.sendFrame(opPong, payload)
		case opClose:
			c.die("the server closed a WebSocket: " + string(payload[min(2, len(payload)):]))
			return
		}
	}
}

// upgrade looks for the end of the handshake in data and returns what follows.
func (s *webSocket) upgrade(data []byte) (rest []byte, err error) {
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

// sendFrame sends one frame of at most maxSend bytes. The mask is what RFC 6455
// demands of clients; any will do here.
func (s *webSocket) sendFrame(opcode byte, payload []byte) bool {
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

// headers of every segment: IPv4 and TCP with its timestamps.
const segmentHeaders = 20 + 20 + 12

func (s *webSocket) traffic() traffic {
	info, err := unix.GetsockoptTCPInfo(s.fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return traffic{}
	}
	in, out := int64(info.Segs_in), int64(info.Segs_out)
	return traffic{int64(info.Bytes_received) + in*segmentHeaders, int64(info.Bytes_sent) + out*segmentHeaders}
}
