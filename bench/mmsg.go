//go:build linux

package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mmsghdr is one datagram of recvmmsg and sendmmsg.
type mmsghdr struct {
	header unix.Msghdr
	size   uint32 // of what was received or sent
}

// inbox is a batch of datagrams to receive into, again and again.
type inbox struct {
	headers []mmsghdr
	froms   []unix.RawSockaddrInet4
	vectors []unix.Iovec
	infos   []pktinfo // nil: nobody asks where datagrams were sent to
	space   []byte
}

func newInbox(batch int) *inbox {
	b := &inbox{
		headers: make([]mmsghdr, batch), froms: make([]unix.RawSockaddrInet4, batch),
		vectors: make([]unix.Iovec, batch), space: make([]byte, batch*maxDatagram),
	}
	for i := range b.headers {
		b.vectors[i].Base = &b.space[i*maxDatagram]
		b.vectors[i].SetLen(maxDatagram)
		h := &b.headers[i].header
		h.Iov, h.Name = &b.vectors[i], (*byte)(unsafe.Pointer(&b.froms[i]))
		h.SetIovlen(1)
	}
	return b
}

// askWhereTo has destination tell datagrams apart.
func (b *inbox) askWhereTo(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1); err != nil {
		return fmt.Errorf("failed to ask where datagrams are sent to: %w", err)
	}
	b.infos = make([]pktinfo, len(b.headers))
	for i := range b.infos {
		b.headers[i].header.Control = (*byte)(unsafe.Pointer(&b.infos[i]))
	}
	return nil
}

// destination is the address that a datagram was sent to.
func (b *inbox) destination(i int) [4]byte { return b.infos[i].info.Addr }

// receive takes what has come, as far as there is place, and does not wait.
func (b *inbox) receive(fd int) int {
	for i := range b.headers {
		h := &b.headers[i].header
		h.Namelen = unix.SizeofSockaddrInet4
		if b.infos != nil {
			h.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
		}
	}
	n, _, err := syscall.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.headers[0])),
		uintptr(len(b.headers)), unix.MSG_DONTWAIT, 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// datagram is one of those that receive has counted, valid until the next.
func (b *inbox) datagram(i int) []byte { return b.space[i*maxDatagram:][:b.headers[i].size] }

// outbox is a batch of datagrams to send, again and again. What its vectors
// name belongs to its owner.
type outbox struct {
	headers []mmsghdr
	vectors []unix.Iovec
	addrs   []unix.RawSockaddrInet4
}

// newOutbox makes place for a batch: add must not move what the kernel is given.
func newOutbox(batch int) *outbox {
	return &outbox{
		headers: make([]mmsghdr, 0, batch), vectors: make([]unix.Iovec, 0, batch), addrs: make([]unix.RawSockaddrInet4, 0, batch),
	}
}

// add appends a datagram for an address.
func (b *outbox) add(data []byte, to *unix.RawSockaddrInet4) {
	b.vectors = append(b.vectors, unix.Iovec{Base: &data[0]})
	b.addrs = append(b.addrs, *to)
	i := len(b.headers)
	b.vectors[i].SetLen(len(data))
	b.headers = append(b.headers, mmsghdr{header: unix.Msghdr{
		Name: (*byte)(unsafe.Pointer(&b.addrs[i])), Namelen: unix.SizeofSockaddrInet4, Iov: &b.vectors[i],
	}})
	b.headers[i].header.SetIovlen(1)
}

// send sends all, in as few calls as the kernel allows, and drops what it
// refuses.
func (b *outbox) send(fd int) {
	for rest := b.headers; len(rest) > 0; {
		n, _, err := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)), 0, 0, 0)
		switch {
		case err == syscall.EINTR:
		case err != 0:
			rest = rest[1:]
		default:
			rest = rest[n:]
		}
	}
	runtime.KeepAlive(b)
}
