package netsim

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// PacketConn is a connection of a Network, used as a *net.UDPConn is: any
// goroutine may call its methods. Packets beyond 2,048 unread ones are dropped.
type PacketConn struct {
	network *Network
	packets chan received
	read    *deadline
	closing sync.Once
	closed  chan struct{}

	addr    netip.AddrPort // guarded by network.mu
	blocked bool           // guarded by network.mu
}

var _ net.PacketConn = (*PacketConn)(nil)

// received is a packet that waits to be read.
type received struct {
	data []byte
	from netip.AddrPort
}

func newPacketConn(n *Network) *PacketConn {
	return &PacketConn{
		network: n, packets: make(chan received, maxWaiting),
		read: newDeadline(), closed: make(chan struct{}),
	}
}

// ReadFromUDPAddrPort is ReadFrom without an address to allocate. As on a
// socket, what does not fit in p is lost.
func (c *PacketConn) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	passed := c.read.wait()
	select {
	case <-c.closed:
		return 0, netip.AddrPort{}, c.failed("read", net.ErrClosed)
	case <-passed:
		return 0, netip.AddrPort{}, c.failed("read", os.ErrDeadlineExceeded)
	default:
	}
	select {
	case r := <-c.packets:
		return copy(p, r.data), r.from, nil
	case <-c.closed:
		return 0, netip.AddrPort{}, c.failed("read", net.ErrClosed)
	case <-passed:
		return 0, netip.AddrPort{}, c.failed("read", os.ErrDeadlineExceeded)
	}
}

// ReadFrom reads one packet; addr is a *net.UDPAddr.
func (c *PacketConn) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromUDPAddrPort(p)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToUDPAddrPort sends one packet. It never waits.
func (c *PacketConn) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if len(p) > maxPacket {
		return 0, c.failed("write", fmt.Errorf("%d bytes are too long for a packet", len(p)))
	}
	select {
	case <-c.closed:
		return 0, c.failed("write", net.ErrClosed)
	default:
	}
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	if !c.blocked {
		c.network.send(c.addr, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), p)
	}
	return len(p), nil
}

// WriteTo sends one packet to a *net.UDPAddr.
func (c *PacketConn) WriteTo(p []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, c.failed("write", fmt.Errorf("%T is no *net.UDPAddr", addr))
	}
	return c.WriteToUDPAddrPort(p, to.AddrPort())
}

// Rebind moves the connection to another address, as when a NAT forgets it or a
// phone leaves the Wi-Fi: what is under way to the old address is lost. Port 0
// takes a free one.
func (c *PacketConn) Rebind(addr string) error {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("failed to move in the simulated network: %w", err)
	}
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return c.network.bind(c, at)
}

// Block cuts the connection's line: nothing leaves, nothing arrives.
func (c *PacketConn) Block() { c.block(true) }

// Unblock mends it.
func (c *PacketConn) Unblock() { c.block(false) }

func (c *PacketConn) block(blocked bool) {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	c.blocked = blocked
}

// AddrPort is the connection's address now.
func (c *PacketConn) AddrPort() netip.AddrPort {
	c.network.mu.Lock()
	defer c.network.mu.Unlock()
	return c.addr
}

// LocalAddr is AddrPort as a *net.UDPAddr.
func (c *PacketConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.AddrPort()) }

// SetReadDeadline also ends a ReadFrom that waits.
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	c.read.set(t)
	return nil
}

// SetWriteDeadline does nothing: no write waits.
func (c *PacketConn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline is SetReadDeadline.
func (c *PacketConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Close ends the connection and every ReadFrom. Its address is free again.
func (c *PacketConn) Close() error {
	err := error(c.failed("close", net.ErrClosed))
	c.closing.Do(func() {
		close(c.closed)
		c.network.mu.Lock()
		defer c.network.mu.Unlock()
		delete(c.network.conns, c.addr)
		err = nil
	})
	return err
}

// queue takes a packet that has arrived; network.mu is held.
func (c *PacketConn) queue(r received) {
	select {
	case c.packets <- r:
	default:
	}
}

func (c *PacketConn) failed(op string, err error) *net.OpError {
	return &net.OpError{Op: op, Net: "udp", Addr: c.LocalAddr(), Err: err}
}
