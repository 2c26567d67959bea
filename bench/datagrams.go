//go:build linux

package main

import (
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// headers of every datagram: IPv4 and UDP.
const datagramHeaders = 20 + 8

// datagrams is a connected UDP socket: each client has its own, so that a
// server meets as many addresses as players. What a talker is handed is one
// datagram.
type datagrams struct {
	addr  netip.AddrPort
	fd    int
	bytes int64 // received, without headers
	wire  traffic
}

func (d *datagrams) open(*client) error { return d.connect() }

func (d *datagrams) connect() (err error) {
	if d.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK, 0); err != nil {
		return fmt.Errorf("failed to make a socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: int(d.addr.Port()), Addr: d.addr.Addr().As4()}
	if err := unix.Connect(d.fd, to); err != nil {
		return fmt.Errorf("failed to connect to %s: %w", d.addr, err)
	}
	return nil
}

func (d *datagrams) descriptor() int  { return d.fd }
func (d *datagrams) received() int64  { return d.bytes }
func (d *datagrams) traffic() traffic { return d.wire }

// readable hands a datagram to the talker.
func (d *datagrams) readable(c *client) {
	if m, ok := d.read(c); ok {
		c.talk.message(c, m)
	}
}

// read reads one datagram: seldom are there two.
func (d *datagrams) read(c *client) ([]byte, bool) {
	n, err := rawRead(d.fd, c.load.buf)
	switch {
	case err == again:
		return nil, false
	case err != 0:
		c.die("the server is not there any more: " + err.Error())
		return nil, false
	}
	d.bytes += int64(n)
	d.wire.received += int64(n) + datagramHeaders
	return c.load.buf[:n], true
}

func (d *datagrams) send(m []byte) bool {
	n, err := rawWrite(d.fd, m)
	d.wire.sent += int64(n) + datagramHeaders
	return err == 0 && n == len(m)
}
