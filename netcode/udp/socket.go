package udp

import (
	"net/netip"
	"sync/atomic"
)

// maxDatagram is the largest UDP payload that is sent or accepted.
const maxDatagram = 1200

// slotSize is the room that a received datagram gets: one byte more than is
// accepted, so that a longer one shows.
const slotSize = maxDatagram + 1

// socketBatch is how many datagrams one system call moves at most.
const socketBatch = 128

// datagram is one UDP payload and the address it came from or goes to. An IPv4
// address is never in its IPv6-mapped form here.
type datagram struct {
	data []byte
	addr netip.AddrPort
}

// socket is one UDP socket: of Linux with many datagrams a system call, or of
// package net. One goroutine at a time reads, any may write, close and count.
type socket interface {
	// read waits until something has come and puts it into batch, at most
	// len(batch) and socketBatch datagrams, at least one. Their data is the
	// socket's own memory, valid and the reader's to change until the next
	// read. Datagrams over maxDatagram are left out and counted. An error means
	// that nothing more will come: net.ErrClosed after close.
	read(batch []datagram) (int, error)

	// write sends all of batch. It does not wait for room in the kernel's
	// queue: what the kernel refuses (queue full, no route, a firewall) is
	// lost as in any network and counted, and the next one is tried. The error
	// is net.ErrClosed after close, else nil.
	write(batch []datagram) error

	localAddr() netip.AddrPort
	counts() socketCounts

	// close ends a read that waits.
	close() error
}

// socketCounts is what a socket did since it was opened.
type socketCounts struct {
	Received   uint64 // datagrams handed out by read
	ReadCalls  uint64 // system calls that brought them
	Oversize   uint64 // datagrams left out because they were over maxDatagram
	Overflowed uint64 // datagrams lost because nobody read them in time (Linux)
	Sent       uint64 // datagrams that the kernel took
	WriteCalls uint64 // system calls that gave them to it
	Refused    uint64 // datagrams that it did not take

	// What the kernel granted, in bytes; 0 where unknown.
	ReceiveBuffer, SendBuffer int
}

// socketCounters are kept by a socket while others read them.
type socketCounters struct {
	received, readCalls, oversize, sent, writeCalls, refused atomic.Uint64
}

func (c *socketCounters) snapshot() socketCounts {
	return socketCounts{
		Received: c.received.Load(), ReadCalls: c.readCalls.Load(), Oversize: c.oversize.Load(),
		Sent: c.sent.Load(), WriteCalls: c.writeCalls.Load(), Refused: c.refused.Load(),
	}
}
