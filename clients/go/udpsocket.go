package client

import (
	"fmt"
	"net"
	"net/netip"
)

// udpSocket is a socket as a connection uses it: for one server only. One
// goroutine reads; any may write and close.
type udpSocket interface {
	// read returns the size of the next packet that came from the server. Its
	// error may be a refusal, after which more can come.
	read(packet []byte) (int, error)
	write(packet []byte) error
	close()
}

// openSocket opens a socket to a server, with the application's function if
// there is one.
func openSocket(server netip.AddrPort, open func(netip.AddrPort) (net.PacketConn, error)) (udpSocket, error) {
	if open != nil {
		conn, err := open(server)
		if err != nil {
			return nil, fmt.Errorf("open a packet connection: %w", err)
		}
		fast, _ := conn.(addrPortConn)
		return &givenSocket{conn: conn, fast: fast, server: server, addr: net.UDPAddrFromAddrPort(server)}, nil
	}
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return nil, fmt.Errorf("open a UDP socket: %w", err)
	}
	return systemSocket{conn}, nil
}

// systemSocket is a connected socket: the system tells it when nothing listens
// at the server's address.
type systemSocket struct{ conn *net.UDPConn }

func (s systemSocket) read(packet []byte) (int, error) { return s.conn.Read(packet) }

func (s systemSocket) write(packet []byte) error {
	_, err := s.conn.Write(packet)
	return err
}

func (s systemSocket) close() { _ = s.conn.Close() }

// addrPortConn is what a net.PacketConn offers to be used without allocating.
type addrPortConn interface {
	ReadFromUDPAddrPort(packet []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(packet []byte, to netip.AddrPort) (int, error)
}

// givenSocket is the application's, such as a simulated network's.
type givenSocket struct {
	conn   net.PacketConn
	fast   addrPortConn // the same, nil if it cannot
	server netip.AddrPort
	addr   net.Addr
}

func (s *givenSocket) read(packet []byte) (int, error) {
	for {
		n, from, err := s.readFrom(packet)
		if err != nil || from.Port() == s.server.Port() && from.Addr().Unmap() == s.server.Addr().Unmap() {
			return n, err
		}
	}
}

func (s *givenSocket) readFrom(packet []byte) (int, netip.AddrPort, error) {
	if s.fast != nil {
		return s.fast.ReadFromUDPAddrPort(packet)
	}
	n, addr, err := s.conn.ReadFrom(packet)
	if u, ok := addr.(*net.UDPAddr); ok {
		return n, u.AddrPort(), err
	}
	return n, netip.AddrPort{}, err
}

func (s *givenSocket) write(packet []byte) (err error) {
	if s.fast != nil {
		_, err = s.fast.WriteToUDPAddrPort(packet, s.server)
	} else {
		_, err = s.conn.WriteTo(packet, s.addr)
	}
	return err
}

func (s *givenSocket) close() { _ = s.conn.Close() }
