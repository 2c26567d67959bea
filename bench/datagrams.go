//go:build linux

package main

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// headers of every datagram: IPv4 and UDP.
const datagramHeaders = 20 + 8

// datagramLink is a link over UDP.
type datagramLink interface {
	link
	arrived(c *client, d []byte) // d is valid during the call
}

// datagrams is what a client over UDP has of the hub.
type datagrams struct {
	hub    *hub
	index  int
	server unix.RawSockaddrInet4
	bytes  int64 // received, without headers
	wire   traffic
}

func (d *datagrams) to(addr netip.AddrPort) { d.server = sockaddr(addr) }

func (d *datagrams) received() int64  { return d.bytes }
func (d *datagrams) traffic() traffic { return d.wire }
func (d *datagrams) close()           {}

// count notes a datagram that has come.
func (d *datagrams) count(size int) {
	d.bytes += int64(size)
	d.wire.received += int64(size) + datagramHeaders
}

func (d *datagrams) send(m []byte) bool {
	d.wire.sent += int64(len(m)) + datagramHeaders
	d.hub.send(d.index, &d.server, m)
	return true
}

// plainDatagrams is the link of those who speak in datagrams.
type plainDatagrams struct{ datagrams }

func (d *plainDatagrams) open(c *client) error {
	c.talk.opened(c)
	return nil
}

func (d *plainDatagrams) arrived(c *client, m []byte) {
	d.count(len(m))
	c.talk.message(c, m)
}
