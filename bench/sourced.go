//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// pktinfo is a control message that says where a datagram comes from, or
// where it was sent to.
type pktinfo struct {
	header unix.Cmsghdr
	info   unix.Inet4Pktinfo
	_      [4]byte // CMSG_ALIGN
}

// sourced is a batch of datagrams that leave from addresses of their own, of
// 127.0.0.0/8, all of which belong to this machine.
type sourced struct {
	headers []mmsghdr
	vectors []unix.Iovec
	sources []pktinfo
	count   int
}

func newSourced(batch int) *sourced {
	b := &sourced{headers: make([]mmsghdr, batch), vectors: make([]unix.Iovec, batch), sources: make([]pktinfo, batch)}
	for i := range b.headers {
		c := &b.sources[i]
		c.header.Level, c.header.Type = unix.IPPROTO_IP, unix.IP_PKTINFO
		c.header.SetLen(unix.CmsgLen(unix.SizeofInet4Pktinfo))
		h := &b.headers[i].header
		h.Namelen, h.Control, h.Iov = unix.SizeofSockaddrInet4, (*byte)(unsafe.Pointer(c)), &b.vectors[i]
		h.SetControllen(unix.CmsgSpace(unix.SizeofInet4Pktinfo))
		h.SetIovlen(1)
	}
	return b
}

func (b *sourced) full() bool { return b.count == len(b.headers) }

// add adds a datagram; data and to are the caller's until it is sent.
func (b *sourced) add(data []byte, to *unix.RawSockaddrInet4, from [4]byte) {
	i := b.count
	b.vectors[i].Base = unsafe.SliceData(data)
	b.vectors[i].SetLen(len(data))
	b.headers[i].header.Name = (*byte)(unsafe.Pointer(to))
	b.sources[i].info.Spec_dst = from
	b.count++
}

// send sends all. What the kernel refuses is lost; refused counts it.
func (b *sourced) send(fd int) (refused int) {
	for rest := b.headers[:b.count]; len(rest) > 0; {
		n, _, err := syscall.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)), 0, 0, 0)
		switch {
		case err == syscall.EINTR:
		case err != 0:
			refused++
			rest = rest[1:]
		default:
			rest = rest[n:]
		}
	}
	b.count = 0
	return refused
}

// listenEverywhere opens a socket at all addresses of the loopback interface,
// and of no other: nothing leaves this machine.
func listenEverywhere() (fd int, err error) {
	if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0); err != nil {
		return 0, fmt.Errorf("failed to make a socket: %w", err)
	}
	if err := unix.BindToDevice(fd, "lo"); err != nil {
		return 0, fmt.Errorf("failed to keep a socket on this machine: %w", err)
	}
	enlarge(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{}); err != nil {
		return 0, fmt.Errorf("failed to bind a socket: %w", err)
	}
	return fd, nil
}

// enlarge gives a socket large buffers.
func enlarge(fd int) {
	for _, opt := range [][2]int{{unix.SO_RCVBUF, unix.SO_RCVBUFFORCE}, {unix.SO_SNDBUF, unix.SO_SNDBUFFORCE}} {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt[0], udpBuffer)
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, opt[1], udpBuffer) // only root may exceed the system's limit
	}
}

// sockaddr is an IPv4 address as the kernel takes it.
func sockaddr(a netip.AddrPort) unix.RawSockaddrInet4 {
	s := unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: a.Addr().As4()}
	binary.BigEndian.PutUint16((*[2]byte)(unsafe.Pointer(&s.Port))[:], a.Port())
	return s
}
