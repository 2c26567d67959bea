package udp

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sockaddr has room for the kernel's struct sockaddr_in and sockaddr_in6. It
// translates them from and to netip without allocating.
type sockaddr struct {
	in6 unix.RawSockaddrInet6 // the larger one, which sets size and alignment
}

const sockaddrSize = unix.SizeofSockaddrInet6

// in4 is the same memory as a sockaddr_in.
func (s *sockaddr) in4() *unix.RawSockaddrInet4 {
	return (*unix.RawSockaddrInet4)(unsafe.Pointer(s))
}

// encode writes an address for a socket, which takes IPv6 addresses if six is
// set and maps IPv4 ones into them, and returns how long it is. It is false for
// an address that such a socket cannot send to.
func (s *sockaddr) encode(a netip.AddrPort, six bool) (length uint32, ok bool) {
	ip := a.Addr()
	if !six {
		if !ip.Is4() && !ip.Is4In6() {
			return 0, false
		}
		in4 := s.in4()
		*in4 = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: swapped(a.Port()), Addr: ip.As4()}
		return unix.SizeofSockaddrInet4, true
	}
	if !ip.IsValid() {
		return 0, false
	}
	s.in6 = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: swapped(a.Port()), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		// Names of interfaces are left out: decode gives numbers.
		scope, err := strconv.ParseUint(zone, 10, 32)
		if err != nil {
			return 0, false
		}
		s.in6.Scope_id = uint32(scope)
	}
	return unix.SizeofSockaddrInet6, true
}

// decode reads what the kernel wrote; the zero AddrPort for another family. The
// zone of a link-local address is its interface's number.
func (s *sockaddr) decode() netip.AddrPort {
	switch s.in6.Family {
	case unix.AF_INET:
		in4 := s.in4()
		return netip.AddrPortFrom(netip.AddrFrom4(in4.Addr), swapped(in4.Port))
	case unix.AF_INET6:
		ip := netip.AddrFrom16(s.in6.Addr).Unmap()
		if s.in6.Scope_id != 0 && ip.Is6() {
			ip = ip.WithZone(strconv.FormatUint(uint64(s.in6.Scope_id), 10))
		}
		return netip.AddrPortFrom(ip, swapped(s.in6.Port))
	}
	return netip.AddrPort{}
}

// swapped turns a port from this machine's order of bytes into the network's,
// and back.
func swapped(port uint16) uint16 {
	var b [2]byte
	binary.NativeEndian.PutUint16(b[:], port)
	return binary.BigEndian.Uint16(b[:])
}
