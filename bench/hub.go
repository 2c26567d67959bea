//go:build linux

package main

import (
	"errors"

	"golang.org/x/sys/unix"
)

// hubBatch is how many datagrams go into one system call.
const hubBatch = 64

// hub is the socket of all UDP clients of a load. Each client has an address of
// its own, 127.64.0.0 and up, so that a server meets as many addresses as
// players; the load pays one system call for many datagrams. The load loop
// owns it.
type hub struct {
	load    *load
	fd      int
	clients []*client
	in      *inbox
	out     *sourced
	space   []byte
}

// hubNet is the first two bytes of clients' addresses, which end in their
// index.
const (
	hubNet     = 64
	maxClients = 1 << 16
)

func newHub(l *load, clients int) (*hub, error) {
	if clients > maxClients {
		return nil, errors.New("so many clients have no addresses")
	}
	fd, err := listenEverywhere()
	if err != nil {
		return nil, err
	}
	h := &hub{
		load: l, fd: fd, clients: make([]*client, clients), in: newInbox(hubBatch),
		out: newSourced(hubBatch), space: make([]byte, hubBatch*maxDatagram),
	}
	return h, h.in.askWhereTo(fd)
}

// readable hands all that has come to the clients.
func (h *hub) readable() {
	for n := hubBatch; n == hubBatch; {
		n = h.in.receive(h.fd)
		for i := range n {
			to := h.in.destination(i)
			index := int(to[2])<<8 | int(to[3])
			if to[1] != hubNet || index >= len(h.clients) || h.clients[index].dead {
				continue
			}
			c := h.clients[index]
			c.link.(datagramLink).arrived(c, h.in.datagram(i))
		}
	}
}

// send lets a datagram leave with the next flush. data is copied.
func (h *hub) send(index int, to *unix.RawSockaddrInet4, data []byte) {
	if h.out.full() {
		h.flush()
	}
	at := h.space[h.out.count*maxDatagram:]
	h.out.add(at[:copy(at, data)], to, [4]byte{127, hubNet, byte(index >> 8), byte(index)})
}

// flush sends what has been queued.
func (h *hub) flush() {
	if h.out.count > 0 && h.out.send(h.fd) > 0 {
		h.load.fail("the kernel takes no more datagrams")
	}
}
