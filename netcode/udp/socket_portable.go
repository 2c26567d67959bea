package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
)

// readFailures is how many reads in a row may fail before a socket is given up:
// some platforms report through a read what befell an earlier write.
const readFailures = 16

// openPortable opens one socket by package net alone.
func openPortable(addr string) (socket, error) {
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		return nil, fmt.Errorf("failed to open the UDP socket %s: %w", addr, err)
	}
	// Best effort: a small buffer loses more under load, and that is counted.
	if udp, ok := conn.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(receiveBuffer)
		_ = udp.SetWriteBuffer(sendBuffer)
	}
	return packetSocket(conn), nil
}

// packetSocket makes a socket of a connection, which it then owns: without
// allocations of a *net.UDPConn; any other kind is for tests in memory.
func packetSocket(conn net.PacketConn) socket {
	s := &portableSocket{conn: conn, buf: make([]byte, slotSize)}
	s.udp, _ = conn.(*net.UDPConn)
	return s
}

// portableSocket moves one datagram a system call, by package net.
type portableSocket struct {
	conn     net.PacketConn
	udp      *net.UDPConn // conn, if it is one
	buf      []byte       // the reader's
	closed   atomic.Bool
	counters socketCounters
}

// HOT
func (s *portableSocket) read(batch []datagram) (int, error) {
	if len(batch) == 0 {
		return 0, nil
	}
	for failed := 0; ; {
		n, addr, err := s.readOne()
		switch {
		case err == nil:
		case s.closed.Load() || errors.Is(err, net.ErrClosed):
			return 0, net.ErrClosed
		default:
			if failed++; failed == readFailures {
				return 0, fmt.Errorf("failed to read from the UDP socket: %w", err)
			}
			continue
		}
		failed = 0
		if n > maxDatagram {
			s.counters.oversize.Add(1)
			continue
		}
		s.counters.received.Add(1)
		batch[0] = datagram{data: s.buf[:n], addr: addr}
		return 1, nil
	}
}

func (s *portableSocket) readOne() (int, netip.AddrPort, error) {
	s.counters.readCalls.Add(1)
	if s.udp != nil {
		n, addr, err := s.udp.ReadFromUDPAddrPort(s.buf)
		return n, unmapped(addr), err
	}
	n, addr, err := s.conn.ReadFrom(s.buf)
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	return n, addrPortOf(addr), nil
}

// HOT
func (s *portableSocket) write(batch []datagram) error {
	for i := range batch {
		err := s.writeOne(batch[i])
		s.counters.writeCalls.Add(1)
		switch {
		case err == nil:
			s.counters.sent.Add(1)
		case s.closed.Load() || errors.Is(err, net.ErrClosed):
			return net.ErrClosed
		default:
			s.counters.refused.Add(1)
		}
	}
	return nil
}

func (s *portableSocket) writeOne(d datagram) error {
	var err error
	if s.udp != nil {
		_, err = s.udp.WriteToUDPAddrPort(d.data, d.addr)
	} else {
		_, err = s.conn.WriteTo(d.data, net.UDPAddrFromAddrPort(d.addr))
	}
	return err
}

func (s *portableSocket) localAddr() netip.AddrPort { return addrPortOf(s.conn.LocalAddr()) }

func (s *portableSocket) counts() socketCounts { return s.counters.snapshot() }

func (s *portableSocket) close() error {
	s.closed.Store(true)
	return s.conn.Close()
}

// addrPortOf reads an address of package net; the zero AddrPort if it is none
// of UDP.
func addrPortOf(addr net.Addr) netip.AddrPort {
	switch a := addr.(type) {
	case *net.UDPAddr:
		return unmapped(a.AddrPort())
	case nil:
		return netip.AddrPort{}
	}
	parsed, _ := netip.ParseAddrPort(addr.String())
	return unmapped(parsed)
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
